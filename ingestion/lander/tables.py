"""A file of any format, opened as a table of text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.lander import delimited, lines, objects
from ingestion.lander.convert import BLANKS_SQL, name, quote
from ingestion.lander.sources import Inspection
from ingestion.lander.table import STREAM, Table, UnreadableError

OBJECT_LIMIT = 1 << 24  # bytes of one object; DuckDB takes twice as much for each thread
SLICE_BYTES = 96 << 20


def open_table(file: Inspection, wanted: Iterable[str], on_bytes: Callable[[int], None]) -> Table:
    """Open an inspected file. `wanted`: names that a JSON object may have beside those seen in its first lines.

    Raises UnreadableError when the format's own frame is broken.
    """
    if file.problem:
        raise UnreadableError(file.problem, f"{file.path}: {PROBLEMS[file.problem]}")
    if file.format == "parquet":
        return _parquet(file.path)
    if file.format == "csv":
        return _delimited(file, on_bytes)
    return _json(file, wanted, on_bytes)


PROBLEMS = {
    "unreadable_file": "the gzip stream is truncated or damaged",
    "empty_file": "the file is empty, without even a header",
    "not_utf8": "the file is UTF-16; save it as UTF-8",
}


def _delimited(file: Inspection, on_bytes: Callable[[int], None]) -> Table:
    dialect = delimited.sniff(file.head, tabs=".tsv" in file.path.suffixes)
    columns = {column: f"f{i}" for i, column in enumerate(dialect.header)}
    # pyarrow lets a quote that never closes swallow the rest of the file.
    attempts = [
        lambda: delimited.read(file, dialect, on_bytes),
        lambda: delimited.read_slowly(file, dialect, on_bytes),
    ]
    return Table(
        header=dialect.header,
        relation=STREAM,
        text=columns,
        raw=_object(columns),
        extra=lambda names: _object_of_present(columns, names),
        attempts=attempts[1:] if file.quotes % 2 else attempts,
        schema=delimited.schema(len(dialect.header)),
        is_empty=dialect.header_only and file.size <= len(file.head),
    )


def _object(columns: Mapping[str, str]) -> str:
    return "json_object(" + ", ".join(f"{quote(k)}, {v}" for k, v in columns.items()) + ")::varchar"


def _object_of_present(columns: Mapping[str, str], names: Iterable[str]) -> str:
    """JSON of those of the columns that are not blank; null when all are."""
    chosen = {n: f"nullif(trim({columns[n]}, {BLANKS_SQL}), '')" for n in names}
    if not chosen:
        return "null::varchar"
    parts = ", ".join(f"case when {v} is not null then {quote(json.dumps(n) + ':')} || to_json({columns[n]}) end"
                      for n, v in chosen.items())  # fmt: skip
    return f"nullif('{{' || concat_ws(',', {parts}) || '}}', '{{}}')"


def _json(file: Inspection, wanted: Iterable[str], on_bytes: Callable[[int], None]) -> Table:
    layout, seen = lines.sniff(file.head, only_lines=not {".ndjson", ".jsonl"}.isdisjoint(file.path.suffixes))
    if layout == "lines":
        return objects.of_lines(lambda: lines.read(file, on_bytes), wanted, seen)
    if not file.is_utf8:
        raise UnreadableError("not_utf8", f"{file.path}: a JSON {layout} that is not UTF-8; save it as UTF-8")
    packing = "gzip" if file.gzipped else "uncompressed"
    source = (
        "(select row_number() over () as source_row, null::varchar as framing, json::varchar as record "
        f"from read_json_objects({quote(str(file.path))}, format = '{layout}', compression = '{packing}', "
        f"maximum_object_size = {OBJECT_LIMIT}))"
    )
    return objects.table(source, wanted, seen)


def _parquet(path: Path) -> Table:
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise UnreadableError("unreadable_file", f"{path}: not a whole Parquet file ({error})") from error
    columns = {column: name(f"p_{i}") for i, column in enumerate(schema.names)}
    nested = {c: f"{columns[c]} is not null" for c in schema.names if pa.types.is_nested(schema.field(c).type)}
    picked = "".join(f", {name(c)}::varchar as {sql}" for c, sql in columns.items())
    relation = (
        f"(select file_row_number + 1 as source_row, null::varchar as problem, null::varchar as raw_text{picked} "
        f"from read_parquet({quote(str(path))}, file_row_number = true))"
    )
    return Table(
        header=list(schema.names),
        relation=relation,
        text=columns,
        raw=_object(columns),
        extra=lambda names: _object_of_present(columns, names),
        nested=nested,
    )


def slices(connection: duckdb.DuckDBPyConnection, table: Table, attempt: int) -> Iterator[int | None]:
    """Bind the stream piece by piece: the relation reads one piece each time this yields its number of rows.

    A COPY in DuckDB keeps all text that it got from Arrow until it ends, so that one COPY of a whole file
    would hold the whole file. Without a stream (DuckDB's own readers) there is one piece, its rows not counted.
    """
    if not table.attempts:
        yield None
        return
    batches = table.attempts[attempt]()
    first, is_bound = next(batches, None), False
    while first is not None or not is_bound:
        piece = pa.Table.from_batches(list(_piece(first, batches)), table.schema)
        connection.register(STREAM, piece)
        is_bound = True
        yield piece.num_rows
        connection.unregister(STREAM)
        first = next(batches, None)


def _piece(first: pa.RecordBatch | None, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    held, batch = 0, first
    while batch is not None:
        yield batch
        held += batch.nbytes
        batch = next(rest, None) if held < SLICE_BYTES else None
