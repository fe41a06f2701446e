"""Spark, which shares no code with DuckDB, reads every table of the lake and writes to one, by the docs' snippet."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from ingestion.lake import maintain as upkeep
from ingestion.lake.connection import serve
from streaming.jars import JarsError, fetch
from tests.convergence.engine import ROOT, Warehouse
from tests.convergence.history import history
from tests.lake.snippets import snippets

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
#: Follows the snippet: counts and sums of every table, then rows in, over and out.
JOB = """
import json
found = {}
for space in ("marts", "kpi"):
    for row in spark.sql(f"show tables in lake.{space}").collect():
        table = spark.table(f"lake.{space}.{row.tableName}")
        numbers = [name for name, kind in table.dtypes if kind == "bigint" and not name.startswith("_")]
        sums = ", ".join(f"cast(sum({name}) as bigint)" for name in numbers)
        query = f"select count(*){', ' * bool(sums)}{sums} from lake.{space}.{row.tableName}"
        found[f"{space}.{row.tableName}"] = [numbers, list(spark.sql(query).first())]
assert top.count() > 0
spark.sql("insert into lake.marts.dim_channel select * from lake.marts.dim_channel")
spark.sql("update lake.marts.dim_channel set channel_name = 'by Spark' where channel_id = 'tv:CH1'")
spark.sql("delete from lake.marts.dim_channel where channel_id = 'tv:CH2'")
print("RESULT" + json.dumps(found))
spark.stop()
"""


@pytest.fixture(scope="module")
def jars() -> Path:
    if not shutil.which("java"):
        pytest.skip("Spark needs Java 17")
    try:
        return fetch("iceberg-spark")
    except JarsError as error:
        pytest.skip(f"no jars of Iceberg for Spark: {error}")


def test_spark_reads_every_table_and_writes_one(jars: Path, tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "home", "lake")
    warehouse.land(history(6))
    warehouse.dbt("run")
    channels = dict(warehouse.query("select channel_id, count(*) from marts.dim_channel group by all"))
    environment = {"MEDIA_HOME": str(warehouse.zone.root), "ICEBERG_JARS": str(jars), "PYSPARK_PYTHON": sys.executable}
    done = subprocess.run(
        [sys.executable, "-c", snippets()["spark"] + JOB],
        cwd=ROOT, env={**os.environ, **environment, "SPARK_LOCAL_IP": "127.0.0.1"},
        capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))[6:])
    assert len(found) == 31
    for name, (columns, values) in found.items():
        if name == "marts.dim_channel":
            continue  # changed since
        sums = "".join(f", cast(sum({column}) as bigint)" for column in columns)
        assert [tuple(values)] == warehouse.query(f"select count(*){sums} from {name}"), name
    by_spark = "count(*) filter (channel_name = 'by Spark')"
    after = f"select channel_id, count(*), {by_spark} from marts.dim_channel group by all"
    got = {row[0]: row[1:] for row in warehouse.query(after)}
    want = {key: (2, 2 if key == "tv:CH1" else 0) for key in channels if key != "tv:CH2"}
    assert got == want
    look_after(warehouse)
    assert {row[0]: row[1:] for row in warehouse.query(after)} == want
    warehouse.dbt("run", "--full-refresh", "--select", "dim_channel")
    assert dict(warehouse.query("select channel_id, count(*) from marts.dim_channel group by all")) == channels
    warehouse.close()


def look_after(warehouse: Warehouse) -> None:
    """media maintain, keeping nothing but what the tables hold: Spark spells addresses in its own way."""
    server = serve(warehouse.settings)
    catalog = upkeep.open_catalog(warehouse.settings, server.endpoint, server.token)
    upkeep.maintain(catalog, warehouse.settings, upkeep.Policy(timedelta(0), timedelta(0)))
    server.close()
