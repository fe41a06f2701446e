"""The SQL that dbt compiled, run by DuckDB alone: `python -m benchmarks.bare JOB.json`, a process of its own.

Every model becomes a table or a view as dbt's statement says, in dbt's order; then every check runs. Nothing else: no
contract, no transaction for each node, no bookkeeping, no catalogue. The views over the raw files, the ledger behind
them and the seeds are inputs and are copied from dbt's warehouse before the clock starts.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.measure import PYTHON, Cost, measured, run, surroundings

#: What profiles/profiles.yml sets; everything else is DuckDB's default on both sides.
SETTINGS = {"TimeZone": "UTC"}


def run_job(job: dict[str, Any], home: Path) -> tuple[Cost, dict[str, Any]]:
    """Run a job in a process of its own, beside its database: what that cost, and what it found."""
    file = Path(job["database"]).with_name("job.json")
    file.write_text(json.dumps(job), encoding="utf-8")
    cost = run([PYTHON, "-m", "benchmarks.bare", file], surroundings(home), home / "log.txt")
    found: dict[str, Any] = json.loads(Path(job["result"]).read_text(encoding="utf-8"))
    return cost, found


def prepare(connection: duckdb.DuckDBPyConnection, warehouse: str, schemas: list[str]) -> None:
    """Schemas, seeds, the ledger of batches and the views over raw files, as dbt's warehouse has them."""
    connection.execute(f"attach '{warehouse}' as built (read_only)")
    for schema in {*schemas, "raw", "seeds"}:
        connection.execute(f"create schema if not exists {schema}")
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables()"
        " where database_name = 'built' and schema_name in ('raw', 'seeds')"
    ).fetchall()
    for schema, table in tables:
        connection.execute(f"create table {schema}.{table} as from built.{schema}.{table}")
    views = connection.execute(
        "select sql from duckdb_views() where database_name = 'built' and schema_name = 'raw' order by view_oid"
    ).fetchall()
    connection.execute("detach built")
    for (sql,) in views:
        connection.execute(sql)


def create(connection: duckdb.DuckDBPyConnection, node: dict[str, Any]) -> None:
    """One model."""
    kind = "view" if node["materialized"] == "view" else "table"
    connection.execute(f"create {kind} {node['relation']} as {node['sql']}")


def main() -> None:
    """Read the job, run it, write its costs to the file that the job names."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with measured() as start, duckdb.connect(job["database"]) as connection:
        for name, value in job["settings"].items():
            connection.execute(f"set {name} = '{value}'")
        if job["warehouse"]:  # else the database has its inputs already
            prepare(connection, job["warehouse"], job["schemas"])
    costs: dict[str, Cost] = {"preparing": start}
    seconds: dict[str, float] = {}
    peaks: dict[str, float] = {}  # each is the highest until then
    with duckdb.connect(job["database"]) as connection:
        for name, value in job["settings"].items():
            connection.execute(f"set {name} = '{value}'")
        with measured() as costs["models"]:
            for node in job["models"]:
                with measured() as own:
                    create(connection, node)
                seconds[node["name"]], peaks[node["name"]] = own.cpu_seconds, own.peak_mb
        with measured() as costs["checks"]:
            for node in job["checks"]:
                with measured() as own:
                    connection.execute(node["sql"]).fetchall()
                seconds[node["name"]] = own.cpu_seconds
    result = {
        "costs": {name: asdict(cost) for name, cost in costs.items()},
        "cpu_seconds_by_node": seconds,
        "peak_mb_by_model": peaks,
    }
    Path(job["result"]).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
