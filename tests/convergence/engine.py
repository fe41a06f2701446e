"""One warm dbt in this process, a raw zone that is written directly, and the rows of every result."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult

from ingestion import contract
from ingestion.settings import load_settings
from ingestion.warehouse import connected
from ingestion.zone import Manifest, Zone, instant_text

ROOT = Path(__file__).resolve().parents[2]
#: The embedded target that these tests build on: `MEDIA_TARGET=duckdb pytest tests/convergence`.
TARGET = load_settings().target
RESULT_SCHEMAS = ("marts", "kpi")
#: Stored rows that feed the results; compared too, because a difference there is a difference tomorrow.
STORED = ("intermediate.int_playback_event",)
ARROW = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


@dataclass(frozen=True)
class Batch:
    """What lands at once. `rows` hold the contract's fields; those left out are null."""

    batch_id: str
    input: str
    arrived_at: datetime
    rows: tuple[dict[str, Any], ...]


def as_table(batch: Batch) -> pa.Table:
    """The rows of a batch with the contract's columns and types."""
    return pa.table({
        field.name: pa.array(
            [row.get(field.name) for row in batch.rows],
            pa.decimal128(field.precision, field.scale) if field.type == "decimal" else ARROW[field.type],
        )
        for field in contract.load(batch.input).fields
    })  # fmt: skip


def write_batch(zone: Zone, batch: Batch) -> None:
    """Land a batch as the lander does: data file, then manifest."""
    arrived = batch.arrived_at.replace(tzinfo=UTC)
    table = as_table(batch)
    fields, count = table.column_names, table.num_rows
    bookkeeping = {
        "batch_id": pa.array([batch.batch_id] * count, pa.string()),
        "arrived_at": pa.array([batch.arrived_at] * count, pa.timestamp("us")),
        "source_file": pa.array([f"{batch.batch_id}.csv"] * count, pa.string()),
        "source_row": pa.array(range(1, count + 1), pa.int64()),
        "extra": pa.array([None] * count, pa.string()),
    }
    file = f"{zone.folder('raw', batch.input, arrived)}/{batch.batch_id}-0.parquet"
    path = zone.root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    for name, values in bookkeeping.items():
        table = table.append_column(name, values)
    pq.write_table(table, path)
    published = zone.publish(
        Manifest(
            batch_id=batch.batch_id,
            input=batch.input,
            arrived_at=instant_text(arrived),
            mapping=None,
            source=f"{batch.batch_id}.csv",
            content_hash=batch.batch_id,
            delivery=0,
            rows_read=count,
            rows_accepted=count,
            rows_duplicate=0,
            rows_quarantined=0,
            reasons={},
            files=[file],
            quarantine_files=[],
            columns=fields,
        )
    )
    assert published, batch.batch_id


