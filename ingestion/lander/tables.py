"""A file of any format as one relation of text that the check can be written over.

Every relation has source_row (record number from 1), problem (why the record has no fields, or
null) and raw_text (its text, where there is a problem), and one row for each record of the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.lander import delimited, lines
from ingestion.lander.convert import BLANKS_SQL, name, quote
from ingestion.lander.sources import Inspection

STREAM = "incoming"
OBJECT_LIMIT = 1 << 24  # bytes of one object; DuckDB takes twice as much for each thread
SLICE_BYTES = 96 << 20
MANY_LAYOUTS = 8


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
    keys = _distinct([*(key for one in seen for key in one), *wanted])
    if layout == "lines":
        source = f"(select source_row, problem as framing, f0 as record from {STREAM})"
        table = _objects(source, keys, seen)
        table.attempts = [lambda: lines.read(file, on_bytes), lambda: lines.read_slowly(file, on_bytes)]
        table.schema = delimited.schema(1)
    else:
        if not file.is_utf8:
            raise UnreadableError("not_utf8", f"{file.path}: a JSON {layout} that is not UTF-8; save it as UTF-8")
        packing = "gzip" if file.gzipped else "uncompressed"
        table = _objects(
            "(select row_number() over () as source_row, null::varchar as framing, json::varchar as record "
            f"from read_json_objects({quote(str(file.path))}, format = '{layout}', compression = '{packing}', "
            f"maximum_object_size = {OBJECT_LIMIT}))",
            keys,
            seen,
        )
    return table


def of_records(connection: duckdb.DuckDBPyConnection, source: str, wanted: Iterable[str]) -> Table:
    """JSON objects that stand in a relation (source_row, record), as a replay reads them from quarantine."""
    found = connection.execute(
        f"select distinct unnest(json_keys(record)) as key from (select record from {source} limit {lines.SAMPLE})"
    ).fetchall()
    seen = sorted(key for (key,) in found)
    return _objects(f"(select source_row, null::varchar as framing, record from {source})", _distinct([*seen, *wanted]))


def _objects(source: str, keys: list[str], seen: Sequence[tuple[str, ...]] = ()) -> Table:
    """The table over a relation of JSON texts: source_row, framing (a problem found before, or null), record.

    seen: lists of keys that many objects have; those are told by one comparison, in `layout`, instead of
    key by key, which costs more than all the rest.
    """
    layouts = [one for one in seen if one and len(set(one)) == len(one)][:MANY_LAYOUTS]
    layout = " ".join(f"when keys = {_list(one)} then {i}" for i, one in enumerate(layouts)) or "when false then 0"
    structure = quote(json.dumps(dict.fromkeys(keys, "VARCHAR")))
    relation = f"""(
    select source_row, found as problem, case when found is not null then record end as raw_text, record, layout,
        case when found is null then json_transform(record, {structure}) end as fields
    from (
        select source_row, record, layout, case when framing is not null then framing
            when layout is not null then null
            when keys is null then 'malformed_json'
            when not starts_with(ltrim(record, {BLANKS_SQL}), '{{') then 'not_an_object'
            when len(list_distinct(keys)) <> len(keys) then 'malformed_json' end as found
        from (
            select *, case {layout} end as layout
            from (select *, case when framing is null then try(json_keys(record)) end as keys from {source})
        )
    ))"""
    text = {key: f"fields.{name(key)}" for key in keys}
    return Table(
        header=keys,
        relation=relation,
        text=text,
        raw="record",
        leftover=lambda taken: _rest(taken, text, layouts),
        extra=lambda _: _EXTRA_OF_OBJECT,
        by_object=True,
        nested={key: _is_nested(key, sql) for key, sql in text.items()},
    )


def _distinct(keys: Iterable[str]) -> list[str]:
    """Keys without those that differ from an earlier one in case only: a DuckDB struct cannot hold both."""
    kept: dict[str, str] = {}
    for key in keys:
        kept.setdefault(key.casefold(), key)
    return list(kept.values())


def _is_nested(key: str, text: str) -> str:
    path = quote('$."' + key.replace('"', '\\"') + '"')
    looks = f"(starts_with({text}, '{{') or starts_with({text}, '['))"
    is_container = f"coalesce(json_type(record, {path}) in ('OBJECT', 'ARRAY'), false)"
    return f"(case when {text} >= '[' then case when {looks} then {is_container} else false end else false end)"


def _list(texts: Iterable[str]) -> str:
    return "[" + ", ".join(quote(text) for text in texts) + "]::varchar[]"


def _rest(taken: list[list[str]], text: Mapping[str, str], layouts: Sequence[tuple[str, ...]]) -> str:
    """What is left of the object without the keys that fields take: a merge patch of nulls removes them.

    Where an object spells one field twice, the spelling that loses stays.
    """
    patch = quote(json.dumps(dict.fromkeys(key for keys in taken for key in keys)))
    rest = f"json_merge_patch(record, {patch})::varchar"
    losers = {key: " or ".join(f"{text[k]} is not null" for k in keys[:i]) for keys in taken
              for i, key in enumerate(keys) if i}  # fmt: skip
    if losers:
        several = " or ".join(f"{text[key]} is not null and ({before})" for key, before in losers.items())
        lost = ", ".join(f"{quote(key)}, case when {before} then {text[key]} end" for key, before in losers.items())
        kept = f"json_merge_patch({rest}, json_merge_patch('{{}}', json_object({lost})))::varchar"
        rest = f"case when {several} then {kept} else {rest} end"
    plain = " ".join(f"when {i} then '{{}}'" for i, one in enumerate(layouts) if _leaves_nothing(one, taken))
    rest = f"case layout {plain} else {rest} end" if plain else rest
    return f"case when problem is null then {rest} end"


def _leaves_nothing(layout: tuple[str, ...], taken: list[list[str]]) -> bool:
    """Does a field take each key of the layout, and no two keys belong to one field?"""
    owner = {key: i for i, keys in enumerate(taken) for key in keys}
    owners = [owner.get(key) for key in layout]
    return None not in owners and len(set(owners)) == len(owners)


#: A key as a JSON pointer: the one way to name any key, whatever characters it has.
_POINTER = "'/' || replace(replace(key, '~', '~0'), '/', '~1')"
_TEXT = f"trim(coalesce(json_extract_string(leftover, {_POINTER}), ''), {BLANKS_SQL})"
_PRESENT = f"list_filter(json_keys(leftover), key -> {_TEXT} <> '')"
_PAIRS = (
    f"list_transform({_PRESENT}, key -> to_json(key)::varchar || ':' || json_extract(leftover, {_POINTER})::varchar)"
)
#: From `leftover`, without its null and blank members; null when nothing is left.
_EXTRA_OF_OBJECT = (
    f"case when leftover <> '{{}}' then nullif('{{' || array_to_string({_PAIRS}, ',') || '}}', '{{}}') end"
)


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


def slices(connection: duckdb.DuckDBPyConnection, table: Table, attempt: int) -> Iterator[int]:
    """Bind the stream piece by piece: the relation reads one piece each time this yields its number.

    A COPY in DuckDB keeps all text that it got from Arrow until it ends, so that one COPY of a whole file
    would hold the whole file. Without a stream (DuckDB's own readers) there is one piece.
    """
    if not table.attempts:
        yield 0
        return
    batches = table.attempts[attempt]()
    number, first = 0, next(batches, None)
    while first is not None or number == 0:
        piece = _piece(first, batches)
        connection.register(STREAM, pa.RecordBatchReader.from_batches(table.schema, piece))
        yield number
        connection.unregister(STREAM)
        number, first = number + 1, next(batches, None)


def _piece(first: pa.RecordBatch | None, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    held, batch = 0, first
    while batch is not None:
        yield batch
        held += batch.nbytes
        batch = next(rest, None) if held < SLICE_BYTES else None
