"""dbt on the local Redshift: the loader and its faults, builds and theirs, all against DuckDB's answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from ingestion.zone import Zone
from tests.convergence import engine as embedded
from tests.convergence.engine import Batch, differences, write_batch
from tests.convergence.history import DAY0, history
from tests.engines import aws, redshift
from tests.engines.base import stopped_at_end
from tests.engines.redshift.warehouse import Warehouse
from tests.engines.running import BESIDE_RAW

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
LOAD = ("run-operation", "load_raw")
UNTESTED = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("redshift_build")


@pytest.fixture(scope="module")
def warehouse(folder: Path) -> Iterator[Warehouse]:
    """S3 and Redshift, and dbt parsed for them."""
    with (
        stopped_at_end(aws.start(folder / "aws")) as s3,
        stopped_at_end(redshift.start(folder, s3.environment)) as engine,
    ):
        yield Warehouse(s3.environment | engine.environment, folder)


@pytest.fixture
def zone(warehouse: Warehouse, tmp_path: Path) -> Zone:
    """An empty zone, to be mirrored to S3, and a warehouse without anything loaded."""
    warehouse.query("drop schema if exists media_dev_raw cascade")
    root = tmp_path / "zone"
    root.mkdir()
    return Zone(root)


def streams(name: str, *tracks: str, days: int = 1) -> Batch:
    """A batch of listens, one for each track."""
    at = DAY0 + timedelta(hours=1)
    rows = tuple({"user_id": "1", "track_id": track, "listened_at": at, "listened_ms": 5} for track in tracks)
    return Batch(name, "streams", DAY0 + timedelta(days=days), rows)


def land(warehouse: Warehouse, zone: Zone, *batches: Batch) -> None:
    for batch in batches:
        write_batch(zone, batch)
    warehouse.mirror(Path(zone.root))


def tracks(warehouse: Warehouse) -> list[str]:
    return [row[0] for row in warehouse.query("select track_id from media_dev_raw.streams order by 1")]


def ledger(warehouse: Warehouse) -> list[str]:
    return [row[0] for row in warehouse.query("select batch_id from media_dev_raw.batch order by 1")]


def test_each_batch_is_loaded_once_and_leftovers_never(warehouse: Warehouse, zone: Zone) -> None:
    land(warehouse, zone, streams("a", "t1", "t2"))
    leftover = next(Path(zone.root).rglob("a-0.parquet")).with_name("a-1.parquet")
    leftover.write_bytes(b"half a fi")
    for batches in ([], [streams("b", "t3")], []):
        land(warehouse, zone, *batches)
        warehouse.dbt(*LOAD)
    assert tracks(warehouse) == ["t1", "t2", "t3"]
    columns = "batch_id, input, arrived_at, rows_read, rows_accepted, mapping, replay_of"
    [first, _] = warehouse.query(f"select {columns}, files, columns from media_dev_raw.manifest order by 1")
    assert first[:7] == ("a", "streams", DAY0 + timedelta(days=1), 2, 2, None, None)
    assert json.loads(first[7]) == ["raw/streams/arrival_date=2026-03-02/a-0.parquet"]
    assert json.loads(first[8]) == ["user_id", "track_id", "listened_at", "listened_ms"]
    dates = warehouse.query("select distinct arrived_at, arrival_date from media_dev_raw.streams")
    assert dates == [(DAY0 + timedelta(days=1), (DAY0 + timedelta(days=1)).date())]
    # an input that never arrived is there, with its columns and without rows
    assert warehouse.query('select title_id, "arrival_date" from media_dev_raw.titles') == []


def test_a_column_newer_than_a_file_reads_as_null(warehouse: Warehouse, zone: Zone) -> None:
    """Both ways: a file older than the column, and a table older than the contract."""
    write_batch(zone, streams("old", "t1"))
    file = next(Path(zone.root).rglob("old-0.parquet"))
    pq.write_table(pq.read_table(file).drop_columns(["listened_ms"]), file)
    manifest = next(Path(zone.root).rglob("old.json"))
    manifest.write_text(manifest.read_text().replace(',"listened_ms"]', "]"), encoding="utf-8")
    land(warehouse, zone)
    warehouse.dbt(*LOAD)
    warehouse.query("alter table media_dev_raw.streams drop column listened_ms")
    land(warehouse, zone, streams("new", "t2"))
    warehouse.dbt(*LOAD)
    assert warehouse.query("select track_id, listened_ms from media_dev_raw.streams order by 1") == [
        ("t1", None),
        ("t2", 5),
    ]


def test_a_load_killed_between_copy_and_commit_neither_loses_nor_doubles(warehouse: Warehouse, zone: Zone) -> None:
    land(warehouse, zone, streams("a", "t1"))
    warehouse.dbt(*LOAD)
    land(warehouse, zone, streams("b", "t2"))
    with warehouse.locked("media_dev_raw.streams"), warehouse.apart(*LOAD) as load:
        warehouse.wait_for_lock()  # its file is copied, its rows wait for the table
        load.kill()
        load.wait()
    assert (tracks(warehouse), ledger(warehouse)) == (["t1"], ["a"])
    warehouse.dbt(*LOAD)
    assert (tracks(warehouse), ledger(warehouse)) == (["t1", "t2"], ["a", "b"])


def test_a_withdrawn_batch_goes_and_comes_back_under_another_id(warehouse: Warehouse, zone: Zone) -> None:
    land(warehouse, zone, streams("a", "t1"), streams("b", "t2"))
    warehouse.dbt(*LOAD)
    zone.withdraw("a")
    land(warehouse, zone)
    warehouse.dbt(*LOAD)
    assert (tracks(warehouse), ledger(warehouse)) == (["t2"], ["b"])
    land(warehouse, zone, streams("a2", "t1"))
    warehouse.dbt(*LOAD)
    assert ledger(warehouse) == ["a2", "b"]


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ("drop table media_dev_raw.streams", "user_id, track_id, listened_at, listened_ms"),
        ("alter table media_dev_raw.streams drop track_id", "track_id"),
    ],
)
def test_a_table_that_somebody_changed_is_an_error_with_its_remedy(
    warehouse: Warehouse, zone: Zone, change: str, lost: str
) -> None:
    land(warehouse, zone, streams("a", "t1"))
    warehouse.dbt(*LOAD)
    warehouse.query(change)
    said = warehouse.dbt.try_to(*LOAD)
    assert f"has lost {lost}, which batch a was loaded with" in said
    warehouse.query("drop table if exists media_dev_raw.streams")
    warehouse.query(said.split("run: ")[1].split("\n")[0])
    warehouse.dbt(*LOAD)
    assert (tracks(warehouse), ledger(warehouse)) == (["t1"], ["a"])


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"MEDIA_RAW": "/somewhere"}, "set MEDIA_RAW=s3://bucket/prefix"),
        ({"MEDIA_RAW": "s3://nobodys-bucket/zone"}, "The specified bucket does not exist"),
        ({"REDSHIFT_COPY_ROLE": "arn:aws:iam::1:role/other"}, "not authorized to assume IAM Role arn:aws"),
        ({"REDSHIFT_PASSWORD": "wrong"}, "password authentication failed for user"),
    ],
)  # fmt: skip
def test_wrong_settings_are_named(warehouse: Warehouse, zone: Zone, settings: dict[str, str], error: str) -> None:
    land(warehouse, zone, streams("a", "t1"))
    assert error in warehouse.dbt.try_to(*LOAD, **settings)


# --- builds, in the order of a history: each test goes on from where the last one left off ---------------------------


class Expected(embedded.Warehouse):
    """DuckDB's answer to the same zone."""

    def reset(self) -> None:
        """Nothing is built before anything has landed."""
        Path(self.zone.root).mkdir(parents=True)


