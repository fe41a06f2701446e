"""What the marts must hold, by the generator's reckoning: numpy and plain Python, no SQL, no dbt, no seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from ingestion.generate.truth import KPI_TABLES, compute
from ingestion.generate.truth.landed import Arrival, arrived, event_instants
from tests.convergence.engine import Batch, Warehouse, as_table

Rows = list[tuple[Any, ...]]


def truth_of(batches: Sequence[Batch]) -> dict[str, pa.Table]:
    """{table: rows} of every fact and KPI, from all batches in the order in which they arrived."""
    inputs: dict[str, list[pa.Table]] = {}
    arrivals = []
    for batch in sorted(batches, key=lambda b: (b.arrived_at, b.batch_id)):
        table = as_table(batch)
        inputs.setdefault(batch.input, []).append(table)
        rows = len(batch.rows)
        arrivals.append(Arrival(batch.input, batch.arrived_at, rows, rows, 0, 0, event_instants(batch.input, table)))
    return with_arrivals(compute(inputs).tables, arrivals)


def with_arrivals(truth: dict[str, pa.Table], arrivals: Sequence[Arrival]) -> dict[str, pa.Table]:
    """The truth, with what landed beside the flags of kpi_data_quality_daily."""
    quality = pa.concat_tables([truth["kpi_data_quality_daily"], arrived(arrivals)])
    return {**truth, "kpi_data_quality_daily": quality}


def compared(warehouse: Warehouse, truth: dict[str, pa.Table]) -> tuple[dict[str, Rows], dict[str, Rows]]:
    """(built, true) rows of each table of the truth, sorted, over the truth's columns."""
    built, true = {}, {}
    with warehouse.connected() as connection:
        for name, table in truth.items():
            schema = "kpi" if name in KPI_TABLES else "marts"
            query = f"select {', '.join(table.column_names)} from {schema}.{name}"
            built[name] = connection.execute(query).fetchall()
    for name, table in truth.items():
        true[name] = [tuple(row.values()) for row in table.to_pylist()]
        if name == "fct_playback_interval":
            built[name] = _without_seams(built[name], table.column_names)
        for rows in (built[name], true[name]):
            rows.sort(key=repr)
    return built, true


def _without_seams(rows: Rows, names: Sequence[str]) -> Rows:
    """Intervals that go on where the one before has ended, as one: over midnight the model parts them at an event."""
    place = {name: number for number, name in enumerate(names)}
    ends = [place["ended_at"], place["to_position_ms"]]
    begins = [place["started_at"], place["from_position_ms"]]
    same = [number for number in range(len(names)) if number not in (*ends, *begins)]
    joined: list[list[Any]] = []
    for row in sorted(rows, key=lambda one: (one[place["playback_id"]], one[place["started_at"]])):
        before = joined[-1] if joined else None
        follows = before is not None and [before[n] for n in (*same, *ends)] == [row[n] for n in (*same, *begins)]
        if before is not None and follows:
            for number in ends:
                before[number] = row[number]
        else:
            joined.append(list(row))
    return [tuple(row) for row in joined]
