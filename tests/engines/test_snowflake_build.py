"""The whole project on Snowflake's stand-in, through a killed build: cell by cell what DuckDB builds at once."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from snowflake.connector.cursor import DictCursor, SnowflakeCursor
from snowflake.connector.errors import ProgrammingError

from tests.convergence.engine import Batch, Warehouse, differences
from tests.convergence.history import history
from tests.engines import aws
from tests.engines import snowflake as stand_in
from tests.engines.base import CHECKOUT, Engine, stopped_at_end
from tests.engines.running import BESIDE_RAW, Dbt, land

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
    """Of a schema, or one table."""
    return {name: rows for name, rows in found.items() if name.startswith(schema)}


def from_marts(found: Results | dict[str, list[str]]) -> dict[str, Any]:
    """The KPIs that are made from marts alone."""
    return {name: held for name, held in found.items() if name.startswith("kpi.") and not name.endswith(BESIDE_RAW)}


@contextmanager
def failing(text: str) -> Iterator[None]:
    """Let every statement that contains `text` fail, as one does that runs out of time."""
    original = SnowflakeCursor.execute

    def execute(self: SnowflakeCursor, command: str, *args: Any, **kwargs: Any) -> Any:
        if text in " ".join(command.lower().split()):
            raise ProgrammingError("injected")
        return original(self, command, *args, **kwargs)

    with mock.patch.object(SnowflakeCursor, "execute", execute):
        yield


@dataclass
class Project:
    """What DuckDB builds of some batches at once, and dbt on the engine, which has seen the first half of them."""

    engine: Engine
    dbt: Dbt
    zone: Path
    batches: list[Batch]
    want: Results
    columns: dict[str, list[str]]

    def results(self, schema: str = "") -> Results:
        """Rows of all tables, or of those whose name begins with `schema`."""
        chosen = {name: listed for name, listed in self.columns.items() if name.startswith(schema)}
        return results(self.engine, chosen)

    def kpis(self, database: str = "media") -> Results:
        """Rows of the KPIs that are made from marts alone."""
        return results(self.engine, from_marts(self.columns), database)


@pytest.fixture(scope="module")
def project(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("project")
    batches = history(5, 40)
    duckdb = Warehouse(folder / "duckdb", "duckdb")
    duckdb.land(batches)
    duckdb.dbt("build", *NO_TESTS)
    want = {name: ordered(rows) for name, rows in duckdb.results().items()}
    described = {name: [row[0] for row in duckdb.query(f"describe {name}")] for name in want}
    columns = {name: [column for column in found if not column.startswith("_")] for name, found in described.items()}
    dbt = Dbt("snowflake", {**engine.environment, "SNOWFLAKE_EXTERNAL_VOLUME": "volume"}, folder / "dbt")
    land(folder / "zone", batches[: len(batches) // 2], engine.environment)
    dbt("build", *NO_TESTS)
    return Project(engine, dbt, folder / "zone", batches, want, columns)


def test_arrivals_and_kills_lead_to_what_duckdb_builds_at_once(project: Project, tmp_path: Path) -> None:
    dbt = project.dbt
    reader = KpiReader(project.engine, dbt, tmp_path / "bi")
    reader.build()
    first = project.results()
    assert differences(project.kpis("bi"), from_marts(first)) == []

    # The rest. A build fails, and another dies, between DELETE and INSERT of the fact: nobody sees half of it.
    land(project.zone, project.batches[len(project.batches) // 2 :], project.engine.environment)
    insert, fact = "insert into media.media_dev_marts.fct_playback", "marts.fct_playback"
    with failing(insert):
        assert "injected" in dbt.try_to("run")
    assert differences(project.results(fact), only(first, fact)) == []
    environment = {**os.environ, **dbt.environment, "DIE_BEFORE": insert}
    dying = dbt.command("run", module="tests.engines.snowflake.dying")
    killed = subprocess.run(dying, cwd=CHECKOUT, check=False, env=environment, stdout=subprocess.DEVNULL)
    assert killed.returncode == -signal.SIGKILL
    assert differences(project.results(fact), only(first, fact)) == []

    # Two builds at once go on from there. Either may have to give way, even both, each in another model: it ends with
    # an error that names the model, and a last one puts everything right.
    both = [
        subprocess.Popen(dbt.command("run"), cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = [one.communicate(timeout=300)[0] for one in both]
    for one, text in zip(both, told, strict=True):
        assert one.returncode == 0 or "Database Error in model" in text
    dbt("build")
    assert differences(project.results(), project.want) == []
    reader.build()
    assert differences(project.kpis("bi"), from_marts(project.want)) == []


def test_marts_are_iceberg_tables_and_kpis_are_not(project: Project) -> None:
    found = {}
    with stand_in.connect_to(project.engine.environment) as connection:
        cursor = connection.cursor(DictCursor)
        for schema in ("marts", "kpi"):
            shown = cursor.execute(f"show objects in media.media_dev_{schema}").fetchall()
            found[schema] = {row["is_iceberg"] for row in shown if row["kind"] == "TABLE"}
    assert found == {"marts": {"Y"}, "kpi": {"N"}}


def test_a_dropped_column_is_named_and_a_full_refresh_brings_it_back(project: Project) -> None:
    before = project.results()
    query(project.engine, "alter table media.media_dev_marts.dim_channel drop column channel_name")
    query(project.engine, "alter table media.media_dev_kpi.kpi_hourly drop column plays")
    assert "CHANNEL_NAME" in project.dbt.try_to("run", "--select", "dim_channel")
    assert "out of sync" in project.dbt.try_to("run", "--select", "kpi_hourly")
    project.dbt("run", "--full-refresh", "--select", "dim_channel", "kpi_hourly")
    assert differences(project.results(), before) == []
    project.dbt("run", "--full-refresh")
    assert differences(project.results(), before) == []


class KpiReader:
    """Builds only KPIs, from the marts that another project's manifest points to, and reads no raw zone."""

    def __init__(self, engine: Engine, marts: Dbt, folder: Path) -> None:
        self.state = Path(marts.options[marts.options.index("--target-path") + 1])
        environment = {**engine.environment, "SNOWFLAKE_DATABASE": stand_in.DATABASES[1], "MEDIA_RAW": ""}
        self.dbt = Dbt("snowflake", environment, folder)

    def build(self) -> None:
        """With data tests. int_progress is the KPIs' own bookkeeping; views and seeds are in no catalogue of tables."""
        made_here = ("kpi", "bridge_content_genre", "bridge_content_artist", "int_progress", "resource_type:seed")
        tests = ("--indirect-selection", "cautious", "--exclude-resource-type", "unit_test")
        state = ("--defer", "--favor-state", "--state", str(self.state))
        self.dbt("build", "--select", *made_here, "--exclude", *BESIDE_RAW, *tests, *state)
