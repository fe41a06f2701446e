"""The first rows of a file as columns of text, with a JSON pointer for what lies deeper in an object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq

from ingestion.lander import lines, sources, tables
from ingestion.lander.table import UnreadableError

ROWS = 1_000
TEXTS = 200


@dataclass(frozen=True)
class Sample:
    """Rows as column -> text; a column that has nothing in a row is absent there. columns: in their order."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]

    def texts(self, column: str) -> list[str]:
        """The different values of a column, in the order in which they come, up to TEXTS."""
        return list(dict.fromkeys(row[column] for row in self.rows if column in row))[:TEXTS]


def take(path: Path) -> Sample:
    """The first rows of a file of any format that can be landed. Raises UnreadableError."""
    file = sources.inspect(path)
    if file.problem:
        raise UnreadableError(file.problem, f"{path}: {tables.PROBLEMS[file.problem]}")
    readers = {"csv": _delimited, "json": _objects, "parquet": _parquet}
    rows = [_present(row) for row in islice(readers[file.format](file), ROWS)]
    columns = tuple(dict.fromkeys(column for row in rows for column in row))
    if not columns:
        raise UnreadableError("empty_file", f"{path}: no row with a value to look at")
    return Sample(path, columns, tuple(rows))


def _present(row: dict[str, str | None]) -> dict[str, str]:
    return {column: text for column, text in row.items() if text is not None and text.strip()}


def _delimited(file: sources.Inspection) -> Iterator[dict[str, str | None]]:
    table = tables.open_table(file, (), lambda _: None)
    for batch in table.attempts[0]():
        for row in batch.to_pylist():
            yield {column: row[place] for column, place in table.text.items()}


def _parquet(file: sources.Inspection) -> Iterator[dict[str, str | None]]:
    for batch in pq.ParquetFile(file.path).iter_batches(ROWS):
        for row in batch.to_pylist():
            yield {column: None if value is None else _text(value) for column, value in row.items()}


def _objects(file: sources.Inspection) -> Iterator[dict[str, str | None]]:
    _, found = lines.look(file.head, only_lines=not {".ndjson", ".jsonl"}.isdisjoint(file.path.suffixes))
    for one in found:
        yield {name: text for key, value in one.items() for name, text in _leaves(key, "/" + _escaped(key), value)}


def _leaves(name: str, pointer: str, value: object) -> Iterator[tuple[str, str | None]]:
    """The texts below a value: an object's members, and the first of an array."""
    if isinstance(value, dict):
        for key, inner in value.items():
            below = f"{pointer}/{_escaped(key)}"
            yield from _leaves(below, below, inner)
    elif isinstance(value, list):
        for inner in value[:1]:
            yield from _leaves(f"{pointer}/0", f"{pointer}/0", inner)
    else:
        yield name, None if value is None else _text(value)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _text(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)
