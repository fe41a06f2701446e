"""dbt on the lake: the same results as on DuckDB's own tables, readable by others, and no harm by kills or crowds."""

from __future__ import annotations

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from pyiceberg.catalog.sql import SqlCatalog

from ingestion.lake import maintain as upkeep
from ingestion.lake.connection import serve
from tests.convergence.engine import ROOT, Warehouse, differences
from tests.convergence.history import history

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ARRIVALS = 2
#: Tables of the lake that the models make: all marts and KPIs but the four views.
TABLES = 31


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """Built after each arrival."""
    warehouse = Warehouse(tmp_path_factory.mktemp("lake"), "lake")
    for batches in arrivals():
        warehouse.land(batches)
        warehouse.dbt("run")
    yield warehouse
    warehouse.close()


def arrivals() -> list[Any]:
    batches = history(4)
    return [batches[number::ARRIVALS] for number in range(ARRIVALS)]


def sql_catalog(warehouse: Warehouse) -> SqlCatalog:
    settings = warehouse.settings
    return SqlCatalog("lake", uri=f"sqlite:///{settings.lake / 'catalog.sqlite'}", warehouse=settings.lake_warehouse)


def dbt(warehouse: Warehouse, *words: str) -> subprocess.Popen[str]:
    """A dbt of its own process on the same MEDIA_HOME."""
    command = [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", *words, "--target", "lake"]
    places = ["--target-path", str(warehouse.home / "other"), "--log-path", str(warehouse.home / "other")]
    zone = str(warehouse.zone.root)
    return subprocess.Popen(
        [*command, *places],
        cwd=ROOT,
        env={**os.environ, "MEDIA_HOME": zone, "MEDIA_RAW": zone},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_results_are_those_of_native_tables(lake: Warehouse, tmp_path: Path) -> None:
    native = Warehouse(tmp_path / "native", "duckdb")
    for batches in arrivals():
        native.land(batches)
        native.dbt("run")
    want = native.results()
    native.close()
    assert len(want) > TABLES
    assert not differences(lake.results(), want)
    lake.dbt("build", "--full-refresh")  # with every test of the project
    assert not differences(lake.results(), want)


def test_pyiceberg_reads_every_table_and_writes_one(lake: Warehouse) -> None:
    catalog = sql_catalog(lake)
    tables = [name for space in ("marts", "kpi") for name in catalog.list_tables(space)]
    assert len(tables) == TABLES
    for name in tables:
        counted = lake.query(f"select count(*) from {'.'.join(name)}")
        assert [(catalog.load_table(name).scan().to_arrow().num_rows,)] == counted, name
    channels = catalog.load_table("marts.dim_channel")
    rows = channels.scan().to_arrow()
    channels.append(rows)
    assert lake.query("select count(*) from marts.dim_channel") == [(2 * rows.num_rows,)]
    channels.overwrite(rows)
    assert lake.query("select count(*) from marts.dim_channel") == [(rows.num_rows,)]


def test_docs_know_the_types_and_show_shows_rows(lake: Warehouse) -> None:
    done = dbt(lake, "docs", "generate")
    assert done.wait(240) == 0, done.stdout and done.stdout.read()
    catalog = json.loads((lake.home / "other" / "catalog.json").read_text(encoding="utf-8"))
    columns = catalog["nodes"]["model.media_stream_analytics.fct_playback"]["columns"]
    assert columns["started_at"]["type"] == "TIMESTAMP"
    assert columns["ad_revenue_amount"]["type"] == "DECIMAL(18,4)"
    shown = dbt(lake, "show", "--inline", "select * from {{ ref('fct_playback') }}", "--output", "json")
    text, _ = shown.communicate(timeout=240)
    assert shown.returncode == 0, text
    assert '"playback_id"' in text


def test_a_table_that_did_not_change_is_not_written(lake: Warehouse) -> None:
    before = sql_catalog(lake).load_table("marts.dim_date").metadata_location
    lake.dbt("run", "--select", "dim_date")
    assert sql_catalog(lake).load_table("marts.dim_date").metadata_location == before


def test_with_other_columns_a_full_refresh_makes_the_table_anew(lake: Warehouse) -> None:
    want = lake.results()
    with lake.connected(read_only=False) as connection:
        connection.execute("alter table lake.marts.dim_channel add column extra bigint")
    refused = lake.dbt("run", "--select", "dim_channel", check=False)
    assert not refused.success
    lake.dbt("run", "--full-refresh", "--select", "dim_channel")
    assert not differences(lake.results(), want)


def test_of_two_builds_one_is_told_that_the_other_runs(lake: Warehouse) -> None:
    want = lake.results()
    with lake.connected(read_only=False):
        second = dbt(lake, "run", "--select", "dim_date")
        text, _ = second.communicate(timeout=240)
    assert second.returncode != 0
    assert f"Conflicting lock is held in {Path(sys.executable).resolve()} (PID {os.getpid()})" in text
    lake.dbt("run", "--select", "dim_date")
    assert not differences(lake.results(), want)


def test_a_table_that_another_engine_changes_during_a_build_fails_and_the_rerun_heals(lake: Warehouse) -> None:
    """The model's commit comes second, so it fails with the table's name; what the other wrote is not lost."""
    want = lake.results()
    catalog = sql_catalog(lake)
    original = lake.query("select count(*) from marts.dim_channel")
    table = catalog.load_table("marts.dim_channel")
    rows = table.scan().to_arrow()
    with before_commit("dim_channel", lambda: catalog.load_table("marts.dim_channel").append(rows)):
        failed = lake.dbt("run", "--full-refresh", "--select", "dim_channel", check=False)
    assert not failed.success
    messages = " ".join(str(result.message) for result in failed.result.results)
    assert "marts.dim_channel was changed by somebody else" in messages
    del failed  # its tracebacks hold the connection
    gc.collect()
    assert lake.query("select count(*) from marts.dim_channel") == [(2 * original[0][0],)]
    lake.dbt("run", "--full-refresh", "--select", "dim_channel")
    assert not differences(lake.results(), want)


def test_a_killed_build_leaves_orphans_that_maintain_removes(lake: Warehouse) -> None:
    want = lake.results()
    lake.close()
    build = dbt(lake, "run", "--full-refresh", "--select", "marts")
    seen = wait_for_new_file(lake.settings.lake / "tables", 240)
    build.send_signal(signal.SIGKILL)
    build.wait()
    assert seen
    lake.dbt("run")
    assert not differences(lake.results(), want)
    server = serve(lake.settings)
    policy = upkeep.Policy(timedelta(0), timedelta(0))
    catalog = upkeep.open_catalog(lake.settings, server.endpoint, server.token)
    upkeep.maintain(catalog, lake.settings, policy)
    needed = {path for name in upkeep.table_names(catalog, lake.settings) for path in reachable(catalog, name)}
    server.close()
    left = {f"file://{path}" for path in (lake.settings.lake / "tables").rglob("*") if path.is_file()}
    assert left == needed
    assert not differences(lake.results(), want)


@contextmanager
def before_commit(node: str, action: Callable[[], object]) -> Iterator[None]:
    """Do something when a model has written its rows and not committed them yet."""
    original = DuckDBConnectionManager.add_query
    mark = f'"node_id": "model.media_stream_analytics.{node}"'

    def add_query(self: Any, sql: str, *args: Any, **kwargs: Any) -> Any:
        result = original(self, sql, *args, **kwargs)
        if mark in sql and "insert into" in sql and "int_progress" not in sql:
            action()
        return result

    with mock.patch.object(DuckDBConnectionManager, "add_query", add_query):
        yield


def reachable(catalog: Any, name: tuple[str, ...]) -> set[str]:
    return upkeep.reachable(catalog.load_table(name))


def wait_for_new_file(folder: Path, patience_seconds: float) -> bool:
    """Until a file appears below the folder that was not there when asked first."""
    before = set(folder.rglob("*"))
    end = time.monotonic() + patience_seconds
    while time.monotonic() < end:
        if set(folder.rglob("*.parquet")) - before:
            return True
        time.sleep(0.01)
    return False


def test_a_moved_lake_is_refused_and_can_be_made_anew(lake: Warehouse, tmp_path: Path) -> None:
    want = lake.results()
    lake.close()
    moved = Warehouse(tmp_path / "moved", "lake")
    moved.close()
    shutil.rmtree(moved.zone.root)
    shutil.copytree(lake.zone.root, moved.zone.root)
    refused = dbt(moved, "build")
    text, _ = refused.communicate(timeout=240)
    assert refused.returncode != 0
    assert "cannot be moved" in text
    shutil.rmtree(moved.settings.lake)
    moved.dbt("build", "--exclude", "resource_type:test", "resource_type:unit_test")
    assert not differences(moved.results(), want)
    moved.close()
    assert not differences(lake.results(), want)


def test_bookkeeping_is_cut_down(lake: Warehouse) -> None:
    lake.dbt("run-operation", "compact_progress")
    counted = (
        "select count(distinct (reader, load_seq)), count(distinct reader), count(*) from intermediate.int_progress"
    )
    ((numbers, readers, rows),) = lake.query(counted)
    assert numbers == readers > TABLES
    lake.dbt("run", "--select", "kpi")
    assert lake.query(counted) == [(readers, readers, rows)], "there was no news, so nothing was recomputed"
