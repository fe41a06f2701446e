"""The files of each input, in the order in which they arrive (which is the order of their names)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pyarrow as pa

from ingestion.generate.bad_rows import BadRow
from ingestion.generate.defects import FACT_INPUTS, LATEST_DAYS, Damage, Defects
from ingestion.generate.plan import PLAYER_INPUT, Plan


@dataclass(frozen=True)
class Delivery:
    """One file to be written.

    name: file name without ending. table: the rows that pass the contract, repeated ones included, in file order.
    bad: the rows to be refused, which stand after them. kinds: number of rows of each kind of damage.
    """

    input: str
    day: int
    name: str
    table: pa.Table
    bad: tuple[BadRow, ...] = ()
    kinds: dict[str, int] = field(default_factory=dict)


def deliveries(plan: Plan, name: str, defects: Defects | None = None, file_format: str = "csv") -> Iterator[Delivery]:
    """The files of one input. file_format decides only which bad rows there can be.

    With defects, rows of the last days may arrive up to ten days after the last day.
    """
    if defects is None:
        for day in range(plan.days):
            table = plan.table(name, day)
            if table.num_rows or day == 0:
                yield Delivery(name, day, file_name(plan, name, day), table)
        return
    damage = Damage(plan, defects)
    for day in range(plan.days + (LATEST_DAYS if name in FACT_INPUTS else 0)):
        table, kinds = _facts(damage, name, day) if name in FACT_INPUTS else damage.dimension(name, day)
        bad = tuple(damage.bad_rows(name, day, table, file_format)) if day < plan.days else ()
        if table.num_rows or bad:
            yield Delivery(name, day, file_name(plan, name, day), table, bad, {**kinds, "bad": len(bad)})


def file_name(plan: Plan, name: str, day: int) -> str:
    """Name of the file of that day, without ending: names sort as days do."""
    return f"{name}-{plan.date_of(day).isoformat()}"


def _facts(damage: Damage, name: str, day: int) -> tuple[pa.Table, dict[str, int]]:
    """What the file of that day holds: the day's own rows, then what comes late."""
    kinds: dict[str, int] = {}
    parts: list[pa.Table] = []
    if day < damage.plan.days:
        own = damage.facts(name, day)
        kinds.update(own.kinds)
        if name == PLAYER_INPUT:
            kinds.update(damage.plan.player_day(day).kinds)
        parts.append(own.own)
    for earlier in range(max(0, day - LATEST_DAYS), min(day, damage.plan.days)):
        for kind, rows in damage.facts(name, earlier).arriving(day):
            kinds[kind] = kinds.get(kind, 0) + rows.num_rows
            parts.append(rows)
    return (pa.concat_tables(parts) if parts else damage.facts(name, 0).own.slice(0, 0)), kinds
