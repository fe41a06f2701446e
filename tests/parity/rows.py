"""Rows of a result as exact texts, the same whatever type an adapter hands a value over in."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

Row = tuple[str | None, ...]


@dataclass(frozen=True)
class TableRows:
    """One table: its columns in order, those of its key, and key -> cells (texts; null is None)."""

    columns: tuple[str, ...]
    key: tuple[str, ...]
    rows: dict[Row, Row]
    repeated: int = 0


def cell(value: object, data_type: str) -> str | None:
    """The exact text of a value of a portable type; a value that is none of that type keeps its own text.

    Engines hand decimals over as texts, booleans as words and dates as timestamps; none of that is a difference.
    """
    if value is None:
        return None
    try:
        if data_type == "bigint" or data_type.startswith("decimal"):
            return _number(Decimal(str(value)))
        if data_type == "boolean":
            return {"true": "true", "false": "false"}[str(value).lower()]
        if data_type == "date":
            return _date(value)
        if data_type == "timestamp":
            return _timestamp(value)
    except (ArithmeticError, ValueError, KeyError):
        return f"not a {data_type}: {value!r}"
    return str(value)


def _number(value: Decimal) -> str:
    return format(value.normalize() + 0, "f")


def _date(value: object) -> str:
    if isinstance(value, datetime):
        if value.time() != datetime.min.time():
            raise ValueError(value)
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else date.fromisoformat(str(value)[:10]).isoformat()


def _timestamp(value: object) -> str:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).replace(tzinfo=None).isoformat(" ")


def keyed(columns: Iterable[str], key: Iterable[str], rows: Iterable[Row]) -> TableRows:
    """Rows by their key; of rows with one key the last stays, and `repeated` says how many went."""
    columns, key = tuple(columns), tuple(key)
    places = [columns.index(column) for column in key]
    found: dict[Row, Row] = {}
    count = 0
    for row in rows:
        count += 1
        found[tuple(row[place] for place in places)] = row
    return TableRows(columns, key, found, count - len(found))


def write_rows(path: Path, tables: dict[str, TableRows]) -> None:
    """One line a table, then one line a row."""
    with path.open("w", encoding="utf-8") as file:
        for name, table in tables.items():
            head = {"table": name, "columns": table.columns, "key": table.key, "repeated": table.repeated}
            file.write(json.dumps(head) + "\n")
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in table.rows.values())


def read_rows(path: Path) -> dict[str, TableRows]:
    """What `write_rows` wrote."""
    tables: dict[str, TableRows] = {}
    with path.open(encoding="utf-8") as file:
        for line in file:
            content = json.loads(line)
            if isinstance(content, dict):
                table = TableRows(tuple(content["columns"]), tuple(content["key"]), {}, content["repeated"])
                tables[content["table"]] = table
                places = [table.columns.index(column) for column in table.key]
            else:
                table.rows[tuple(content[place] for place in places)] = tuple(content)
    return tables
