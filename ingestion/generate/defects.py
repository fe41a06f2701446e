"""Known damage: which rows of a day come twice, late, changed, or with ids that nobody knows.

Everything here is again a function of (seed, input, day): a day's damage does not depend on how many days there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.generate.bad_rows import BAD_KINDS, MALFORMED, BadRow
from ingestion.generate.changes import CHANGEABLE, changed_facts, changed_rows
from ingestion.generate.columns import decoded
from ingestion.generate.hashing import Bools, Ints, Stream, below, chance
from ingestion.generate.plan import PLAYER_INPUT, Plan

FACT_INPUTS = ("viewership_logs", "streams", "ad_revenue", PLAYER_INPUT)
CORRECTABLE = ("viewership_logs", "ad_revenue")  # and streams, where they have a length
LATEST_DAYS = 10
STRANGERS = {  # column to replace, and the id that no catalogue knows
    "viewership_logs": {"unknown_account": ("user_id", "U9"), "unknown_channel": ("channel_id", "CH9")},
    "streams": {"unknown_account": ("user_id", "9"), "unknown_content": ("track_id", "notInTheCatalogue")},
}
STRANGE_CHANNEL_NAME = "Pop-up Channel"
OPTIONAL = {
    "viewership_logs": (
        "genre", "region", "subscription_type", "device", "platform", "is_live", "duration_minutes", "ads_watched",
        "ad_revenue", "engagement_score", "buffer_count", "completion_percentage",
    ),
    "demographics": ("gender", "age_group", "region", "subscription_type"),
    "songs": ("artists", "popularity", "duration_ms"),
    "users": ("user_age", "user_country"),
}  # fmt: skip


@dataclass(frozen=True)
class Defects:
    """How much damage: `rate` of the rows for each kind (at least `least`), and `blank_rate` of the optional values."""

    rate: float = 0.002
    least: int = 2
    blank_rate: float = 0.01
    bad_rows_a_file: int = 3

    def count(self, rows: int) -> int:
        """How many rows of `rows` suffer each kind; never more than a tenth of them."""
        return min(max(self.least, round(rows * self.rate)), rows // 10)


@dataclass
class DamagedDay:
    """The rows that stem from one day: those that stand in its own file, and those that come with a later one."""

    own: pa.Table
    kinds: dict[str, int] = field(default_factory=dict)
    later: list[tuple[str, Ints, pa.Table]] = field(default_factory=list)  # kind, day of the file, rows

    def arriving(self, day: int) -> list[tuple[str, pa.Table]]:
        """The rows that come with the file of that later day, by kind."""
        found = [(kind, rows.filter(pa.array(days == day))) for kind, days, rows in self.later]
        return [(kind, rows) for kind, rows in found if rows.num_rows]


class Damage:
    """The damaged version of a plan's inputs."""

    def __init__(self, plan: Plan, defects: Defects) -> None:
        self.plan, self.defects = plan, defects
        # Rows that arrive up to ten days later are asked for again by the files of those days.
        self.facts = lru_cache(maxsize=(LATEST_DAYS + 2) * len(FACT_INPUTS))(self._facts)

    def _facts(self, name: str, day: int) -> DamagedDay:
        """One day of an input of facts: a log, bookings, player events."""
        table = self._blanked(name, day, decoded(self.plan.table(name, day)))
        kinds = ["duplicate", "disordered"] if name == PLAYER_INPUT else ["duplicate"]
        moved = len(kinds)
        kinds += ["repeated_later", "late", *(["corrected"] if self._can_be_corrected(name) else [])]
        strangers = STRANGERS.get(name, {})
        chosen = self._choose(name, day, table.num_rows, [*kinds, *strangers])
        for kind, (column, prefix) in strangers.items():
            table = _estranged(table, column, prefix, chosen[kind])
        stays = np.ones(table.num_rows, dtype=bool)
        stays[chosen["late"]] = False
        stays[chosen.get("disordered", chosen["late"])] = False
        at_the_end = [table.take(chosen[kind]) for kind in kinds[:moved]]
        own = pa.concat_tables([table.filter(pa.array(stays)), *at_the_end])
        damaged = DamagedDay(own, {kind: len(chosen[kind]) for kind in (*kinds[:moved], *strangers)})
        for kind in kinds[moved:]:
            rows = table.take(chosen[kind])
            if kind == "corrected":
                rows = changed_facts(name, rows)
            hashed = Stream(self.plan.seed, f"defect/{name}/{kind}/delay")((np.int64(day) << 36) + chosen[kind])
            damaged.later.append((kind, day + 1 + below(hashed, LATEST_DAYS), rows))
        return damaged

    def _can_be_corrected(self, name: str) -> bool:
        return name in CORRECTABLE or (name == "streams" and self.plan.reported_share > 0)

    def _choose(self, name: str, day: int, rows: int, kinds: Sequence[str]) -> dict[str, Ints]:
        """Different rows for each kind: those with the smallest hashes, dealt out in turn."""
        count = self.defects.count(rows)
        order = np.argsort(Stream(self.plan.seed, f"defect/{name}")((np.int64(day) << 36) + np.arange(rows)))
        return {kind: np.sort(order[turn * count : (turn + 1) * count]) for turn, kind in enumerate(kinds)}

    def _blanked(self, name: str, day: int, table: pa.Table) -> pa.Table:
        """The table with a share of its optional values left empty."""
        counters = (np.int64(day) << 36) + np.arange(table.num_rows)
        for column in OPTIONAL.get(name, ()):
            empty = chance(Stream(self.plan.seed, f"blank/{name}/{column}")(counters), self.defects.blank_rate)
            table = _replaced(table, column, empty, None)
        return table

    def dimension(self, name: str, day: int) -> tuple[pa.Table, dict[str, int]]:
        """The dimension file of that day, and its damage by kind: what is new, changed rows, repeated rows."""
        fresh = self._blanked(name, day, decoded(self.plan.table(name, day)))
        kinds: dict[str, int] = {}
        parts = [fresh]
        # On the first day only demographics contradicts itself, as the real one does.
        if name in CHANGEABLE and (day > 0 or name == "demographics"):
            kind, changed = changed_rows(self.plan, self.defects.count, name, day)
            parts.append(decoded(changed))
            kinds[kind] = changed.num_rows
        table = pa.concat_tables(parts)
        count = min(self.defects.least, table.num_rows)
        kinds["duplicate"] = count
        return pa.concat_tables([table, table.slice(0, count)]), kinds

    def bad_rows(self, name: str, day: int, table: pa.Table, file_format: str) -> list[BadRow]:
        """Bad rows for the file of that day, made from its good rows; Parquet can't hold those that need text."""
        kinds = [kind for kind in BAD_KINDS[name] if file_format in MALFORMED or not kind.as_text]
        if name not in FACT_INPUTS and day > 0:
            return []
        wanted = len(kinds) if name not in FACT_INPUTS else min(self.defects.bad_rows_a_file, len(kinds))
        rows: list[BadRow] = []
        for place in range(wanted if table.num_rows else 0):
            kind = kinds[(day * wanted + place) % len(kinds)]
            base = table.slice((place * 7919 + 1) % table.num_rows, 1).to_pylist()[0]
            rows.append(BadRow({**base, **kind.values}, kind.reasons))
        if rows and name in FACT_INPUTS and file_format in MALFORMED:
            rows.append(BadRow(table.slice(0, 1).to_pylist()[0], (MALFORMED[file_format],), is_malformed=True))
        return rows


def _replaced(table: pa.Table, column: str, where: Bools, value: object) -> pa.Table:
    place = table.schema.get_field_index(column)
    kind = table.schema.field(place).type
    new = pc.if_else(pa.array(where, pa.bool_()), pa.scalar(value, kind), table.column(place))
    return table.set_column(place, column, new)


def _estranged(table: pa.Table, column: str, prefix: str, chosen: Ints) -> pa.Table:
    """The chosen rows with an id that stands in no catalogue."""
    texts = table.column(column).to_pylist()
    for turn, row in enumerate(chosen.tolist()):
        texts[row] = f"{prefix}{900_000 + row * 16 + turn}" if column != "channel_id" else f"{prefix}{turn % 3}"
    table = table.set_column(table.schema.get_field_index(column), column, pa.array(texts, pa.string()))
    if column == "channel_id":
        where = np.zeros(table.num_rows, dtype=bool)
        where[chosen] = True
        table = _replaced(table, "channel_name", where, STRANGE_CHANNEL_NAME)
    return table
