"""What every format is opened as: one relation of text that the check can be written over.

Every relation has source_row (record number from 1), problem (why the record has no fields, or
null) and raw_text (its text, where there is a problem), and one row for each record of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

STREAM = "incoming"


class UnreadableError(Exception):
    """No row of the file can be taken; `reasons` are those of the quarantine."""

    def __init__(self, reasons: str | list[str], detail: str) -> None:
        super().__init__(detail)
        self.reasons = [reasons] if isinstance(reasons, str) else reasons


@dataclass
class Table:
    """A file opened for one reading.

    header: its column names; text: column -> SQL of its text; nested: column -> SQL, true where it holds an
    object or array; raw: SQL of the whole record as JSON; extra: unknown columns -> SQL of a
    JSON object of those that are not blank, over the relation and the column `leftover`, which is what `leftover`
    makes of the columns of each field. by_object: each record has keys of its own (JSON), not the file.
    others: a table of the rows that `relation` leaves out.
    attempts: ways to bind the stream that `relation` reads, the fast one first; none for DuckDB's own readers.
    """

    header: list[str]
    relation: str
    text: Mapping[str, str]
    raw: str
    extra: Callable[[list[str]], str]
    nested: Mapping[str, str] = field(default_factory=dict)
    attempts: list[Callable[[], Iterator[pa.RecordBatch]]] = field(default_factory=list)
    schema: pa.Schema | None = None
    leftover: Callable[[list[list[str]]], str] = lambda taken: "null::varchar"  # noqa: ARG005
    is_empty: bool = False
    by_object: bool = False
    others: Table | None = None

    @property
    def names(self) -> list[str]:
        """Every column name of the file, for telling the input."""
        return self.others.header if self.others else self.header
