"""The table of good and bad cases as typed objects; `cases.yml` says what each key means."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ingestion import contract

FILE = Path(__file__).with_name("cases.yml")
KEYS = {"name", "input", "row", "drop", "raw", "format", "encoding", "arrived_at", "reasons", "canonical", "extra"}


@dataclass(frozen=True)
class Case:
    """One record and what must come of it. `row` or `raw` is set, never both."""

    name: str
    input: str
    arrived_at: dt.datetime  # UTC, without zone
    reasons: tuple[str, ...] = ()
    row: dict[str, str | None] | None = None  # column as it stands in the file -> text
    raw: bytes | None = None
    format: str | None = None  # of raw: csv or ndjson
    canonical: dict[str, Any] = field(default_factory=dict)  # field -> typed value
    extra: dict[str, Any] | None = None

    @property
    def is_accepted(self) -> bool:
        return not self.reasons

    @property
    def lacks_column(self) -> bool:
        """The file as a whole is refused, because a required column is not in its header."""
        return any(reason.startswith("missing_column:") for reason in self.reasons)

    def csv_bytes(self) -> bytes:
        """The row as a CSV file with its header; null is a blank field."""
        assert self.row is not None
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.row)
        writer.writerow("" if value is None else value for value in self.row.values())
        return text.getvalue().encode()

    def json_bytes(self) -> bytes:
        """The row as one JSON line with every value a string; names trimmed and in lower case, as JSON must."""
        assert self.row is not None
        named = {contract.normalise_name(column): value for column, value in self.row.items()}
        return (json.dumps(named, ensure_ascii=False) + "\n").encode()


@cache
def all_cases() -> tuple[Case, ...]:
    """Every case of the table; ValueError for a key or a value that the table must not have."""
    table = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return tuple(_case(entry, table) for entry in table["cases"])


def row_cases() -> tuple[Case, ...]:
    """The cases that can be delivered in any format, and one by one or many in a file of their own columns."""
    return tuple(case for case in all_cases() if case.row is not None)


def raw_cases(form: str) -> tuple[Case, ...]:
    """The cases whose text matters, of one format (csv or ndjson)."""
    return tuple(case for case in all_cases() if case.format == form)


def _case(entry: dict[str, Any], table: dict[str, Any]) -> Case:
    unknown = set(entry) - KEYS
    if unknown:
        raise ValueError(f"case {entry.get('name')!r}: unknown keys {sorted(unknown)}")
    raw = entry.get("raw")
    return Case(
        name=entry["name"],
        input=entry["input"],
        arrived_at=dt.datetime.fromisoformat(entry.get("arrived_at", table["arrived_at"])),
        reasons=tuple(entry.get("reasons", ())),
        row=_row(entry, table["bases"]) if raw is None else None,
        raw=None if raw is None else raw.encode(entry.get("encoding", "utf-8")),
        format=entry.get("format"),
        canonical=_typed(entry["input"], entry.get("canonical", {})),
        extra=entry.get("extra"),
    )


def _row(entry: dict[str, Any], bases: dict[str, dict[str, str]]) -> dict[str, str | None]:
    dropped = entry.get("drop", [])
    base = {column: text for column, text in bases[entry["input"]].items() if column not in dropped}
    row = {**base, **entry.get("row", {})}
    for column, text in row.items():
        if text is not None and not isinstance(text, str):
            raise ValueError(f"case {entry['name']!r}: {column} is a {type(text).__name__}; put it in quotes")
    return row


def _typed(name: str, values: dict[str, Any]) -> dict[str, Any]:
    return {column: _value(contract.load(name).field(column).type, value) for column, value in values.items()}


def _value(kind: str, value: Any) -> Any:
    readers = {"decimal": Decimal, "date": dt.date.fromisoformat, "timestamp": dt.datetime.fromisoformat}
    return value if value is None or kind not in readers else readers[kind](value)
