"""The loader on Snowflake's stand-in: once, whole or not at all, whatever is killed, withdrawn or dropped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ingestion.zone import Zone
from tests.convergence.engine import Batch
from tests.engines import aws
from tests.engines import snowflake as stand_in
from tests.engines.base import CHECKOUT, Engine, stopped_at_end
from tests.engines.running import Dbt, land, s3, upload

pytestmark = pytest.mark.slow

AT = datetime.fromisoformat("2026-03-01 10:00:00.000001")
SONGS = tuple({"track_id": f"t{n}", "track_genre": "pop", "popularity": n} for n in range(3))
REVENUE = ({"channel_id": "CH1", "revenue_date": AT.date(), "ad_revenue": Decimal("12.3400")},)
FIRST = Batch("first", "songs", AT, SONGS)
OTHERS = (Batch("second", "ad_revenue", AT, REVENUE), Batch("third", "songs", AT, SONGS[:1]))
RAW = "media.media_dev_raw"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("engines")
    with (
        stopped_at_end(aws.start(folder / "aws")) as storage,
        stopped_at_end(stand_in.start(folder / "snowflake", storage.environment)) as engine,
    ):
        engine.environment.update({**storage.environment, **engine.environment})
        yield engine


@pytest.fixture(scope="module")
def parsed(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    return Dbt("snowflake", engine.environment, tmp_path_factory.mktemp("dbt"))


@pytest.fixture
def dbt(parsed: Dbt, request: pytest.FixtureRequest) -> Dbt:
    """dbt with a zone of the test's own and no raw schema."""
    name = "".join(c if c.isalnum() else "_" for c in request.node.name)
    parsed.environment["MEDIA_RAW"] = f"s3://{aws.BUCKET}/{name}"
    with stand_in.connect_to(parsed.environment) as connection:
        connection.cursor().execute(f"drop schema if exists {RAW} cascade")
    return parsed


def load(dbt: Dbt, **environment: str) -> str:
    return dbt.try_to("run-operation", "load_raw", **environment)


def query(dbt: Dbt, *statements: str) -> list[tuple[Any, ...]]:
    with stand_in.connect_to(dbt.environment) as connection:
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall())


def state(dbt: Dbt) -> dict[str, list[tuple[Any, ...]]]:
    """Rows by batch of the ledger and of two inputs."""
    queries = {
        "ledger": f"select batch_id, rows_accepted from {RAW}.batch order by batch_id",
        "songs": f"select batch_id, count(*) from {RAW}.songs group by batch_id order by batch_id",
        "ad_revenue": f"select batch_id, count(*) from {RAW}.ad_revenue group by batch_id order by batch_id",
    }
    return {name: query(dbt, sql) for name, sql in queries.items()}


WHOLE = {
    "ledger": [("first", 3), ("second", 1), ("third", 1)],
    "songs": [("first", 3), ("third", 1)],
    "ad_revenue": [("second", 1)],
}


def test_batches_are_loaded_once_with_types_and_nothing_else(dbt: Dbt, tmp_path: Path) -> None:
    land(tmp_path, [FIRST, *OTHERS], dbt.environment)
    s3(dbt.environment).copy_object(  # a file that no manifest names
        Bucket=aws.BUCKET,
        Key=f"{Path(dbt.environment['MEDIA_RAW']).name}/raw/songs/arrival_date=2026-03-01/leftover-0.parquet",
        CopySource=f"{aws.BUCKET}/{Path(dbt.environment['MEDIA_RAW']).name}/{file_of('first', tmp_path)}",
    )
    for _ in range(2):
        assert load(dbt) == ""
        assert state(dbt) == WHOLE
    assert query(
        dbt, f"select channel_id, revenue_date, ad_revenue, arrived_at, arrival_date from {RAW}.ad_revenue"
    ) == [("CH1", AT.date(), Decimal("12.3400"), AT, AT.date())]
    for node in dbt.manifest.sources.values():
        described = [row[0].lower() for row in query(dbt, f"describe view {RAW}.{node.name}")]
        assert described == list(node.columns), node.name
    assert query(dbt, f"select count(*) from {RAW}.viewership_logs") == [(0,)]


def file_of(batch_id: str, folder: Path) -> str:
    (manifest,) = [one for one in Zone(folder).manifests() if one.batch_id == batch_id]
    return manifest.files[0]


def test_a_column_newer_than_a_file_is_null(dbt: Dbt, tmp_path: Path) -> None:
    land(tmp_path, [FIRST], dbt.environment)
    without_column(tmp_path, "popularity")
    upload(tmp_path, dbt.environment)
    assert load(dbt) == ""
    assert query(dbt, f"select track_id, popularity from {RAW}.songs order by track_id") == [
        ("t0", None), ("t1", None), ("t2", None)
    ]  # fmt: skip
    query(dbt, f"alter table {RAW}.songs_row drop column popularity")  # as before the contract had it
    land(tmp_path, [OTHERS[1]], dbt.environment)
    assert load(dbt) == ""
    assert query(dbt, f"select batch_id, popularity from {RAW}.songs where track_id = 't0' order by batch_id") == [
        ("first", None), ("third", 0)
    ]  # fmt: skip


