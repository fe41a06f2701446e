"""JSON objects as tables of text: those with a list of keys that was seen in the sample, and all others.

A contract may have many more fields than any one object, and looking for each of them in each object costs
more than all the rest. So objects with known lists of keys are read for the keys of those lists only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa

from ingestion.lander import delimited, lines
from ingestion.lander.convert import BLANKS_SQL, name, quote
from ingestion.lander.table import STREAM, Table

FEW_LAYOUTS, MANY_LAYOUTS = 3, 64
ALL_TEXTS = "MAP(VARCHAR, VARCHAR)"
ALL_ROWS = 1 << 60

Layout = tuple[str, ...]


def table(
    source: str,
    wanted: Iterable[str],
    seen: Sequence[Layout],
    attempts: Sequence[Callable[[], Iterator[pa.RecordBatch]]] = (),
    schema: pa.Schema | None = None,
) -> Table:
    """The table over a relation of JSON texts: source_row, framing (a problem found before, or null), record.

    seen: lists of keys among the first objects; wanted: further keys that an object may have, and JSON pointers
    (they begin with a slash) to what lies deeper in it.
    """
    wanted = list(wanted)
    pointers = tuple(dict.fromkeys(key for key in wanted if key.startswith("/")))
    layouts = _layouts(seen)
    known = _distinct(key for one in layouts for key in one)
    keys = _distinct([*(key for one in seen for key in one), *(key for key in wanted if not key.startswith("/"))])
    objects = _told_apart(source, layouts)
    if _are_few(layouts):
        text = {key: f"f{number}" for number, key in enumerate(known)}
        fields = "".join(f", {_at_place(key, layouts)} as {column}" for key, column in text.items())
    else:
        text, fields = _named_fields(known), f", {_fields(known)} as fields"
    result = _over(_sound(objects, fields, pointers), text, layouts, pointers)
    result.attempts, result.schema = list(attempts), schema
    result.others = _over(_doubtful(objects, keys, pointers), _named_fields(keys), [], pointers)
    return result


def of_lines(read: Callable[[], Iterator[pa.RecordBatch]], wanted: Iterable[str], seen: Sequence[Layout]) -> Table:
    """One JSON text a record, in batches of the schema `delimited.schema(1)`: lines of a file, records of a broker."""
    source = f"(select source_row, problem as framing, f0 as record from {STREAM})"
    return table(source, wanted, seen, [read], delimited.schema(1))


def of_records(connection: duckdb.DuckDBPyConnection, source: str, wanted: Iterable[str]) -> Table:
    """JSON objects that stand in a relation (source_row, record), as a replay reads them from quarantine."""
    found = connection.execute(
        f"select distinct json_keys(record) as keys from (select record from {source} limit {lines.SAMPLE})"
    ).fetchall()
    seen = sorted(tuple(keys) for (keys,) in found)
    return table(f"(select source_row, null::varchar as framing, record from {source})", wanted, seen)


def _layouts(seen: Sequence[Layout]) -> list[Layout]:
    """Those lists of keys that one struct can hold together: no key twice, none that differs in case only."""
    spelling: dict[str, str] = {}
    chosen: list[Layout] = []
    for one in seen[:MANY_LAYOUTS]:
        theirs = {key.casefold(): key for key in one}
        if one and len(theirs) == len(one) and all(spelling.get(k, v) == v for k, v in theirs.items()):
            spelling |= theirs
            chosen.append(one)
    return chosen


def _are_few(layouts: Sequence[Layout]) -> bool:
    return 0 < len(layouts) <= FEW_LAYOUTS


def _told_apart(source: str, layouts: Sequence[Layout]) -> str:
    """The objects with their keys and the number of their layout, null for all others; of a few layouts, the texts too.

    Of many layouts the hash is compared first: comparing lists with each of them costs more than reading the object.
    """
    lists = {_list(one): i for i, one in enumerate(layouts)}
    keys = "case when framing is null then try(json_keys(record)) end"
    if _are_few(layouts):
        pairs = f"case when framing is null then try(from_json(record, {quote(json.dumps(ALL_TEXTS))})) end as pairs"
        cases = " ".join(f"when map_keys(pairs) = {one} then {i}" for one, i in lists.items())
        layout = f"case {cases} end"
        # What is no such map (broken, no object, a key twice) is parsed once more.
        found = f"coalesce(map_keys(pairs), {keys}) as keys, map_values(pairs) as texts"
        objects = f"(select *, {found} from (select *, {pairs} from {source}))"
    else:
        cases = " ".join(f"when hash({one}) then case when keys = {one} then {i} end" for one, i in lists.items())
        layout = f"case hash(keys) {cases} end" if cases else "null::integer"
        objects = f"(select *, {keys} as keys from {source})"
    # The limit keeps DuckDB from pushing filters down here, which would compute keys and layout twice.
    return f"(select *, {layout} as layout from {objects} limit {ALL_ROWS})"


def _sound(objects: str, fields: str, pointers: Sequence[str]) -> str:
    """The objects with a known layout: nothing can be wrong with them as objects."""
    return f"""(
    select source_row, null::varchar as problem, null::varchar as raw_text, record, layout{fields},
        {_deep(pointers)} as deep
    from {objects} where layout is not null)"""


def _doubtful(objects: str, keys: Sequence[str], pointers: Sequence[str]) -> str:
    """All others, the broken ones among them."""
    return f"""(
    select source_row, found as problem, case when found is not null then record end as raw_text, record,
        case when found is null then {_fields(keys)} end as fields,
        case when found is null then {_deep(pointers)} end as deep
    from (
        select source_row, record, case when framing is not null then framing
            when keys is null then 'malformed_json'
            when not starts_with(ltrim(record, {BLANKS_SQL}), '{{') then 'not_an_object'
            when len(list_distinct(keys)) <> len(keys) then 'malformed_json' end as found
        from {objects} where layout is null
    ))"""


def _at_place(key: str, layouts: Sequence[Layout]) -> str:
    """The text of a key by its place in the object; null where its layout lacks it."""
    texts = [f"texts[{one.index(key) + 1}]" if key in one else "null" for one in layouts]
    if len(set(texts)) == 1:
        return texts[0]
    return f"case layout {' '.join(f'when {i} then {text}' for i, text in enumerate(texts))} end"


def _fields(keys: Sequence[str]) -> str:
    if not keys:
        return "null"
    return f"json_transform(record, {quote(json.dumps(dict.fromkeys(keys, 'VARCHAR')))})"


def _deep(pointers: Sequence[str]) -> str:
    """The texts behind all pointers in one go, because each look into an object reads it from the start."""
    return f"json_extract_string(record, {_list(pointers)})" if pointers else "null"


def _named_fields(keys: Iterable[str]) -> dict[str, str]:
    return {key: f"fields.{name(key)}" for key in keys}


def _over(relation: str, members: Mapping[str, str], layouts: Sequence[Layout], pointers: Sequence[str]) -> Table:
    text = {**members, **{pointer: f"deep[{number}]" for number, pointer in enumerate(pointers, start=1)}}
    return Table(
        header=list(text),
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
    path = quote(key if key.startswith("/") else '$."' + key.replace('"', '\\"') + '"')
    looks = f"(starts_with({text}, '{{') or starts_with({text}, '['))"
    is_container = f"coalesce(json_type(record, {path}) in ('OBJECT', 'ARRAY'), false)"
    return f"(case when {text} >= '[' then case when {looks} then {is_container} else false end else false end)"


def _list(texts: Iterable[str]) -> str:
    return "[" + ", ".join(quote(text) for text in texts) + "]::varchar[]"


def _rest(taken: list[list[str]], text: Mapping[str, str], layouts: Sequence[tuple[str, ...]]) -> str:
    """What is left of the object without the keys that fields take: a merge patch of nulls removes them.

    Where an object spells one field twice, the spelling that loses stays. Of what pointers take, an array stays
    whole, because a patch cannot reach into it.
    """
    whole = [key for keys in taken for key in keys if not key.startswith("/")]
    paths = [_segments(key) for keys in taken for key in keys if key.startswith("/")]
    deep = [path for path in paths if path[0] not in whole and not _is_in_array(path)]
    rest = f"json_merge_patch(record, {quote(json.dumps(_patch([*((key,) for key in whole), *deep])))})::varchar"
    for parent in sorted({path[:end] for path in deep for end in range(1, len(path))}, key=len, reverse=True):
        rest = _without_empty(rest, parent)
    losers = {key: " or ".join(f"{text[k]} is not null" for k in keys[:i]) for keys in taken
              for i, key in enumerate(keys) if i and not _is_in_array(_segments(key))}  # fmt: skip
    if losers:
        several = " or ".join(f"{text[key]} is not null and ({before})" for key, before in losers.items())
        lost = ", ".join(f"{quote(key)}, case when {before} then {text[key]} end" for key, before in losers.items())
        kept = f"json_merge_patch({rest}, json_merge_patch('{{}}', json_object({lost})))::varchar"
        rest = f"case when {several} then {kept} else {rest} end"
    plain = " ".join(f"when {i} then '{{}}'" for i, one in enumerate(layouts) if _leaves_nothing(one, taken))
    rest = f"case layout {plain} else {rest} end" if plain else rest
    return f"case when problem is null then {rest} end"


def _is_in_array(path: Layout) -> bool:
    return any(segment.isdigit() for segment in path)


def _segments(key: str) -> Layout:
    """The names on the way that a pointer goes; of a plain key none."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in key.split("/")[1:])


