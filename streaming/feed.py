"""What a producer sends: the lines of files, or of the generator's days, each with its stream and its key."""

from __future__ import annotations

import codecs
import csv
import hashlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ingestion import contract as contracts
from ingestion.generate.defects import Defects
from ingestion.generate.deliveries import deliveries
from ingestion.generate.plan import Plan
from ingestion.generate.write import write_delivery
from ingestion.lander.lines import SAMPLE, UNREADABLE
from ingestion.lander.sources import GZIP_MAGIC, SUFFIXES, open_bytes
from streaming.settings import INPUTS, StreamError

#: Lines taken from each stream in turn, so that the streams of a generated day run side by side.
TURN = 100


class Record(NamedTuple):
    """One event on its way: the input (which names the stream), its key there, and the JSON as it stands.

    events: how many events it holds, more than one where they are packed.
    """

    input: str
    key: str
    value: bytes
    events: int = 1


class Keys:
    """The key of a line: a digest of its session, or of the line itself where no session can be read from it.

    One session is little, so keys spread evenly; keys such as the region would leave most shards idle.
    """

    def __init__(self, input_name: str) -> None:
        self._contract = contracts.load(input_name)
        self._layouts: dict[tuple[str, ...], tuple[str, ...] | None] = {}

    def of(self, line: bytes) -> str:
        """16 hexadecimal digits: nothing of a person can be read from a key."""
        session = self._session(line)
        text = "\0".join(session).encode() if session else line
        return hashlib.blake2b(text, digest_size=8).hexdigest()

    def _session(self, line: bytes) -> list[str] | None:
        try:
            found = json.loads(line)
        except UNREADABLE:
            return None
        columns = self._columns(found) if isinstance(found, dict) else None
        values = [found.get(column) for column in columns or ()]
        return [str(value) for value in values] if values and None not in values else None

    def _columns(self, found: dict[str, Any]) -> tuple[str, ...] | None:
        """Where an object with these keys has its session; None if it lacks a part of it."""
        layout = tuple(found)
        if layout not in self._layouts:
            places = self._contract.resolve(layout)
            wanted = [places.get(field) for field in INPUTS[self._contract.name]]
            self._layouts[layout] = tuple(filter(None, wanted)) if None not in wanted else None
        return self._layouts[layout]


def of_files(paths: Sequence[Path], input_name: str | None) -> Iterator[Record]:
    """The records of files, one after the other: lines of NDJSON as they are, lines of CSV as objects of texts.

    Raises:
        StreamError: a file of another format, or of an input that does not come as a stream.
    """
    for path in paths:
        name, lines = _opened(path, input_name)
        keys = Keys(name)
        yield from (Record(name, keys.of(line), line) for line in lines)


def of_generator(plan: Plan, defects: Defects | None = None) -> Iterator[Record]:
    """What the generator makes of `plan`, day by day, the streams side by side; a day at a time is on disk."""
    sources = {name: deliveries(plan, name, defects, "ndjson") for name in INPUTS if name in plan.inputs}
    keys = {name: Keys(name) for name in sources}
    with tempfile.TemporaryDirectory(prefix="media-produce-") as folder:
        while today := [delivery for source in sources.values() if (delivery := next(source, None))]:
            files = [write_delivery(delivery, Path(folder), "ndjson") for delivery in today]
            lines = [_lines(file) for file in files]
            for number, line in _in_turns(lines):
                name = today[number].input
                yield Record(name, keys[name].of(line), line)
            for file in files:
                file.unlink()


def _in_turns(sources: Sequence[Iterator[bytes]]) -> Iterator[tuple[int, bytes]]:
    """A few lines of each source with its number, again and again until all are at their end."""
    left = dict(enumerate(sources))
    while left:
        for number in list(left):
            lines = list(islice(left[number], TURN))
            yield from ((number, line) for line in lines)
            if len(lines) < TURN:
                del left[number]


def _opened(path: Path, input_name: str | None) -> tuple[str, Iterator[bytes]]:
    """The input of a file, by name or by its columns, and its lines as JSON."""
    form = SUFFIXES.get(Path(path.name.lower().removesuffix(".gz")).suffix)
    if path.name.lower().endswith((".tsv", ".tsv.gz", ".json", ".json.gz")) or form not in ("csv", "json"):
        raise StreamError(f"{path}: only NDJSON (.ndjson, .jsonl) and CSV, also .gz, can be sent line by line")
    rows = _rows(path) if form == "csv" else None
    header = next(rows, []) if rows is not None else _keys_of(islice(_lines(path), SAMPLE))
    found = input_name or contracts.recognise(header).name
    if found not in INPUTS:
        raise StreamError(f"{path}: {found} does not come as a stream ({', '.join(INPUTS)} do); use `media land`")
    return found, _lines(path) if rows is None else _as_objects(header, rows)


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file that are not blank, as bytes: what is broken in them is sent as it is."""
    return (text for line in _physical(path) if (text := line.rstrip(b"\r\n")).strip())


def _physical(path: Path) -> Iterator[bytes]:
    """The lines with their ends, unpacked, without a byte order mark."""
    with path.open("rb") as file:
        gzipped = file.read(2) == GZIP_MAGIC
    with open_bytes(path, gzipped) as stream:
        yield next(stream, b"").removeprefix(codecs.BOM_UTF8)
        yield from stream


def _keys_of(lines: Iterable[bytes]) -> list[str]:
    """The keys of the first objects, each once."""
    keys: dict[str, None] = {}
    for line in lines:
        try:
            found = json.loads(line)
        except UNREADABLE:
            continue
        keys.update(dict.fromkeys(found if isinstance(found, dict) else ()))
    return list(keys)


def _rows(path: Path) -> Iterator[list[str]]:
    """The header and the rows of a CSV, with the line where it is no UTF-8 in the error."""
    try:
        yield from (row for row in csv.reader(line.decode() for line in _physical(path)) if row)
    except (UnicodeDecodeError, csv.Error) as error:
        raise StreamError(f"{path}: cannot be read line by line ({error}); use `media land`") from error


def _as_objects(header: Sequence[str], rows: Iterator[list[str]]) -> Iterator[bytes]:
    """Rows as objects; one with a wrong number of cells as an array, which the check refuses with its text kept."""
    for row in rows:
        value: object = dict(zip(header, row, strict=True)) if len(row) == len(header) else row
        yield json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
