"""NDJSON as record batches of lines, and a look at how a JSON file is laid out."""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.contract.rules import BLANKS
from ingestion.lander import delimited
from ingestion.lander.sources import Inspection, open_bytes

SAMPLE = 200
#: What json raises for a text that is broken, or nested beyond reason.
UNREADABLE = (ValueError, RecursionError)


def sniff(head: bytes, only_lines: bool) -> tuple[str, list[tuple[str, ...]]]:
    """How the objects stand in the file, and the different lists of keys among the first ones."""
    layout, objects = look(head, only_lines)
    return layout, list(dict.fromkeys(tuple(one) for one in objects))


def layouts(texts: Iterable[str]) -> list[tuple[str, ...]]:
    """The different lists of keys among records of which each is one JSON text; give a sample."""
    return list(dict.fromkeys(tuple(one) for one in map(_decoded, texts) if isinstance(one, dict)))


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
    except UNREADABLE:
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
        except UNREADABLE:
            return
        if isinstance(value, dict):
            yield value


def read(file: Inspection, on_bytes: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
    """One record a line, in the schema of `delimited.schema(1)`; blank lines are none.

    pyarrow's CSV reader with a separator that never comes takes longer, and stops at a line longer than a block.
    """
    number = 1
    with open_bytes(file.path, file.gzipped) as stream:
        if stream.peek(len(codecs.BOM_UTF8)).startswith(codecs.BOM_UTF8):
            stream.read(len(codecs.BOM_UTF8))
        for buffer, size in _whole_lines(stream, on_bytes):
            found = _cut(buffer, size) if file.is_utf8 else _cut(*_as_latin(buffer, size))
            yield delimited.framed(range(number, number + len(found)), [found], file.is_utf8)
            number += len(found)


def _whole_lines(stream: io.BufferedIOBase, on_bytes: Callable[[int], None]) -> Iterator[tuple[bytearray, int]]:
    """A buffer and how many of its bytes are whole lines, until the next is asked for.

    The same memory each time: memory that is new to the process costs more than cutting the lines in it.
    """
    buffer, held = bytearray(delimited.BLOCK), 0
    while got := stream.readinto(memoryview(buffer)[held:]):
        on_bytes(got)
        held += got
        # A carriage return at the end may be half of the end of a line.
        end = max(buffer.rfind(b"\n", 0, held), buffer.rfind(b"\r", 0, held - 1)) + 1
        if end:
            yield buffer, end
            held -= end
            buffer[:held] = buffer[end : end + held]
        elif held == len(buffer):
            buffer = buffer + bytearray(held)
    if held:
        yield buffer, held


def _as_latin(buffer: bytearray, size: int) -> tuple[bytearray, int]:
    text = bytearray(buffer[:size].decode("latin-1").encode())
    return text, len(text)


def _cut(buffer: bytearray, size: int) -> pa.StringArray:
    """The lines of a text, without blank ones."""
    if buffer.find(b"\r", 0, size) >= 0:
        buffer = buffer[:size].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        size = len(buffer)
    bounds = pa.array([0, size - buffer.endswith(b"\n", 0, size)], pa.int32()).buffers()[1]
    found = pc.split_pattern(pa.StringArray.from_buffers(1, bounds, pa.py_buffer(buffer)), "\n").flatten()
    if pc.any(pc.less(found, "!")).as_py():  # only then a line can be blank
        found = found.filter(pc.not_equal(pc.utf8_trim(found, BLANKS), ""))
    return found
