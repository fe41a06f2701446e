"""Redshift's words as PostgreSQL says them, by tokens: a statement without them goes through as it was written."""

from __future__ import annotations

import re

from tests.engines.redshift import denied
from tests.engines.redshift.sql_text import SqlText, words
from tests.engines.redshift.wire import SqlError

NOTHING = "do $$ begin end $$"
#: Where rows lie and how they are packed is no matter here.
MAINTENANCE = re.compile(r"^\s*(/\*.*?\*/\s*)*(analyze\b|vacuum\b|set\s+query_group\b)", re.IGNORECASE | re.DOTALL)
DATE_PARTS = words("""
    year years yr yrs y month months mon mons day days d week weeks w hour hours hr hrs h minute minutes min
    mins m second seconds sec secs s quarter quarters qtr qtrs millisecond milliseconds msec msecs ms
    microsecond microseconds usec usecs us
""")
TEXT_TYPES = frozenset(["varchar", "character varying", "nvarchar"])
#: Length of a text column, and of a cast to `text`, that names none.
DEFAULT_LENGTH = 256
LONGEST = 65535
METADATA = re.compile(r"\b(pg_[a-z_]+|information_schema|svv_[a-z_]+)\b", re.IGNORECASE)


def rewrite(sql: str) -> str:
    """The statement for PostgreSQL; one that raises Redshift's error where Redshift would refuse it."""
    if MAINTENANCE.match(sql):
        return NOTHING
    text = SqlText(sql)
    if not METADATA.search(sql):  # the catalogue is PostgreSQL's on both
        try:
            denied.refuse(text)
        except SqlError as error:
            return raising(error)
    at = 0
    while at < len(text):
        at = max(_physical(text, at), _types(text, at), _functions(text, at), at + 1)
    return text.edited()


def raising(error: SqlError) -> str:
    """A statement that fails with this error, in the transaction in which the refused one would have failed."""
    message = str(error).replace("'", "''").replace("%", "%%")
    return f"do $refused$ begin raise exception '{message}' using errcode = '{error.state}'; end $refused$"


def _physical(text: SqlText, at: int) -> int:
    """Distribution, sorting, encoding, backup and late binding: dropped. Returns the place after them."""
    word, after = text.word(at), text.word(at + 1)
    if word == "with" and text.words[at : at + 4] == ["with", "no", "schema", "binding"]:
        text.replace(at, at + 3)
        return at + 4
    if text.word(0) not in ("create", "alter"):
        return 0
    if word in ("diststyle", "encode") or (word == "backup" and after in ("yes", "no")):
        text.replace(at, at + 1)
        return at + 2
    if word in ("distkey", "sortkey"):
        first = at - 1 if text.word(at - 1) in ("compound", "interleaved") else at
        last = text.close_of(at + 1) if text.opens(at + 1) else at + (after in ("auto", "none"))
        text.replace(first, last)
        return last + 1
    return 0


def _types(text: SqlText, at: int) -> int:
    """Lengths of texts as Redshift takes them, and SUPER."""
    word = text.word(at)
    is_type = text.is_cast_type(at) or text.is_column_type(at)
    if word == "super" and is_type:
        text.replace(at, at, "jsonb")
    elif word == "text" and is_type:
        text.replace(at, at, f"varchar({DEFAULT_LENGTH})")
    elif word in TEXT_TYPES and text.word(at + 2) == "max":
        text.replace(at + 2, at + 2, str(LONGEST))
    elif word in TEXT_TYPES and text.is_column_type(at) and not text.opens(at + 1):
        text.replace(at, at, f"varchar({DEFAULT_LENGTH})")
    return 0


def _functions(text: SqlText, at: int) -> int:
    """Functions whose call PostgreSQL spells in another way; those that it only lacks are in compat.sql."""
    word = text.word(at)
    if word == "sysdate" and not text.opens(at + 1):
        text.replace(at, at, "getdate()")
    elif word == "nvl" and text.opens(at + 1):
        text.replace(at, at, "coalesce")
    elif word in ("dateadd", "datediff", "date_add", "date_diff") and text.word(at + 2) in DATE_PARTS:
        text.replace(at + 2, at + 2, f"'{text.word(at + 2)}'")
    elif word == "listagg" and text.opens(at + 1):
        return _listagg(text, at)
    return 0


def _listagg(text: SqlText, at: int) -> int:
    """listagg(x, ';') within group (order by y) is string_agg(cast(x as text), ';' order by y)."""
    close = text.close_of(at + 1)
    is_distinct = text.word(at + 2) == "distinct"
    first = at + 3 if is_distinct else at + 2
    comma, depth = close, 0
    for place in range(first, close):
        depth += (text.word(place) == "(") - (text.word(place) == ")")
        if text.word(place) == "," and depth == 0:
            comma = place
            break
    argument = f"cast({text.text(first, comma - 1)} as text)"
    separator = text.text(comma + 1, close - 1) if comma < close else "''"
    order, last = "", close
    if text.words[close + 1 : close + 3] == ["within", "group"]:
        last = text.close_of(close + 3)
        order = " " + text.text(close + 4, last - 1)
        if is_distinct:  # PostgreSQL orders a distinct aggregate by its very argument only
            order = order.replace(text.text(first, comma - 1), argument)
    text.replace(at, last, f"string_agg({'distinct ' if is_distinct else ''}{argument}, {separator}{order})")
    return last + 1