@pytest.fixture(scope="module")
def expected(folder: Path) -> Expected:
    return Expected(folder / "expected")


@pytest.fixture(scope="module")
def arrivals() -> list[list[Batch]]:
    batches = history(seed=11, size=40)
    third = len(batches) // 3
    return [batches[:third], batches[third : 2 * third], batches[2 * third :]]


def results(warehouse: Warehouse, like: dict[str, Any], prefix: str = "media_dev") -> dict[str, list[tuple[Any, ...]]]:
    """The rows of the same tables and columns, in DuckDB's order."""
    listed = warehouse.query(
        "select table_schema, table_name, column_name from information_schema.columns order by ordinal_position"
    )
    found = {}
    for name in like:
        schema, table = name.split(".")
        columns = [c for s, t, c in listed if (s, t) == (f"{prefix}_{schema}", table) and not c.startswith("_")]
        quoted = ", ".join(f'"{column}"' for column in columns)
        rows = warehouse.query(f"select {quoted} from {prefix}_{schema}.{table}")
        found[name] = sorted(rows, key=lambda row: [(value is None, value) for value in row])
    return found


def compare(warehouse: Warehouse, expected: Expected) -> None:
    want = {
        name: sorted(rows, key=lambda row: [(value is None, value) for value in row])
        for name, rows in expected.results().items()
    }
    assert len(want) > 15
    assert differences(results(warehouse, want), want) == []


def arrive(warehouse: Warehouse, expected: Expected, batches: list[Batch]) -> None:
    """Land on both sides and build DuckDB."""
    expected.land(batches)
    expected.dbt("build", *UNTESTED)
    warehouse.mirror(Path(expected.zone.root))


def test_a_first_build_with_all_its_tests(
    warehouse: Warehouse, expected: Expected, arrivals: list[list[Batch]]
) -> None:
    warehouse.query("drop schema if exists media_dev_raw cascade")
    arrive(warehouse, expected, arrivals[0])
    warehouse.dbt("build")
    compare(warehouse, expected)


