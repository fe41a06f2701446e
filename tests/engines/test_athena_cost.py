"""What a build cost on Athena, from made-up records of statements."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.athena_cost import read_price, sum_by_model

COMMENT = '-- /* {"app": "dbt", "node_id": "model.media_stream_analytics.kpi_hourly"} */\n'


def execution(query: str, kind: str, scanned_bytes: int, state: str = "SUCCEEDED") -> dict[str, Any]:
    return {
        "Query": query,
        "StatementType": kind,
        "Status": {"State": state},
        "Statistics": {"DataScannedInBytes": scanned_bytes},
    }


def test_statements_are_billed_by_megabyte_and_at_least_ten() -> None:
    scans = sum_by_model(
        [
            execution(f"{COMMENT}select 1 as a", "DML", 5),
            execution(f"{COMMENT}create table t with (format = 'parquet') as\nselect a from b", "DDL", 12_000_001),
            execution("select 2 as a", "DML", 0),
        ],
        read_price(),
    )
    assert {name: (scan.statements, scan.scanned_bytes, scan.billed_bytes) for name, scan in scans.items()} == {
        "kpi_hourly": (2, 12_000_006, 10_000_000 + 13_000_000),
        "other": (1, 0, 10_000_000),
    }


@pytest.mark.parametrize(
    ("query", "kind", "state"),
    [
        ("create or replace view v as select a from b", "DDL", "SUCCEEDED"),
        ("drop table t", "DDL", "SUCCEEDED"),
        ("select a from b", "DML", "FAILED"),
    ],
)
def test_ddl_and_failures_are_free(query: str, kind: str, state: str) -> None:
    assert sum_by_model([execution(query, kind, 99, state)], read_price()) == {}
