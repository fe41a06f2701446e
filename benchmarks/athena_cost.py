"""What a build cost on Athena: bytes scanned by each model, from Athena's own record of its statements.

`python -m benchmarks.athena_cost --since 2026-11-21T06:00:00Z` asks the account, or the local engine, to which the
variables AWS_* lead. dbt writes the name of the model into a comment of each statement, so statements and bytes are
summed by model. The price is that of seeds/engine_prices.csv: so much for a TB scanned, each statement being billed a
least amount; DDL and failed statements are free.
"""

from __future__ import annotations

import argparse
import csv
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3
from rich.table import Table

from benchmarks.report import console
from ingestion.settings import CHECKOUT

NODE = re.compile(r'"node_id": "(?:model|test|seed)\.[^."]+\.([^."]+)')
TABLE_AS = re.compile(r"\bcreate\s+table\b.*\bas\s", re.IGNORECASE | re.DOTALL)
TERABYTE, MEGABYTE = 10**12, 10**6


@dataclass(frozen=True)
class Price:
    """US dollars for a byte scanned, and the bytes that a statement is billed at least."""

    usd_per_byte: float
    least_bytes: int


@dataclass
class Scan:
    """Statements of one model."""

    statements: int = 0
    scanned_bytes: int = 0
    billed_bytes: int = 0

    def add(self, scanned_bytes: int, price: Price) -> None:
        """Count one statement; it is billed by whole megabytes."""
        self.statements += 1
        self.scanned_bytes += scanned_bytes
        self.billed_bytes += max(price.least_bytes, math.ceil(scanned_bytes / MEGABYTE) * MEGABYTE)


def read_price() -> Price:
    """The price of a scan on Athena, from the seed."""
    with (CHECKOUT / "seeds/engine_prices.csv").open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["engine"] == "athena" and row["unit"] == "TB")
    least_bytes = round(float(row["least_units_per_statement"]) * TERABYTE)
    return Price(float(row["price_usd"]) / TERABYTE, least_bytes)


def executions(athena: Any, since: datetime, work_group: str) -> Iterator[dict[str, Any]]:
    """Athena's record of the statements since then, the newest first."""
    for page in athena.get_paginator("list_query_executions").paginate(WorkGroup=work_group):
        if not page["QueryExecutionIds"]:
            return
        found = athena.batch_get_query_execution(QueryExecutionIds=page["QueryExecutionIds"])["QueryExecutions"]
        for execution in sorted(found, key=lambda one: one["Status"]["SubmissionDateTime"], reverse=True):
            if execution["Status"]["SubmissionDateTime"] < since:
                return
            yield execution


def sum_by_model(found: Iterable[dict[str, Any]], price: Price) -> dict[str, Scan]:
    """Scans by model; statements of no node (the loader's) under `other`. DDL and failed statements are free."""
    scans: dict[str, Scan] = {}
    for execution in found:
        query = execution["Query"]
        reads = execution.get("StatementType") == "DML" or TABLE_AS.search(query)
        if execution["Status"]["State"] != "SUCCEEDED" or not reads:
            continue
        node = NODE.search(query)
        scan = scans.setdefault(node[1] if node else "other", Scan())
        scan.add(execution["Statistics"]["DataScannedInBytes"], price)
    return scans


def table_of(scans: dict[str, Scan], price: Price) -> Table:
    """One row a model, the dearest first, and the sum."""
    table = Table(title="Bytes scanned on Athena", title_justify="left")
    for name in ("model", "statements", "scanned MB", "billed MB", "USD"):
        table.add_column(name, justify="left" if name == "model" else "right")
    everything = Scan()
    for name, scan in sorted(scans.items(), key=lambda item: (-item[1].billed_bytes, item[0])):
        table.add_row(name, *cells(scan, price))
        everything.statements += scan.statements
        everything.scanned_bytes += scan.scanned_bytes
        everything.billed_bytes += scan.billed_bytes
    table.add_row("all", *cells(everything, price))
    return table


def cells(scan: Scan, price: Price) -> list[str]:
    """A scan's figures as text."""
    return [
        f"{scan.statements:,}",
        f"{scan.scanned_bytes / MEGABYTE:,.2f}",
        f"{scan.billed_bytes / MEGABYTE:,.0f}",
        f"{scan.billed_bytes * price.usd_per_byte:.6f}",
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.athena_cost", description=__doc__)
    parser.add_argument("--since", type=datetime.fromisoformat, required=True, help="ISO instant with zone")
    parser.add_argument("--work-group", default="primary")
    options = parser.parse_args()
    price = read_price()
    scans = sum_by_model(executions(boto3.client("athena"), options.since, options.work_group), price)
    console.print(table_of(scans, price))


if __name__ == "__main__":
    main()
