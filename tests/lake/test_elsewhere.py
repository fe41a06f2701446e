"""Tables in a bucket, and a catalogue that runs elsewhere: by settings alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ingestion.lake import maintain as upkeep
from ingestion.lake.connection import serve
from ingestion.settings import Settings, load_settings
from ingestion.warehouse import connected
from tests.engines import aws
from tests.engines.base import stopped_at_end
from tests.lake.snippets import snippets

STATEMENTS = (
    "create schema lake.kpi",
    "create table lake.kpi.kpi_channel_daily as select date '2026-01-05' as event_date, 'One' as channel_name,"
    " i as plays from range(5) as r (i)",
    "begin; delete from lake.kpi.kpi_channel_daily where plays = 4; insert into lake.kpi.kpi_channel_daily values"
    " (date '2026-01-06', 'Two', 9); commit",
)
ROWS = [(0, "One"), (1, "One"), (2, "One"), (3, "One"), (9, "Two")]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Variables that lead to S3 on loopback."""
    with stopped_at_end(aws.start(tmp_path_factory.mktemp("aws"))) as running:
        yield running.environment


def write_and_read(settings: Settings) -> None:
    with connected(settings, read_only=False) as connection:
        for statement in STATEMENTS:
            connection.execute(statement)
        assert (
            connection.execute("select plays, channel_name from lake.kpi.kpi_channel_daily order by 1").fetchall()
            == ROWS
        )
        if not settings.lake_endpoint:
            without = f"iceberg_scan('{settings.lake_warehouse}/kpi/kpi_channel_daily')"
            assert connection.execute(f"select plays, channel_name from {without} order by 1").fetchall() == ROWS


def test_tables_in_a_bucket(bucket: dict[str, str], media_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in bucket.items():
        monkeypatch.setenv(name, value)
    home = {"MEDIA_HOME": str(media_home), "MEDIA_LAKE_WAREHOUSE": f"s3://{aws.BUCKET}/lake", "MEDIA_TARGET": "lake"}
    settings = load_settings(home)
    settings.lake.mkdir(parents=True)
    write_and_read(settings)
    assert len(list(upkeep.files_below(settings.lake_warehouse))) > 6
    server = serve(settings)
    catalog = upkeep.open_catalog(settings, server.endpoint, server.token)
    done = upkeep.maintain(catalog, settings, upkeep.Policy(timedelta(0), timedelta(0)))
    assert sum(outcome.files_removed for outcome in done) > 4
    assert catalog.load_table("kpi.kpi_channel_daily").scan().to_arrow().num_rows == len(ROWS)
    server.close()
    assert list((settings.lake).glob("tables")) == []


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Settings]:
    """`media catalog` in a process of its own, with a home of its own, as somebody else's catalogue."""
    (tmp_path / "theirs" / "lake").mkdir(parents=True)
    environment = {**os.environ, "MEDIA_HOME": str(tmp_path / "theirs"), "MEDIA_LAKE_TOKEN": "known to both"}
    command = [str(Path(sys.executable).with_name("media")), "catalog", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        endpoint = process.stdout.readline().removeprefix("catalogue: ").strip()
        settings = {
            "MEDIA_HOME": str(tmp_path / "ours"),
            "MEDIA_TARGET": "lake",
            "MEDIA_LAKE_ENDPOINT": endpoint,
            "MEDIA_LAKE_WAREHOUSE": "theirs",
            "MEDIA_LAKE_TOKEN": "known to both",
        }
        yield load_settings(settings)
        process.terminate()


def test_another_catalogue_takes_the_place_of_ours(elsewhere: Settings, tmp_path: Path) -> None:
    elsewhere.lake.mkdir(parents=True)
    write_and_read(elsewhere)
    assert not (elsewhere.lake / "catalog.sqlite").exists()
    assert list((tmp_path / "theirs").rglob("*.parquet"))
    catalog = upkeep.open_catalog(elsewhere, elsewhere.lake_endpoint, elsewhere.lake_token)
    catalog.create_namespace("somebody_elses")
    assert upkeep.table_names(catalog, elsewhere) == [("kpi", "kpi_channel_daily")]
    done = upkeep.maintain(catalog, elsewhere, upkeep.Policy(timedelta(0), timedelta(0)))
    assert done[0].files_removed > 4


def test_snippet_of_the_docs_reads_with_pyiceberg(media_home: Path) -> None:
    settings = load_settings({"MEDIA_HOME": str(media_home), "MEDIA_TARGET": "lake"})
    settings.lake.mkdir(parents=True)
    write_and_read(settings)
    job = snippets()["pyiceberg"] + "\nprint(sorted(rows['plays'].to_pylist()))"
    environment = {**os.environ, "MEDIA_HOME": str(media_home)}
    done = subprocess.run([sys.executable, "-c", job], env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[1, 2, 3, 9]", done.stderr
