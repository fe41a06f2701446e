"""media maintain: the same rows in fewer files, no more of them than the snapshots need, and no erased row in any."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from ingestion.cli import app
from ingestion.lake import maintain as upkeep
from ingestion.lake.connection import serve
from ingestion.lake.files import local_path
from ingestion.lake.rewrite import SMALL_FILES
from ingestion.settings import Settings
from ingestion.warehouse import connected

EVERYTHING = upkeep.Policy(timedelta(0), timedelta(0))
SUM = "select count(*), sum(id), max(name) from lake.marts.t"


def run(settings: Settings, policy: upkeep.Policy = EVERYTHING) -> dict[str, upkeep.Outcome]:
    server = serve(settings)
    try:
        catalog = upkeep.open_catalog(settings, server.endpoint, server.token)
        return {outcome.table: outcome for outcome in upkeep.maintain(catalog, settings, policy)}
    finally:
        server.close()


def files(settings: Settings) -> list[Path]:
    return [path for path in local_path(settings.lake_warehouse).rglob("*") if path.is_file()]


def data_files(settings: Settings) -> list[Path]:
    return [path for path in files(settings) if path.parent.name == "data"]


@pytest.fixture
def table(connection: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """Ten commits of a hundred rows; the rows of one person are deleted afterwards."""
    connection.execute("create table lake.marts.t (id bigint, name varchar, added_at timestamp, amount decimal(18, 4))")
    for number in range(10):
        connection.execute(
            "insert into lake.marts.t select i, case when i % 7 = 0 then 'erase me' else 'keep' end,"
            " timestamp '2026-01-01 00:00:00.123456', 1.5 from range(?, ?) as r (i)",
            [number * 100, number * 100 + 100],
        )
    connection.execute("delete from lake.marts.t where name = 'erase me'")
    yield connection


def test_small_files_and_deletions_become_one_file_with_the_same_rows(
    settings: Settings, table: duckdb.DuckDBPyConnection
) -> None:
    before = table.execute(SUM).fetchall()
    done = run(settings)["marts.t"]
    assert done.files_rewritten == 10
    assert len(data_files(settings)) == 1
    assert table.execute(SUM).fetchall() == before
    types = table.execute("select distinct added_at, amount, typeof(amount) from lake.marts.t").fetchall()
    assert [str(value) for value in types[0]] == ["2026-01-01 00:00:00.123456", "1.5000", "DECIMAL(18,4)"]
    assert run(settings)["marts.t"] == upkeep.Outcome("marts.t"), "a second time there is nothing to do"


def test_no_file_holds_an_erased_row(settings: Settings, table: duckdb.DuckDBPyConnection) -> None:
    assert found(settings, "erase me"), "else the test shows nothing"
    run(settings)
    assert found(settings, "keep")
    assert found(settings, "erase me") == []


def found(settings: Settings, text: str) -> list[Path]:
    """Files that hold a text: by their bytes, and by the values of Parquet files, which are compressed."""
    holders = [path for path in files(settings) if text.encode() in path.read_bytes()]
    with duckdb.connect() as plain:
        for path in data_files(settings):
            names = [column[0] for column in plain.execute(f"describe from read_parquet('{path}')").fetchall()]
            if "name" in names:
                query = f"select count(*) from read_parquet('{path}') where name = ?"
                holders += [path] * (plain.execute(query, [text]).fetchall()[0][0] > 0)
    return holders


def test_young_snapshots_and_their_files_stay(settings: Settings, table: duckdb.DuckDBPyConnection) -> None:
    before = len(data_files(settings))
    done = run(settings, upkeep.Policy(timedelta(days=7), timedelta(0)))["marts.t"]
    assert (done.snapshots_expired, done.files_removed) == (0, 0)
    assert len(data_files(settings)) == before + 1
    oldest = table.execute("select min(sequence_number) from iceberg_snapshots(lake.marts.t)").fetchall()
    assert oldest == [(1,)]


def test_a_large_table_with_few_small_files_is_left_alone(
    settings: Settings, connection: duckdb.DuckDBPyConnection
) -> None:
    connection.execute("create table lake.marts.t (id bigint, name varchar)")
    for number in range(SMALL_FILES):
        connection.execute("insert into lake.marts.t values (?, 'keep')", [number])
    assert run(settings)["marts.t"].files_rewritten == 0


def test_files_with_deletions_are_written_anew_and_others_kept(
    settings: Settings, connection: duckdb.DuckDBPyConnection
) -> None:
    connection.execute("create table lake.marts.t as select 1::bigint as id, 'keep' as name")
    (kept,) = data_files(settings)
    connection.execute("insert into lake.marts.t select i, 'keep' from range(2, 9) as r (i)")
    connection.execute("delete from lake.marts.t where id = 5")
    assert run(settings)["marts.t"].files_rewritten == 1
    assert kept in data_files(settings)
    assert len(data_files(settings)) == 2
    assert connection.execute(SUM).fetchall() == [(7, 31, "keep")]
    connection.execute("delete from lake.marts.t")
    assert run(settings)["marts.t"].files_rewritten == 2
    assert data_files(settings) == []
    assert connection.execute(SUM).fetchall() == [(0, None, None)]
    connection.execute("insert into lake.marts.t values (1, 'again')")
    assert connection.execute(SUM).fetchall() == [(1, 1, "again")]


def test_orphans_go_when_they_are_old_enough(settings: Settings, table: duckdb.DuckDBPyConnection) -> None:
    stray = local_path(settings.lake_warehouse) / "marts" / "t" / "data" / "of_a_killed_build.parquet"
    stray.write_bytes(b"x" * 10)
    table.execute("create table lake.marts.gone as select 1 as a; drop table lake.marts.gone")
    assert run(settings, upkeep.Policy(timedelta(days=7), timedelta(hours=1)))["(no table's)"].files_removed == 0
    done = run(settings, upkeep.Policy(timedelta(days=7), timedelta(0)))["(no table's)"]
    assert not stray.exists()
    assert done.files_removed == 6, "the stray, and of the dropped table data, manifest, its list, metadata and hint"
    assert table.execute("select count(*) from lake.marts.t").fetchall() == [(857,)]


def test_files_under_another_spelling_of_their_address_are_no_orphans(
    settings: Settings, table: duckdb.DuckDBPyConnection
) -> None:
    """Spark writes file:/ for file:///; what it wrote must not be taken for nobody's."""
    with sqlite3.connect(settings.lake / "catalog.sqlite") as other:
        other.execute("update iceberg_tables set metadata_location = replace(metadata_location, 'file:///', 'file:/')")
    other.close()
    before = table.execute(SUM).fetchall()
    run(settings)
    assert table.execute(SUM).fetchall() == before
    assert run(settings)["(no table's)"].files_removed == 0


