"""What Redshift does not have though PostgreSQL does: refused, so that nobody comes to rely on it.

Each rule says what it found; sources are the pages "Unsupported PostgreSQL features", "functions" and "data types" of
Redshift's documentation and the pages of the statements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlglot.tokens import TokenType

from tests.engines.redshift.sql_text import SqlText, words
from tests.engines.redshift.wire import SqlError

NOT_SUPPORTED = "0A000"
FUNCTIONS = words("""
    age array_agg array_length array_position array_to_string date_bin format gen_random_uuid generate_series
    json_agg json_build_object json_object_agg jsonb_agg jsonb_build_object justify_days localtime
    localtimestamp make_date make_interval make_time make_timestamp make_timestamptz mode now num_nonnulls
    num_nulls overlay parse_ident quote_ident quote_literal quote_nullable random_normal regexp_match
    regexp_matches regexp_split_to_array regexp_split_to_table row_to_json string_agg string_to_array
    string_to_table to_json to_jsonb unnest width_bucket
""")
TYPES = words("bytea cidr inet json jsonb money serial bigserial smallserial tsvector uuid xml")
AGGREGATES = words("avg count listagg max median min stddev stddev_pop stddev_samp sum var_pop variance")
FRAMED = AGGREGATES | {"first_value", "last_value", "nth_value"}
#: Words that may follow a subquery's parenthesis although it has no alias.
NO_ALIAS = words("where group order having limit union intersect except join left right full inner cross on ; ) ,")
#: Words in a row.
PHRASES = {
    (")", "filter", "("): "FILTER after an aggregate",
    ("distinct", "on", "("): "DISTINCT ON",
    ("on", "conflict"): "ON CONFLICT",
    ("lateral",): "LATERAL",
    ("array", "["): "ARRAY[...]: its arrays are SUPER",
    ("is", "distinct", "from"): "IS [NOT] DISTINCT FROM",
    ("is", "not", "distinct", "from"): "IS [NOT] DISTINCT FROM",
    ("returning",): "RETURNING",
    ("from", "(", "values"): "VALUES as a table",
    ("join", "(", "values"): "VALUES as a table",
    ("using", "(", "values"): "VALUES as a table",
    ("for", "update"): "SELECT FOR UPDATE",
    ("for", "share"): "SELECT FOR SHARE",
}


def refuse(text: SqlText) -> None:
    """Raise SqlError for the first thing in the statement that Redshift does not have."""
    for rule in RULES:
        for found in rule(text):
            raise SqlError(f"Redshift does not support {found}", NOT_SUPPORTED)


def _functions(text: SqlText) -> Iterator[str]:
    for at, word in enumerate(text.words):
        if word in FUNCTIONS and text.opens(at + 1) and text.word(at - 1) not in (".", "into", "table"):
            yield f"the function {word}"


def _types(text: SqlText) -> Iterator[str]:
    for at, word in enumerate(text.words):
        if word in TYPES and (text.is_cast_type(at) or text.is_column_type(at)):
            yield f"the type {word}"
        if text.tokens[at].token_type is TokenType.L_BRACKET and text.word(at + 1) == "]":
            yield "array types"


def _phrases(text: SqlText) -> Iterator[str]:
    for at in range(len(text)):
        for phrase, name in PHRASES.items():
            if tuple(text.words[at : at + len(phrase)]) == phrase:
                yield name


def _windows(text: SqlText) -> Iterator[str]:
    """An aggregate over an ordered window needs its frame; PostgreSQL has a default, which Redshift has not."""
    for at, word in enumerate(text.words):
        if word != "over" or not text.opens(at + 1):
            continue
        opened = text.open_of(at - 1)  # the token before OVER closes the call
        inside = text.words[at + 2 : text.close_of(at + 1)]
        name = text.word(opened - 1)
        if name in FRAMED and "order by" in inside and not {"rows", "range"} & set(inside):
            yield f"{name} over an ordered window without a frame clause (ROWS BETWEEN ...)"
        if name in AGGREGATES and text.word(opened + 1) == "distinct":
            yield f"{name}(distinct) over a window"


def _subqueries(text: SqlText) -> Iterator[str]:
    for at, word in enumerate(text.words):
        if word in ("from", "join") and text.opens(at + 1) and text.word(at + 2) in ("select", "with"):
            after = text.word(text.close_of(at + 1) + 1)
            is_end = text.close_of(at + 1) + 1 >= len(text)
            if is_end or after in NO_ALIAS:
                yield "a subquery in FROM without an alias"


def _definitions(text: SqlText) -> Iterator[str]:
    words = text.words[:12]
    if words[:1] == ["create"] and "index" in words[1:3]:
        yield "CREATE INDEX"
    if words[:4] == ["create", "or", "replace", "table"]:
        yield "CREATE OR REPLACE TABLE"
    if words[:1] == ["create"] and "unlogged" in words[:3]:
        yield "UNLOGGED tables"
    if words[:2] == ["alter", "table"]:
        adds = [at for at, word in enumerate(text.words) if word == "add"]
        if len(adds) > 1:
            yield "more than one ADD COLUMN in a statement"
        for at in adds:
            if "if" in (text.word(at + 1), text.word(at + 2)):
                yield "ADD COLUMN IF NOT EXISTS"


def _merges(text: SqlText) -> Iterator[str]:
    """Redshift's MERGE: no alias of the target, no condition after MATCHED, one action for each."""
    if text.word(0) != "merge":
        return
    end = 3  # merge into name
    while text.word(end) == ".":
        end += 2
    if text.word(end) != "using":
        yield "an alias of MERGE's target"
    for at, word in enumerate(text.words):
        if word == "matched" and text.word(at + 1) == "and":
            yield "a condition after WHEN MATCHED"
        if word == "matched" and text.word(at + 1) == "by":
            yield "WHEN NOT MATCHED BY"
    if text.words.count("matched") > 2:
        yield "more than one WHEN MATCHED and one WHEN NOT MATCHED"


RULES: tuple[Callable[[SqlText], Iterator[str]], ...] = (
    _functions,
    _types,
    _phrases,
    _windows,
    _subqueries,
    _definitions,
    _merges,
)
