"""CSV and TSV as record batches of text, each record with its number.

pyarrow reads it: DuckDB's own CSV reader was tried and loses records without a word (an open
quote at the end of a file, a truncated gzip, mixed line ends). What pyarrow cannot cut into
records (a quote that never closes, a record longer than a block) is cut in Python, slower.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from ingestion.lander.sources import Inspection, open_bytes

BLOCK = 1 << 20
RECORD_LIMIT = 1 << 22
DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True)
class Dialect:
    """The header as it stands in the file and the character between fields."""

    header: list[str]
    delimiter: str
    header_only: bool


def schema(width: int) -> pa.Schema:
    """source_row, problem (reason or null), raw_text (of a record with a problem), then f0 … fn as text."""
    names = [("source_row", pa.int64()), ("problem", pa.string()), ("raw_text", pa.string())]
    return pa.schema(names + [(f"f{i}", pa.string()) for i in range(width)])


def sniff(head: bytes, tabs: bool) -> Dialect:
    """Header and delimiter from the first bytes of a file. Of several delimiters the one that cuts most."""
    text = head.removeprefix(codecs.BOM_UTF8).decode("utf-8", errors="replace").lstrip("\r\n")
    best, rest = [""], ""
    chosen = "\t" if tabs else ","
    for delimiter in ("\t",) if tabs else DELIMITERS:
        stream = io.StringIO(text, newline="")
        names = next(csv.reader(stream, delimiter=delimiter), [""])
        if len(names) > len(best) or best == [""]:
            best, chosen, rest = names, delimiter, text[stream.tell() :]
    return Dialect(unique_names(best), chosen, header_only=not rest.strip())


def unique_names(names: list[str]) -> list[str]:
    """Names without blanks around them; nameless and repeated columns get a number."""
    seen: dict[str, int] = {}
    result = []
    for position, raw in enumerate(names, start=1):
        name = raw.strip() or f"column_{position}"
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return result


class Numbering:
    """Gives records their numbers: those that were refused keep theirs, the others fill the gaps."""

    def __init__(self) -> None:
        self.next = 1
        self.refused: set[int] = set()

    def take(self, count: int) -> Sequence[int]:
        """Numbers of the next `count` records that were not refused."""
        if not self.refused:
            numbers: Sequence[int] = range(self.next, self.next + count)
            self.next += count
            return numbers
        taken: list[int] = []
        while len(taken) < count:
            if self.next in self.refused:
                self.refused.discard(self.next)
            else:
                taken.append(self.next)
            self.next += 1
        return taken


def read(file: Inspection, dialect: Dialect, on_bytes: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
    """Record batches of `schema`; every record of the file stands in exactly one. pa.ArrowInvalid if it cannot."""
    width = len(dialect.header)
    refused: list[tuple[int, str]] = []
    numbering = Numbering()

    def refuse(row: arrow_csv.InvalidRow) -> str:
        refused.append((row.number - 1, row.text))  # the header is a row too
        numbering.refused.add(row.number - 1)
        return "skip"

    with open_bytes(file.path, file.gzipped) as stream:
        reader = arrow_csv.open_csv(
            _Counting(stream, on_bytes),
            arrow_csv.ReadOptions(
                use_threads=False,
                block_size=BLOCK,
                column_names=[f"f{i}" for i in range(width)],
                skip_rows_after_names=1,
                encoding="utf8" if file.is_utf8 else "latin-1",
            ),
            arrow_csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char='"',
                newlines_in_values=True,
                invalid_row_handler=refuse,
            ),
            arrow_csv.ConvertOptions(
                check_utf8=False,
                column_types={f"f{i}": pa.string() for i in range(width)},
                strings_can_be_null=False,
            ),
        )
        for batch in reader:
            yield framed(numbering.take(batch.num_rows), batch.columns, checked=file.is_utf8)
        if refused:
            yield from _refused_batches(refused, width, file.is_utf8)


class _Counting(io.RawIOBase):
    """A readable stream that reports how many bytes it gave out."""

    def __init__(self, stream: io.BufferedIOBase, on_bytes: Callable[[int], None]) -> None:
        self.stream, self.on_bytes = stream, on_bytes

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self.stream.read(size)
        self.on_bytes(len(block))
        return block


def framed(numbers: Sequence[int], columns: list[pa.Array], checked: bool) -> pa.RecordBatch:
    """One batch of whole records; where the file is not UTF-8, with the records that are not marked."""
    count = len(numbers)
    problem = raw_text = pa.nulls(count, pa.string())
    if not checked:
        bad: dict[int, None] = {}
        columns = [_as_utf8(column, bad) for column in columns]
        if bad:
            problem = pa.array(["not_utf8" if i in bad else None for i in range(count)], pa.string())
    return pa.record_batch([_int64(numbers), problem, raw_text, *columns], schema=schema(len(columns)))


def _int64(numbers: Sequence[int]) -> pa.Array:
    if isinstance(numbers, range):
        return pa.array(np.arange(numbers.start, numbers.stop, dtype=np.int64))
    return pa.array(numbers, pa.int64())


def _as_utf8(column: pa.Array, bad: dict[int, None]) -> pa.Array:
    """Undo the Latin-1 reading of a column value by value; a value that is not UTF-8 stays and marks its row."""
    if pc.all(pc.string_is_ascii(column)).as_py() is not False:
        return column
    values = column.to_pylist()
    for i, value in enumerate(values):
        text = utf8_of(value)
        if text is None:
            bad[i] = None
        else:
            values[i] = text
    return pa.array(values, pa.string())


def utf8_of(latin: str) -> str | None:
    """The text behind bytes that were read as Latin-1, None where they are not UTF-8."""
    try:
        return latin.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return None


def _refused_batches(refused: list[tuple[int, str]], width: int, checked: bool) -> Iterator[pa.RecordBatch]:
    numbers = pa.array([number for number, _ in refused], pa.int64())
    texts = [text if checked else (utf8_of(text) or text) for _, text in refused]
    problems = ["malformed_row" if checked or utf8_of(text) is not None else "not_utf8" for _, text in refused]
    yield refused_batch(numbers, problems, texts, width)


def refused_batch(numbers: pa.Array, problems: list[str], texts: list[str], width: int) -> pa.RecordBatch:
    """Records without fields: what is known of them is their number, their text and what is wrong."""
    empty = [pa.nulls(len(texts), pa.string())] * width
    columns = [numbers, pa.array(problems, pa.string()), pa.array(texts, pa.string()), *empty]
    return pa.record_batch(columns, schema=schema(width))


def read_slowly(file: Inspection, dialect: Dialect, on_bytes: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
    """The same as `read`, record by record in Python.

    Where a quote never closes, only the line that opens it is refused and reading goes on with the next.
    """
    width = len(dialect.header)
    good: list[list[str]] = []
    numbers: list[int] = []
    refused: list[tuple[int, str]] = []
    with open_bytes(file.path, file.gzipped) as stream:
        lines = io.TextIOWrapper(stream, "utf-8-sig" if file.is_utf8 else "latin-1", newline="")
        for number, text in enumerate(_records(lines, dialect.delimiter, on_bytes)):
            if number == 0:
                continue
            fields = _fields(text, dialect.delimiter)
            if fields is None or len(fields) != width:
                refused.append((number, text.rstrip("\r\n")))
            else:
                good.append(fields)
                numbers.append(number)
            if len(good) >= 20_000:
                yield _rows(numbers, good, width, file.is_utf8)
                good, numbers = [], []
    if good:
        yield _rows(numbers, good, width, file.is_utf8)
    if refused:
        yield from _refused_batches(refused, width, file.is_utf8)


def _rows(numbers: list[int], rows: list[list[str]], width: int, checked: bool) -> pa.RecordBatch:
    columns = [pa.array([row[i] for row in rows], pa.string()) for i in range(width)]
    return framed(numbers, columns, checked)


def _records(lines: Iterator[str], delimiter: str, on_bytes: Callable[[int], None]) -> Iterator[str]:
    """Cut lines into records: a record goes on while a quote is open, up to RECORD_LIMIT characters.

    When it does not close by then, its first line is a record by itself and the others are looked at anew.
    """
    waiting: deque[str] = deque()

    def next_line() -> str | None:
        if waiting:
            return waiting.popleft()
        line = next(lines, None)
        on_bytes(len(line or ""))
        return line

    while (line := next_line()) is not None:
        if not line.strip():
            continue
        taken, length, is_open = [line], len(line), _fields(line, delimiter) is None
        while is_open and length <= RECORD_LIMIT and (more := next_line()) is not None:
            taken.append(more)
            length += len(more)
            is_open = '"' not in more or _fields("".join(taken), delimiter) is None
        if is_open:
            waiting.extendleft(reversed(taken[1:]))
            del taken[1:]
        yield "".join(taken)


def _fields(record: str, delimiter: str) -> list[str] | None:
    """The fields of one record, None while a quote is open."""
    csv.field_size_limit(RECORD_LIMIT * 4)
    try:
        rows = list(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            return None
        rows = list(csv.reader(io.StringIO(record, newline=""), delimiter=delimiter))
    return rows[0] if len(rows) == 1 else None