class Warehouse:
    """dbt on an embedded target below `home`, in this process, parsed once."""

    def __init__(self, home: Path, target: str = TARGET) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self._base = [
            "--project-dir", str(ROOT), "--profiles-dir", str(ROOT / "profiles"), "--target", target,
            "--target-path", str(home / "target"), "--log-path", str(home / "logs"), "--log-level-file", "none",
            "--no-use-colors", "--no-version-check", "--no-write-json",
        ]  # fmt: skip
        parsed = self._invoke(dbtRunner(), "parse")
        assert parsed.success, parsed.exception
        self.manifest = parsed.result
        self.zone = Zone(home / "zone")
        self.settings = load_settings({"MEDIA_HOME": str(self.zone.root), "MEDIA_TARGET": target})
        self.reset()

    def _invoke(self, runner: dbtRunner, *args: str) -> dbtRunnerResult:
        zone = str(self.home / "zone")
        with mock.patch.dict(os.environ, MEDIA_HOME=zone, MEDIA_RAW=zone):
            return runner.invoke([*args, *self._base, "--quiet"])

    def reset(self) -> None:
        """An empty zone and a warehouse built from nothing (which is green, and is built once only)."""
        self.close()
        shutil.rmtree(self.zone.root, ignore_errors=True)
        self.zone.root.mkdir(parents=True)
        built = self.home / "built_from_nothing"
        if not built.exists():
            self.dbt("build")
            self.keep(built)
        self.restore(built)

    def keep(self, copy: Path) -> None:
        """Copy everything built, the file and the lake, to the folder `copy`."""
        self.close()
        copy.mkdir(parents=True)
        shutil.copy(self.settings.warehouse, copy)
        if self.settings.lake.exists():
            shutil.copytree(self.settings.lake, copy / self.settings.lake.name)

    def restore(self, copy: Path) -> None:
        """Go back to what was kept."""
        self.close()
        shutil.rmtree(self.settings.lake, ignore_errors=True)
        shutil.copytree(copy, self.settings.home, dirs_exist_ok=True)

    def close(self) -> None:
        """Let go of the DuckDB file, so that another connection can open it."""
        DuckDBConnectionManager.close_all_connections()
        DuckDBConnectionManager._ENV = None

    def land(self, batches: Sequence[Batch]) -> None:
        """Write batches in the order given."""
        for batch in batches:
            write_batch(self.zone, batch)

    def dbt(self, *args: str, check: bool = True) -> dbtRunnerResult:
        """Run a dbt command. With `check`, a failure raises with every failed node's message."""
        result = self._invoke(dbtRunner(manifest=self.manifest), *args)
        if check and not result.success:
            nodes = getattr(result.result, "results", None) or []
            failed = [
                f"{n.node.name}: {n.message}" for n in nodes if n.status not in ("success", "pass", "skipped", "warn")
            ]
            raise AssertionError(f"dbt {' '.join(args)}: {result.exception or ''} {failed}")
        return result

    @contextmanager
    def failing(self, node: str, statement: str) -> Iterator[None]:
        """Let a model's first statement that contains `statement` fail, as a broken connection would."""
        original = DuckDBConnectionManager.add_query
        mark = f'"node_id": "model.media_stream_analytics.{node}"'

        def add_query(self: Any, sql: str, *args: Any, **kwargs: Any) -> Any:
            if mark in sql and statement in sql:
                raise RuntimeError(f"injected in {node}")
            return original(self, sql, *args, **kwargs)

        with mock.patch.object(DuckDBConnectionManager, "add_query", add_query):
            yield

    @contextmanager
    def connected(self, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to what was built; dbt lets go of it first."""
        self.close()
        with connected(self.settings, read_only=read_only) as connection:
            yield connection

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on what was built."""
        with self.connected() as connection:
            return connection.execute(sql).fetchall()

    def results(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every result table, sorted rows, without bookkeeping columns."""
        with self.connected() as connection:
            return read_results(connection)


def read_results(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[Any, ...]]]:
    """{schema.table: sorted rows} of marts, KPIs and what feeds them; dim_date is a constant and left out."""
    listed = connection.execute(
        "select distinct table_schema || '.' || table_name as name from information_schema.tables order by name"
    ).fetchall()
    names = [
        name
        for (name,) in listed
        if (name.split(".")[0] in RESULT_SCHEMAS or name in STORED) and name != "marts.dim_date"
    ]
    found = {}
    for name in names:
        columns = [row[0] for row in connection.execute(f"describe {name}").fetchall() if not row[0].startswith("_")]
        found[name] = connection.execute(f"select {', '.join(columns)} from {name} order by all").fetchall()
    return found


def differences(got: dict[str, Any], want: dict[str, Any], limit: int = 4) -> list[str]:
    """One line per table whose rows differ, with a few of the rows on each side."""
    lines = []
    for name in sorted({*got, *want}):
        mine, theirs = got.get(name, []), want.get(name, [])
        if mine != theirs:
            extra = [row for row in mine if row not in theirs][:limit]
            missing = [row for row in theirs if row not in mine][:limit]
            lines.append(f"{name}: {len(mine)} rows against {len(theirs)}; only here {extra}; only there {missing}")
    return lines
