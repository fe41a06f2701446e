"""NDJSON as record batches of lines, and a look at how a JSON file is laid out."""

from __future__ import annotations

import codecs
import json
from bisect import bisect_left
from collections.abc import Callable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.contract.rules import BLANKS
from ingestion.lander import delimited
from ingestion.lander.sources import Inspection, open_bytes

SAMPLE = 200
#: No JSON text holds this character unescaped, so a line stays in one piece.
SEPARATOR = "\x01"


def sniff(head: bytes, only_lines: bool) -> tuple[str, list[tuple[str, ...]]]:
    """How the objects stand in the file, and the different lists of keys among the first ones."""
    layout, objects = look(head, only_lines)
    return layout, list(dict.fromkeys(tuple(one) for one in objects))


def look(head: bytes, only_lines: bool) -> tuple[str, list[dict[str, object]]]:
    """How the objects stand in the file, and the first of them.

    'lines' (one a line), 'array' (one array of them) or 'unstructured' (one after the other, over several lines).
    only_lines: the file's name says that it is NDJSON.
    """
    text = head.removeprefix(codecs.BOM_UTF8).decode("utf-8", errors="replace").lstrip()
    first = text.split("\n", 1)[0]
    if only_lines:
        return "lines", _of_lines(text)
    if text.startswith("[") and not _is_record(first, text):
        return "array", list(_objects(text[1:]))
    if text.startswith("{") and _decoded(first) is None and next(_objects(text), None) is not None:
        return "unstructured", list(_objects(text))
    return "lines", _of_lines(text)


def _of_lines(text: str) -> list[dict[str, object]]:
    sample = (_decoded(line) for line in text.split("\n")[:SAMPLE])
    return [one for one in sample if isinstance(one, dict)]


def _is_record(first: str, text: str) -> bool:
    """A first line that is an array by itself, with objects on the lines after it, is a bad record of NDJSON."""
    following = text[len(first) :].strip()
    return _decoded(first) is not None and following.startswith("{")


def _decoded(line: str) -> object | None:
    try:
        value: object = json.loads(line)
    except ValueError:
        return None
    return value


def _objects(text: str) -> Iterator[dict[str, object]]:
    """Objects that follow each other, with commas or blanks between, as far as they are whole."""
    decoder, position = json.JSONDecoder(), 0
    for _ in range(SAMPLE):
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        try:
            value, position = decoder.raw_decode(text, position)
        except ValueError:
            return
        if isinstance(value, dict):
            yield value


def read(file: Inspection, on_bytes: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
    """One record a line, in the schema of `delimited.schema(1)`; blank lines are none."""
    dialect = delimited.Dialect(["line"], SEPARATOR, header_only=False)
    blank: list[int] = []  # numbers of lines of white space, which pyarrow takes for records
    for batch in delimited.read(file, dialect, on_bytes, lines=True):
        yield _without_blank(batch, blank)


def _without_blank(batch: pa.RecordBatch, blank: list[int]) -> pa.RecordBatch:
    """The batch without its lines of white space, which are added to `blank`; those that follow move up."""
    line = batch.column("f0")
    if pc.any(pc.less(line, "!")).as_py():  # only such a line can be blank, and few begin so
        is_blank = pc.fill_null(pc.equal(pc.utf8_trim(line, BLANKS), ""), False)
        blank += batch.column("source_row").filter(is_blank).to_pylist()
        batch = batch.filter(pc.invert(is_blank))
    if not blank:
        return batch
    numbers = [number - bisect_left(blank, number) for number in batch.column("source_row").to_pylist()]
    return batch.set_column(0, "source_row", pa.array(numbers, pa.int64()))


def read_slowly(file: Inspection, on_bytes: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
    """The same for lines that are longer than a block."""
    encoding = "utf-8-sig" if file.is_utf8 else "latin-1"
    with open_bytes(file.path, file.gzipped) as stream:
        number = 0
        for raw in stream:
            on_bytes(len(raw))
            line = raw.decode(encoding).strip("\r\n")
            if line.strip():
                number += 1
                yield delimited.framed([number], [pa.array([line], pa.string())], file.is_utf8)