def _patch(paths: Iterable[Layout]) -> dict[str, Any]:
    """A merge patch that removes what stands at the paths."""
    patch: dict[str, Any] = {}
    for path in paths:
        place: dict[str, Any] | None = patch
        for segment in path[:-1]:
            place = None if place is None else place.setdefault(segment, {})
        if place is not None:  # else all of what is around it goes already
            place[path[-1]] = None
    return patch


def _without_empty(rest: str, path: Layout) -> str:
    """The object without the one at `path`, where the patch has left nothing of it (or made it, being empty)."""
    pointer = "".join("/" + segment.replace("~", "~0").replace("/", "~1") for segment in path)
    patched = f"json_merge_patch(r, {quote(json.dumps(_patch([path])))})::varchar"
    cleaned = f"case when json_extract_string(r, {quote(pointer)}) = '{{}}' then {patched} else r end"
    return f"list_transform([{rest}], r -> {cleaned})[1]"


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
#: How a member that is null or blank begins, in an object as DuckDB writes it.
_MAY_BE_BLANK = " or ".join(f"contains(leftover, {quote(':' + begin)})" for begin in ("null", '""', '" ', '"\\'))
#: From `leftover`, without its null and blank members; null when nothing is left. Most have none, and stay as they are.
_EXTRA_OF_OBJECT = (
    f"case when leftover = '{{}}' then null when not ({_MAY_BE_BLANK}) then leftover"
    f" else nullif('{{' || array_to_string({_PAIRS}, ',') || '}}', '{{}}') end"
)
