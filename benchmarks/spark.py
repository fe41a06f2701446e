"""The KPIs of two earlier systems in Spark with two cores, beside DuckDB with the same statements and our build.

`python -m benchmarks.spark JOB.json` is the process of Spark.
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.bare import SETTINGS, run_job
from benchmarks.earlier import STATEMENTS
from benchmarks.measure import PYTHON, BenchmarkError, Cost, run, surroundings
from benchmarks.report import Part, console, show
from ingestion.generate.plan import PLAYER_INPUT
from ingestion.zone import Zone

CORES, HEAP = 2, "6g"


def compare(part: Part, home: Path, ours: Cost) -> None:
    """Run the statements in both engines on the events of the zone in `home`; `ours`: dbt without checks on them."""
    missing = [name for name, there in (("Java 17", shutil.which("java")), ("pyspark", has_pyspark())) if not there]
    if missing:
        console.print(f"Spark: left out, there is no {' and no '.join(missing)}", highlight=False)
        return
    place = home / "spark"
    place.mkdir()
    files = [str(home / f) for one in Zone(home).manifests() if one.input == PLAYER_INPUT for f in one.files]
    with console.status("DuckDB with Spark's statements"):
        duckdb_cost, in_duckdb = by_duckdb(place, home, files)
    with console.status("Spark"):
        spark_cost = by_spark(place, home, files)
    rows = check_same(place, in_duckdb)
    lines = [("Spark, KPIs of the earlier systems", spark_cost), ("DuckDB, the same statements", duckdb_cost)]
    lines.append(("dbt build of everything, without checks", ours))
    show(
        f"{len(STATEMENTS)} statements, {sum(rows.values()):,} rows of results, both engines alike; starts included",
        ("", "CPU s", "wall s", "peak MB", "Spark's CPU s / these"),
        [(n, c.cpu_seconds, c.wall_seconds, c.peak_mb, spark_cost.cpu_seconds / c.cpu_seconds) for n, c in lines],
    )
    part.figures["spark"] = {"rows": rows, "costs": {name: asdict(cost) for name, cost in lines}}


def has_pyspark() -> bool:
    """Whether it is installed; importing it takes a second."""
    return importlib.util.find_spec("pyspark") is not None


def by_duckdb(place: Path, home: Path, files: list[str]) -> tuple[Cost, Path]:
    """Each statement as a table: the cost, and the database with the tables."""
    view = f"select *, epoch_us(event_at) as event_us, cast(event_at as date) as event_date from read_parquet({files})"
    statements = {"event": ("view", view)} | {name: ("table", sql) for name, sql in STATEMENTS.items()}
    job: dict[str, Any] = {
        "settings": SETTINGS,
        "warehouse": None,
        "database": str(place / "duckdb.db"),
        "models": [
            {"name": name, "relation": name, "materialized": kind, "sql": sql}
            for name, (kind, sql) in statements.items()
        ],
        "checks": [],
        "result": str(place / "duckdb.json"),
    }
    cost, _ = run_job(job, home)
    return cost, Path(job["database"])


def by_spark(place: Path, home: Path, files: list[str]) -> Cost:
    """Each statement as a folder of Parquet files; its Java is counted in."""
    file = place / "spark-job.json"
    file.write_text(json.dumps({"files": files, "results": str(place)}), encoding="utf-8")
    env = surroundings(home) | {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    return run([PYTHON, "-m", "benchmarks.spark", file], env, home / "log.txt")


def check_same(place: Path, database: Path) -> dict[str, int]:
    """Rows of each statement; BenchmarkError unless both engines have the same."""
    rows = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        for name in STATEMENTS:
            spark = f"(select * from read_parquet('{place}/{name}/*.parquet'))"
            differing = f"((from {name} except all from {spark}) union all (from {spark} except all from {name}))"
            found = connection.execute(f"select (select count(*) from {name}), (select count(*) from {differing})")
            count, different = found.fetchall()[0]
            if different or not count:
                raise BenchmarkError(f"{name}: {different} rows differ between Spark and DuckDB, which has {count}")
            rows[name] = count
    return rows


def main() -> None:
    """Run the statements in Spark and write their results."""
    from pyspark.sql import SparkSession

    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    spark = (
        SparkSession.builder.master(f"local[{CORES}]")
        .config("spark.driver.memory", HEAP)
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", str(2 * CORES))
        .config("spark.local.dir", job["results"])
        .getOrCreate()
    )
    spark.read.parquet(*job["files"]).createOrReplaceTempView("raw_event")
    spark.sql(
        "select *, unix_micros(cast(event_at as timestamp)) as event_us, cast(event_at as date) as event_date"
        " from raw_event"
    ).createOrReplaceTempView("event")
    for name, sql in STATEMENTS.items():
        spark.sql(sql).write.parquet(f"{job['results']}/{name}")
    spark.stop()


if __name__ == "__main__":
    main()
