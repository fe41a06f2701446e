"""What the marts must hold, by the generator's reckoning: numpy and plain Python, no SQL, no dbt, no seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from ingestion.generate.truth import compute
from tests.convergence.engine import Batch, Warehouse, as_table

Rows = list[tuple[Any, ...]]


def truth_of(batches: Sequence[Batch]) -> dict[str, pa.Table]:
    """{table: rows} of fct_playback and every KPI, from all batches in the order in which they arrived."""
    inputs: dict[str, list[pa.Table]] = {}
    for batch in sorted(batches, key=lambda b: (b.arrived_at, b.batch_id)):
        inputs.setdefault(batch.input, []).append(as_table(batch))
    return compute(inputs).tables


def compared(warehouse: Warehouse, truth: dict[str, pa.Table]) -> tuple[dict[str, Rows], dict[str, Rows]]:
    """(built, true) rows of each table of the truth, sorted, over the truth's columns."""
    built, true = {}, {}
    for name, table in truth.items():
        schema = "marts" if name.startswith("fct_") else "kpi"
        built[name] = warehouse.query(f"select {', '.join(table.column_names)} from {schema}.{name}")
        true[name] = [tuple(row.values()) for row in table.to_pylist()]
        for rows in (built[name], true[name]):
            rows.sort(key=repr)
    return built, true
