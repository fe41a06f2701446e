"""The DuckDB file alone, opened by any DuckDB: it shows every table as it is, whoever wrote it last."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyiceberg.catalog.sql import SqlCatalog

from ingestion import duckdb_extensions
from ingestion.lake import maintain as upkeep
from ingestion.lake.connection import serve
from tests.convergence.engine import ROOT, Warehouse, differences, read_results
from tests.convergence.history import history

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
BATCHES = history(4)
CHANNELS = "select count(*) from marts.dim_channel"


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = Warehouse(tmp_path_factory.mktemp("file"), "lake")
    warehouse.land(BATCHES[::2])
    warehouse.dbt("run")
    yield warehouse
    warehouse.close()


@contextmanager
def plain(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file without our catalogue. DuckDB would fetch the extension by itself; here it comes from its package."""
    warehouse.close()
    with duckdb.connect(str(warehouse.settings.warehouse), read_only=True) as connection:
        for name in ("avro", "iceberg"):
            duckdb_extensions.load(connection, name)
        yield connection


def ask(warehouse: Warehouse, sql: str) -> list[tuple[Any, ...]]:
    with plain(warehouse) as connection:
        return connection.execute(sql).fetchall()


def test_every_table_and_view_is_there(lake: Warehouse) -> None:
    want = lake.results()
    with plain(lake) as connection:
        assert not differences(read_results(connection), want)
        views = connection.execute(
            "select schema_name || '.' || view_name, sql from duckdb_views() where not internal"
        ).fetchall()
        for name, sql in views:
            connection.execute(f"select count(*) from {name}")
            assert " lake." not in sql.lower(), name
    assert {"compat.kpi_table", "kpi.kpi_cohort_weekly", "kpi.kpi_channel_daily"} <= {name for name, _ in views}


def test_what_others_commit_is_shown(lake: Warehouse) -> None:
    settings = lake.settings
    ((before,),) = ask(lake, CHANNELS)
    server = serve(settings)
    through_rest = upkeep.open_catalog(settings, server.endpoint, server.token)
    table = through_rest.load_table("marts.dim_channel")
    rows = table.scan().to_arrow()
    table.append(rows)
    assert ask(lake, CHANNELS) == [(2 * before,)]
    upkeep.maintain(through_rest, settings, upkeep.Policy(timedelta(0), timedelta(0)))
    server.close()
    assert ask(lake, CHANNELS) == [(2 * before,)]
    through_sqlite = SqlCatalog("lake", uri=f"sqlite:///{settings.lake / 'catalog.sqlite'}")
    through_sqlite.load_table("marts.dim_channel").overwrite(rows)
    assert ask(lake, CHANNELS) == [(2 * before,)], "our catalogue has not heard of it yet"
    serve(settings).close()
    assert ask(lake, CHANNELS) == [(before,)]


def test_targets_take_turns_in_one_home(lake: Warehouse, tmp_path: Path) -> None:
    """Each goes on from what the file shows, never from what it built itself before the other."""
    native = Warehouse(tmp_path / "native", "duckdb")
    native.land(BATCHES)
    native.dbt("run")
    want = native.results()
    native.close()
    first = lake.results()
    lake.close()
    lake.land(BATCHES[1::2])
    run(lake, "duckdb", "run", "--select", "intermediate", "marts")  # KPIs are the lake's still
    run(lake, "duckdb", "run")
    with duckdb.connect(str(lake.settings.warehouse), read_only=True) as connection:
        assert not differences(read_results(connection), want)
    run(lake, "lake", "run")
    assert not differences(lake.results(), want)
    with plain(lake) as connection:
        assert not differences(read_results(connection), want)
    assert first != want


def run(warehouse: Warehouse, target: str, *words: str) -> None:
    command = [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", *words, "--target", target]
    places = ["--target-path", str(warehouse.home / target), "--log-path", str(warehouse.home / target)]
    zone = str(warehouse.zone.root)
    environment = {**os.environ, "MEDIA_HOME": zone, "MEDIA_RAW": zone}
    done = subprocess.run([*command, *places], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout
