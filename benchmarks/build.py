"""`dbt build` from nothing against bare DuckDB running the same compiled SQL: of playbacks, or of player events."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.bare import SETTINGS, run_job
from benchmarks.history import plan_of, player_plan_of, write_history
from benchmarks.measure import DBT, BenchmarkError, Cost, dbt_options, run, surroundings
from benchmarks.report import Part, console, show
from benchmarks.sizes import Sizes
from benchmarks.spark import compare as compare_with_spark
from ingestion.generate.plan import Plan
from ingestion.zone import Zone

LIMIT = 1.3
WITHOUT_CHECKS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")
RESULTS = ("marts", "kpi")


def measure(home: Path, sizes: Sizes) -> Part:
    """Television and music: playbacks that stand in a log."""
    plan = plan_of(sizes.build_playbacks // sizes.build_days, sizes.build_days)
    part, _ = built_twice(Part("build", sizes.verdict), home, plan, "playbacks")
    return part


def measure_player(home: Path, sizes: Sizes) -> Part:
    """A player's events, from which playbacks are made first; and Spark on the same events."""
    plan = player_plan_of(sizes.player_events // sizes.build_days, sizes.build_days)
    part, ours = built_twice(Part("player", sizes.verdict), home, plan, "player events")
    compare_with_spark(part, home, ours)
    return part


def built_twice(part: Part, home: Path, plan: Plan, unit: str) -> tuple[Part, Cost]:
    """Build the same raw zone by `dbt build`, by dbt without checks (whose cost is returned), and by bare DuckDB."""
    with console.status("writing the raw zone"):
        events = write_history(Zone(home), plan, 0, plan.days - 1)
    env, log = surroundings(home), home / "log.txt"
    with console.status("dbt parse"):
        parsed = run([*DBT, "parse", *dbt_options(home)], env, log)
    with console.status("dbt build without checks"):
        models_only = run([*DBT, "build", *WITHOUT_CHECKS, *dbt_options(home)], env, log)
    (home / "warehouse.duckdb").unlink()
    with console.status("dbt build"):
        built = run([*DBT, "build", *dbt_options(home)], env, log)
    bare_home = home / "bare"
    bare_home.mkdir()
    job = job_of(home, bare_home)
    with console.status("bare DuckDB"):
        process, found = run_job(job, home)
    rows = compare(home / "warehouse.duckdb", Path(job["database"]))
    bare = {name: Cost(**cost) for name, cost in found["costs"].items()}
    runs = {"parse": parsed, "models_only": models_only, "build": built, "bare": process}
    part.figures["events"] = events
    report(part, f"{events:,} {unit}", runs, bare, rows)
    part.figures["bare_cpu_seconds_by_node"] = found["cpu_seconds_by_node"]
    part.figures["dbt_wall_seconds_by_node"] = dbt_seconds(home)
    return part, models_only


def report(part: Part, events: str, runs: dict[str, Cost], bare: dict[str, Cost], rows: dict[str, int]) -> None:
    """Print costs and ratios."""
    both = Cost(
        bare["models"].wall_seconds + bare["checks"].wall_seconds,
        bare["models"].cpu_seconds + bare["checks"].cpu_seconds,
        runs["bare"].peak_mb,
    )
    models = Cost(bare["models"].wall_seconds, bare["models"].cpu_seconds, bare["models"].peak_mb)
    table = [
        ("dbt build, checks included", runs["build"]),
        ("dbt build without checks", runs["models_only"]),
        ("of which dbt's start and parsing", runs["parse"]),
        ("bare DuckDB, models and checks", both),
        ("bare DuckDB, models", models),
    ]
    show(
        f"{events}, {sum(rows.values()):,} rows in marts and KPIs",
        ("", "CPU s", "wall s", "peak MB"),
        [(name, cost.cpu_seconds, cost.wall_seconds, cost.peak_mb) for name, cost in table],
    )
    ratios = {
        "dbt build / bare, checks on both sides": ratio(runs["build"], both),
        "dbt without checks / bare models": ratio(runs["models_only"], models),
        "dbt build with checks / bare models": ratio(runs["build"], models),
    }
    show("Ratios", ("", "CPU", "wall", "peak memory"), [(name, *one.values()) for name, one in ratios.items()])
    part.figures |= {
        "costs": {name: asdict(cost) for name, cost in table},
        "ratios": ratios,
        "rows": rows,
    }
    for name in list(ratios)[:2]:
        part.claim(f"{name}: CPU {ratios[name]['cpu']:.2f}, at most {LIMIT}", ratios[name]["cpu"] <= LIMIT)


def ratio(one: Cost, other: Cost) -> dict[str, float]:
    """How many times the other's cost this one is."""
    return {
        "cpu": one.cpu_seconds / other.cpu_seconds,
        "wall": one.wall_seconds / other.wall_seconds,
        "peak": one.peak_mb / other.peak_mb,
    }


def job_of(home: Path, bare_home: Path) -> dict[str, Any]:
    """What the bare process is to do: every statement that dbt compiled, in the order in which it ran."""
    nodes = json.loads((home / "target" / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    results = json.loads((home / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    models: list[dict[str, Any]] = []
    checks: list[dict[str, Any]] = []
    for result in results:
        node = nodes.get(result["unique_id"], {})  # hooks and unit tests are no nodes
        if node.get("resource_type") == "model":
            models.append(
                {
                    "name": node["name"],
                    "relation": result["relation_name"],
                    "materialized": node["config"]["materialized"],
                    "sql": result["compiled_code"],
                }
            )
        elif node.get("resource_type") == "test":
            checks.append({"name": node["name"], "sql": result["compiled_code"]})
    return {
        "settings": SETTINGS,
        "warehouse": str(home / "warehouse.duckdb"),
        # The same name, because compiled statements name the database.
        "database": str(bare_home / "warehouse.duckdb"),
        "schemas": sorted({nodes[result["unique_id"]]["schema"] for result in results if result["unique_id"] in nodes}),
        "models": models,
        "checks": checks,
        "result": str(bare_home / "result.json"),
    }


def dbt_seconds(home: Path) -> dict[str, float]:
    """Wall seconds of each node of the last dbt run."""
    results = json.loads((home / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    return {result["unique_id"].split(".")[2]: result["execution_time"] for result in results}


def compare(built: Path, bare: Path) -> dict[str, int]:
    """Rows of each result table; BenchmarkError unless both warehouses hold the same rows in all of them."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{built}' as built (read_only); attach '{bare}' as bare (read_only)")
        listed = connection.execute(
            "select schema_name || '.' || table_name, string_agg(column_name, ', ' order by column_index)"
            " from duckdb_columns() where database_name = 'built' and not starts_with(column_name, '_')"
            # Views are left out: they name the database that they were made in.
            f" and schema_name in {RESULTS} and table_oid in (select table_oid from duckdb_tables()"
            " where database_name = 'built') group by all order by all"
        ).fetchall()
        rows = {}
        for table, columns in listed:
            query = f"select count(*), bit_xor(hash({columns})) from {{}}.{table}"
            both = [connection.execute(query.format(side)).fetchone() for side in ("built", "bare")]
            if both[0] != both[1] or both[0] is None:
                raise BenchmarkError(f"{table} differs: {both[0]} built by dbt, {both[1]} by bare DuckDB")
            rows[table] = both[0][0]
    return rows
