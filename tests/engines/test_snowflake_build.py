"""The whole project on Snowflake's stand-in, through a killed build: cell by cell what DuckDB builds at once."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.convergence.engine import Warehouse, differences
from tests.convergence.history import history
from tests.engines import aws, snowflake as stand_in
from tests.engines.base import CHECKOUT, Engine, stopped_at_end
from tests.engines.running import Dbt, land

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NO_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
Results = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("engines")
    with (
        stopped_at_end(aws.start(folder / "aws")) as storage,
        stopped_at_end(stand_in.start(folder / "snowflake", storage.environment)) as engine,
    ):
        engine.environment.update({**storage.environment, **engine.environment})
        yield engine


def query(engine: Engine, sql: str) -> list[tuple[Any, ...]]:
    with stand_in.connect_to(engine.environment) as connection:
        return list(connection.cursor().execute(sql).fetchall())


def results(engine: Engine, columns: dict[str, list[str]], database: str = "media") -> Results:
    """The rows of {schema.table: columns} in dbt's schemas."""
    return {
        name: ordered(query(engine, f"select {', '.join(listed)} from {database}.media_dev_{name}"))
        for name, listed in columns.items()
    }


def ordered(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)


def only(found: Results, schema: str) -> Results:
    return {name: rows for name, rows in found.items() if name.startswith(f"{schema}.")}


def test_arrivals_kills_and_repairs_lead_to_what_duckdb_builds_at_once(engine: Engine, tmp_path: Path) -> None:
    batches = history(5, 40)
    half = len(batches) // 2
    duckdb = Warehouse(tmp_path / "duckdb")
    duckdb.land(batches)
    duckdb.dbt("build", *NO_TESTS)
    want = {name: ordered(rows) for name, rows in duckdb.results().items()}
    columns = {
        name: [row[0] for row in duckdb.query(f"describe {name}") if not row[0].startswith("_")] for name in want
    }

    # The first half, as Iceberg tables; KPIs from them in another database.
    dbt = Dbt("snowflake", {**engine.environment, "SNOWFLAKE_EXTERNAL_VOLUME": "volume"}, tmp_path / "dbt")
    land(tmp_path / "zone", batches[:half], engine.environment)
    dbt("build", *NO_TESTS)
    shown = query(
        engine, "select table_name from media.information_schema.tables where table_schema = 'MEDIA_DEV_MARTS'"
    )
    assert ("FCT_PLAYBACK",) in shown
    reader = KpiReader(engine, dbt, tmp_path / "bi")
    reader.build()
    first = results(engine, columns)
    assert differences(only(results(engine, reader.columns(columns), "bi"), "kpi"), only(first, "kpi")) == []

    # The rest; the build dies between DELETE and INSERT of the fact, which nobody sees.
    land(tmp_path / "zone", batches[half:], engine.environment)
    killed = subprocess.run(
        dbt.command("run", module="tests.engines.snowflake.dying"), cwd=CHECKOUT, stdout=subprocess.DEVNULL, check=False,
        env={**os.environ, **dbt.environment, "DIE_BEFORE": "insert into media.media_dev_marts.fct_playback"},
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL
    assert results(engine, {"marts.fct_playback": columns["marts.fct_playback"]}) == {
        "marts.fct_playback": first["marts.fct_playback"]
    }
    dbt("build")
    assert differences(results(engine, columns), want) == []
    reader.build()
    assert differences(only(results(engine, reader.columns(columns), "bi"), "kpi"), only(want, "kpi")) == []

    # Somebody drops a column: the run says so, and a full refresh of that model puts it right.
    query(engine, "alter table media.media_dev_marts.dim_channel drop column channel_name")
    assert "out of sync" in dbt.try_to("run", "--select", "dim_channel")
    dbt("run", "--full-refresh", "--select", "dim_channel")
    dbt("run")
    assert differences(results(engine, columns), want) == []
    dbt("run", "--full-refresh")
    assert differences(results(engine, columns), want) == []


class KpiReader:
    """Builds only KPIs, from the marts that another project's manifest points to, and reads no raw zone."""

    def __init__(self, engine: Engine, marts: Dbt, folder: Path) -> None:
        self.state = Path(marts.options[marts.options.index("--target-path") + 1])
        environment = {**engine.environment, "SNOWFLAKE_DATABASE": stand_in.DATABASES[1], "MEDIA_RAW": ""}
        self.dbt = Dbt("snowflake", environment, folder)

    def build(self) -> None:
        """With tests; int_progress is the KPIs' own bookkeeping."""
        self.dbt(
            *("build", "--select", "kpi", "int_progress", "--indirect-selection", "cautious"),
            *("--defer", "--favor-state", "--state", str(self.state)),
        )

    @staticmethod
    def columns(all_columns: dict[str, list[str]]) -> dict[str, list[str]]:
        return {name: listed for name, listed in all_columns.items() if name.startswith("kpi.")}
