"""Two sets of tables, compared by row count, key set and exact cells."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from tests.parity.rows import Row, TableRows

MANY = 20


@dataclass(frozen=True)
class Difference:
    """One cell, or one row (column is "") that only one side has."""

    table: str
    key: dict[str, str | None]
    column: str
    reference: str | None
    other: str | None


@dataclass
class Verdict:
    """How one table of a target compares with the reference. `differences` holds the first MANY of them."""

    table: str
    rows: int
    digest: str
    missing_rows: int = 0
    extra_rows: int = 0
    repeated_rows: int = 0
    differing_cells: int = 0
    differences: list[Difference] = field(default_factory=list)

    @property
    def is_equal(self) -> bool:
        """Same keys, same cells, no key twice."""
        return not (self.missing_rows or self.extra_rows or self.repeated_rows or self.differing_cells)


def digest(table: TableRows) -> str:
    """SHA-256 of all cells in the order of the keys: equal for equal tables, on every engine."""
    whole = hashlib.sha256(json.dumps([table.columns, table.key]).encode())
    for key in sorted(table.rows, key=_order):
        whole.update(json.dumps(table.rows[key], ensure_ascii=False).encode())
    return whole.hexdigest()


def _order(key: Row) -> list[tuple[bool, str]]:
    return [(value is None, value or "") for value in key]


def compare(name: str, reference: TableRows, other: TableRows) -> Verdict:
    """Compare one table with the reference's."""
    verdict = Verdict(name, len(other.rows) + other.repeated, digest(other), repeated_rows=other.repeated)
    for key in sorted(reference.rows.keys() | other.rows.keys(), key=_order):
        left, right = reference.rows.get(key), other.rows.get(key)
        named = dict(zip(reference.key, key, strict=True))
        if left is None or right is None:
            verdict.missing_rows += right is None
            verdict.extra_rows += left is None
            found = [
                Difference(name, named, "", "no row" if left is None else "row", "no row" if right is None else "row")
            ]
        else:
            found = _cells(name, named, reference.columns, left, right)
            verdict.differing_cells += len(found)
        verdict.differences += found[: MANY - len(verdict.differences)]
    return verdict


def _cells(name: str, key: dict[str, str | None], columns: tuple[str, ...], left: Row, right: Row) -> list[Difference]:
    if left == right:
        return []
    return [Difference(name, key, column, a, b) for column, a, b in zip(columns, left, right, strict=True) if a != b]


def compare_all(reference: dict[str, TableRows], other: dict[str, TableRows]) -> list[Verdict]:
    """Every table of the reference; one that the other does not have counts as all rows missing."""
    return [
        compare(name, table, other.get(name, TableRows(table.columns, table.key, {})))
        for name, table in sorted(reference.items())
    ]