def without_column(folder: Path, column: str) -> None:
    """Make the one batch in the zone look like that of an older contract."""
    (path,) = (folder / "processing-metadata").rglob("*.json")
    manifest = json.loads(path.read_text())
    manifest["columns"].remove(column)
    path.write_text(json.dumps(manifest, separators=(",", ":")) + "\n")
    file = folder / manifest["files"][0]
    pq.write_table(pq.read_table(file).drop_columns([column]), file)


def test_a_withdrawn_batch_is_taken_out(dbt: Dbt, tmp_path: Path) -> None:
    land(tmp_path, [FIRST, *OTHERS], dbt.environment)
    assert load(dbt) == ""
    withdraw(dbt, "songs", "first")
    assert load(dbt) == ""
    assert state(dbt) == {
        "ledger": [("second", 1), ("third", 1)], "songs": [("third", 1)], "ad_revenue": [("second", 1)]
    }  # fmt: skip


def withdraw(dbt: Dbt, name: str, batch_id: str) -> None:
    """Move a manifest as `media withdraw` does."""
    folder = f"{Path(dbt.environment['MEDIA_RAW']).name}/processing-metadata/{name}"
    client = s3(dbt.environment)
    client.copy_object(
        Bucket=aws.BUCKET,
        Key=f"{folder}/withdrawn/{batch_id}.json",
        CopySource=f"{aws.BUCKET}/{folder}/{batch_id}.json",
    )
    client.delete_object(Bucket=aws.BUCKET, Key=f"{folder}/{batch_id}.json")


def test_an_address_without_batches_changes_nothing(dbt: Dbt, tmp_path: Path) -> None:
    land(tmp_path, [FIRST], dbt.environment)
    assert load(dbt) == ""
    wrong = f"s3://{aws.BUCKET}/misspelt"
    assert f"No manifest lies under {wrong}/processing-metadata/" in load(dbt, MEDIA_RAW=wrong)
    assert load(dbt) == ""
    assert state(dbt)["songs"] == [("first", 3)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"MEDIA_RAW": "/data/zone"}, "MEDIA_RAW=/data/zone: Snowflake loads raw from S3"),
        ({"MEDIA_RAW": "s3://no-such-bucket/zone"}, "The specified bucket does not exist"),
        ({"SNOWFLAKE_STAGE": "media.public.nowhere"}, "Stage 'MEDIA.PUBLIC.NOWHERE' does not exist or not authorized"),
        ({"SNOWFLAKE_PASSWORD": "wrong"}, "Incorrect username or password"),
    ],
)
def test_a_wrong_setting_is_named(dbt: Dbt, settings: dict[str, str], message: str) -> None:
    assert message in load(dbt, **settings)


@pytest.mark.parametrize("dropped", ["alter table {}.songs_row drop column popularity", "drop table {}.songs_row"])
def test_what_somebody_dropped_is_loaded_anew(dbt: Dbt, tmp_path: Path, dropped: str) -> None:
    land(tmp_path, [FIRST, *OTHERS], dbt.environment)
    assert load(dbt) == ""
    query(dbt, dropped.format(RAW))
    assert load(dbt) == ""
    assert state(dbt) == WHOLE
    assert query(dbt, f"select sum(popularity) from {RAW}.songs") == [(3,)]


@pytest.mark.parametrize("text", ["copy into media.media_dev_raw.manifest", "songs_row from @", "commit"])
def test_a_killed_load_neither_loses_nor_doubles(dbt: Dbt, tmp_path: Path, text: str) -> None:
    land(tmp_path, [FIRST], dbt.environment)
    assert load(dbt) == ""
    land(tmp_path, OTHERS, dbt.environment)
    killed = subprocess.run(
        dbt.command("run-operation", "load_raw", module="tests.engines.snowflake.dying"), cwd=CHECKOUT, check=False,
        env={**os.environ, **dbt.environment, "DIE_BEFORE": text}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    assert state(dbt)["ledger"] == [("first", 3)]  # what was not committed nobody sees
    started = time.monotonic()
    assert load(dbt) == ""
    assert state(dbt) == WHOLE
    assert time.monotonic() - started < 60


def test_two_loads_at_once_copy_a_file_once(dbt: Dbt, tmp_path: Path) -> None:
    land(tmp_path, [FIRST, *OTHERS], dbt.environment)
    assert load(dbt, MEDIA_RAW=f"s3://{aws.BUCKET}/nothing-yet") == ""  # so that both find the tables
    command = dbt.command("run-operation", "load_raw")
    both = [subprocess.Popen(command, cwd=CHECKOUT, env={**os.environ, **dbt.environment}) for _ in range(2)]
    assert [one.wait(120) for one in both] == [0, 0]
    assert state(dbt) == WHOLE