def test_a_dry_run_changes_nothing(settings: Settings, table: duckdb.DuckDBPyConnection) -> None:
    before = {path: path.read_bytes() for path in files(settings)}
    done = run(settings, upkeep.Policy(timedelta(0), timedelta(0), dry_run=True))
    assert done["marts.t"].files_rewritten == 10
    assert done["marts.t"].snapshots_expired == 10
    assert {path: path.read_bytes() for path in files(settings)} == before


def test_a_writer_in_between_is_not_overwritten(
    settings: Settings, table: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = upkeep.rewrite

    def overtaken(*args: object) -> None:
        table.execute("insert into lake.marts.t values (5000, 'theirs', null, null)")
        original(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(upkeep, "rewrite", overtaken)
    assert "somebody wrote to it" in run(settings)["marts.t"].note
    assert table.execute(SUM).fetchall()[0][2] == "theirs"


def test_command_waits_for_no_build_and_reports(
    settings: Settings, table: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIA_TARGET", "lake")
    table.close()
    shown = CliRunner().invoke(app, ["maintain", "--dry-run", "--json"])
    assert shown.exit_code == 0, shown.output
    tables = {one["table"]: one for one in json.loads(shown.stdout)["tables"]}
    assert tables["marts.t"]["files_rewritten"] == 10
    with connected(settings, read_only=False) as reader:
        assert reader.execute("select count(*) from marts.t").fetchall() == [(857,)]
