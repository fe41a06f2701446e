"""What the values of a column say: whether they fit a field, the form of their times, their unit, their words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

import duckdb

from ingestion.contract import Field
from ingestion.contract.reference import is_value
from ingestion.draft import names
from ingestion.lander.convert import quote
from ingestion.mapping.time_pattern import to_strptime

MOST = 0.9
#: Milliseconds below this are less than twenty seconds: rather seconds, up to five and a half hours.
SECONDS_BELOW = 20_000
BITS_FROM = 100_000
QUARTILES = ("25", "50", "75")
ORDINALS = {"1": "25", "2": "50", "3": "75"}
DAYS = ("dd/MM/yyyy", "MM/dd/yyyy", "dd-MM-yyyy", "dd.MM.yyyy", "yyyy/MM/dd", "dd MMM yyyy", "MMM dd yyyy")
CLOCKS = (" HH:mm:ss", " HH:mm", " hh:mm:ss a", " hh:mm a", "")
PATTERNS = (*(day + clock for day in DAYS for clock in CLOCKS), "yyyyMMddHHmmss", "yyyyMMdd")
MILLISECONDS = {"milliseconds": 1, "seconds": 1_000, "minutes": 60_000, "hours": 3_600_000}

# Parts of words and what they mean, in the order in which they are looked for.
AD = (
    ("quartile", "ad_quartile"), ("midpoint", "ad_quartile"), ("skip", "ad_skip"), ("click", "ad_click"),
    ("request", "ad_request"), ("error", "ad_error"), ("complet", "ad_complete"), ("finish", "ad_complete"),
    ("end", "ad_complete"), ("start", "ad_impression"), ("impression", "ad_impression"), ("view", "ad_impression"),
)  # fmt: skip
SESSION = (("start", "session_start"), ("end", "session_end"), ("close", "session_end"))
ENDS = ("complet", "end", "finish", "stop")
OTHERS = (
    ("unlike", "user_unlike"), ("dislike", "user_dislike"), ("like", "user_like"), ("comment", "user_comment"),
    ("share", "user_share"), ("unsubscri", "user_unsubscribe"), ("subscri", "user_subscribe"),
    ("bookmark", "user_bookmark"), ("favo", "user_bookmark"), ("search", "user_search"), ("scrobbl", "listen"),
    ("listen", "listen"), ("paus", "video_pause"), ("resum", "video_resume"), ("quality", "video_quality_change"),
    ("bitrate", "video_quality_change"), ("error", "video_error"), ("fail", "video_error"),
    ("heartbeat", "video_heartbeat"), ("ping", "video_heartbeat"), ("playing", "video_heartbeat"),
    ("progress", "video_heartbeat"), ("tick", "video_heartbeat"), ("complet", "video_complete"),
    ("finish", "video_complete"), ("end", "video_complete"), ("stop", "video_stop"), ("exit", "video_stop"),
    ("interrupt", "video_stop"), ("abandon", "video_stop"), ("start", "video_play"), ("play", "video_play"),
    ("begin", "video_play"),
)  # fmt: skip


def share(field: Field, texts: Sequence[str]) -> float:
    """The part of the texts that are values of the field as they stand."""
    return sum(is_value(field, text) for text in texts) / len(texts) if texts else 0.0


def suits(field: Field, texts: Sequence[str]) -> bool:
    """May the texts be values of the field: as they stand, in another form of time, another unit or other words?"""
    if field.type in ("date", "timestamp"):
        return share(field, texts) >= MOST or bool(patterns(texts))
    if field.type in ("bigint", "decimal"):
        return sum(_is_number(text) for text in texts) >= MOST * len(texts)
    if field.enum:
        return any(meaning(field, text) for text in texts)
    return field.type != "boolean" or share(field, texts) >= MOST


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def patterns(texts: Sequence[str]) -> list[str]:
    """The patterns that read nearly all texts as times."""
    return list(_patterns(tuple(texts))) if any(text[:1].isalnum() and len(text) >= 8 for text in texts) else []


@cache
def _patterns(texts: tuple[str, ...]) -> tuple[str, ...]:
    counts = ", ".join(f"count(try_strptime(trim(text), {quote(to_strptime(pattern))}))" for pattern in PATTERNS)
    with duckdb.connect() as connection:
        found = connection.execute(f"select {counts} from (select unnest(?::varchar[]) as text)", [list(texts)])
        read = found.fetchone() or ()
    return tuple(pattern for pattern, count in zip(PATTERNS, read, strict=True) if count >= MOST * len(texts))


def factor(field: Field, column: str, texts: Sequence[str]) -> tuple[int, int, str | None]:
    """(multiply, divide, remark) that bring a column's numbers to the field's unit; the remark tells a guess."""
    numbers = [float(text) for text in texts if _is_number(text)]
    if field.unit == "kilobits per second" and numbers and max(numbers) >= BITS_FROM:
        return 1, 1_000, "bits a second by their size; check"
    if field.unit not in MILLISECONDS:
        return 1, 1, None
    theirs, remark = names.unit(column), None
    if theirs is None and field.unit == "milliseconds":
        fractions = any(number != int(number) for number in numbers)
        theirs = "seconds" if fractions or max(numbers, default=0) < SECONDS_BELOW else "milliseconds"
        remark = f"{theirs} by their size; check"
    ratio = MILLISECONDS[theirs or field.unit] / MILLISECONDS[field.unit]
    return (int(ratio), 1, remark) if ratio >= 1 else (1, round(1 / ratio), remark)


def meaning(field: Field, text: str) -> str | None:
    """The value of an enumeration that a word stands for, None when that cannot be told."""
    if is_value(field, text):
        return field.value_aliases.get(text.strip().lower(), text.strip())
    joined = "_".join(names.words(text))
    if joined in field.value_aliases:
        return field.value_aliases[joined]
    if field.enum == QUARTILES:
        return ORDINALS.get(text.strip())
    found = _event(names.words(text)) if "video_play" in field.enum else None
    return found if found in field.enum else None


def _event(words: Sequence[str]) -> str | None:
    """The type of event that the words of its name speak of."""
    if {"ad", "ads", "advert", "advertisement"} & set(words):
        return _first(AD, words)
    if "session" in words:
        return _first(SESSION, words)
    is_end = any(word.startswith(ENDS) for word in words)
    if any(word.startswith(("seek", "scrub")) for word in words):
        return "video_heartbeat" if is_end else "video_seek"
    if any(word.startswith(("buffer", "stall", "rebuffer")) for word in words):
        return "video_resume" if is_end else "video_buffer"
    return _first(OTHERS, words)


def _first(rules: Iterable[tuple[str, str]], words: Sequence[str]) -> str | None:
    return next((ours for part, ours in rules if any(word.startswith(part) for word in words)), None)