def test_progress_is_never_ahead_of_rows_that_a_conflict_rolled_back(
    warehouse: Warehouse, expected: Expected, arrivals: list[list[Batch]]
) -> None:
    """The adapter would repeat the failed statement alone, on a new connection."""
    arrive(warehouse, expected, arrivals[1])
    rows, progress = "select count(*) from media_dev_marts.fct_playback", "media_dev_intermediate.int_progress"
    reached = f"select max(load_seq) from {progress} where reader = 'fct_playback'"
    before = warehouse.query(rows), warehouse.query(reached)
    warehouse.query("create sequence refusals")  # its numbers are not rolled back: it refuses once
    warehouse.query(
        "create function refuse() returns trigger language plpgsql as $f$ begin "
        "if new.reader = 'fct_playback' and nextval('refusals') = 1 then "
        "raise exception 'conflict with concurrent transaction'; end if; return new; end $f$"
    )
    warehouse.query(f"create trigger refused before insert on {progress} for each row execute function refuse()")
    said = warehouse.dbt.try_to("run", "--select", "+fct_playback")
    warehouse.query("drop function refuse() cascade")
    assert (warehouse.query(rows), warehouse.query(reached)) == before
    assert "conflict with concurrent transaction" in said


def test_a_build_killed_half_way_is_healed_by_the_next(warehouse: Warehouse, expected: Expected) -> None:
    # no view reads this table: dbt's look at views would wait for it before anything is built
    with warehouse.locked("media_dev_kpi.kpi_hourly"), warehouse.apart("run") as build:
        warehouse.wait_for_lock()
        build.kill()
        build.wait()
    warehouse.dbt("run")
    compare(warehouse, expected)


def test_a_build_that_was_overtaken_stops_before_it_writes(warehouse: Warehouse) -> None:
    """Progress that moves while it waits for the table is another build's."""
    progress = "media_dev_intermediate.int_progress"
    warehouse.query(f"delete from {progress} where reader = 'kpi_hourly'")
    rows = warehouse.query("select * from media_dev_kpi.kpi_hourly order by 1, 2, 3, 4")
    with warehouse.apart("run", "--select", "kpi_hourly") as build:
        with warehouse.locked("media_dev_kpi.kpi_hourly"):
            warehouse.wait_for_lock()
            moved = f"select 'kpi_hourly', max(load_seq) from {progress}"
            warehouse.query(f"insert into {progress} (reader, load_seq) {moved}")
        said, _ = build.communicate(timeout=200)
    assert build.returncode == 1
    assert "another build has written kpi_hourly meanwhile" in said
    assert warehouse.query("select * from media_dev_kpi.kpi_hourly order by 1, 2, 3, 4") == rows


def test_two_builds_at_once_lose_and_double_nothing(
    warehouse: Warehouse, expected: Expected, arrivals: list[list[Batch]]
) -> None:
    """One may fail on the other's work, with the database's error; the next build is right."""
    arrive(warehouse, expected, arrivals[2])
    with warehouse.apart("run") as one, warehouse.apart("run") as other:
        said = [build.communicate(timeout=400)[0] for build in (one, other)]
        codes = [one.returncode, other.returncode]
    assert all(code == 0 or "Database Error" in text for code, text in zip(codes, said, strict=True)), said
    warehouse.dbt("run")
    twice = "select batch_id from media_dev_intermediate.int_batch group by batch_id having count(*) > 1"
    assert warehouse.query(twice) == []
    compare(warehouse, expected)


def test_a_full_refresh_changes_nothing(warehouse: Warehouse, expected: Expected) -> None:
    warehouse.dbt("run", "--full-refresh")
    compare(warehouse, expected)


def test_kpis_alone_are_made_from_marts_that_stand_elsewhere(
    warehouse: Warehouse, expected: Expected, folder: Path
) -> None:
    """Views stand for the external schema of a lake, which has marts and nothing else; no raw zone is asked for."""
    for name in (*expected.results(), "marts.dim_date"):
        schema, table = name.split(".")
        if schema == "marts" and not table.startswith("bridge"):
            warehouse.query("create schema if not exists lake_dev_marts")
            warehouse.query(f"create view lake_dev_marts.{table} as select * from media_dev_marts.{table}")
    Warehouse(warehouse.environment | {"MEDIA_SCHEMA": "lake"}, folder / "lake")
    bi = Warehouse(warehouse.environment | {"MEDIA_SCHEMA": "bi", "MEDIA_RAW": "/nowhere"}, folder / "bi")
    only = ("kpi", "bridge_content_genre", "bridge_content_artist", "int_progress", "resource_type:seed")
    defer = ("--full-refresh", "--defer", "--favor-state", "--state", str(folder / "lake" / "target"))
    found = expected.results()
    kpis = {name: rows for name, rows in found.items() if name.startswith("kpi.") and not name.endswith(BESIDE_RAW)}
    for _ in range(2):
        bi.dbt("build", *UNTESTED, "--select", *only, "--exclude", *BESIDE_RAW, *defer)
        assert differences(results(bi, kpis, "bi_dev"), results(warehouse, kpis)) == []
    made = bi.query("select distinct table_schema from information_schema.tables where table_schema like 'bi%'")
    assert {schema for (schema,) in made} == {"bi_dev_kpi", "bi_dev_marts", "bi_dev_intermediate", "bi_dev_seeds"}
