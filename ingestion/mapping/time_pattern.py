"""Date patterns: the letters that people know (`dd/MM/yyyy HH:mm`) into strptime's."""

from __future__ import annotations

import re

# Longest first, so that MMM is not read as MM and M.
DIRECTIVES = (
    ("SSSSSS", "%f"),
    ("yyyy", "%Y"),
    ("MMM", "%b"),
    ("SSS", "%g"),
    ("XXX", "%z"),
    ("yy", "%y"),
    ("MM", "%m"),
    ("dd", "%d"),
    ("HH", "%H"),
    ("hh", "%I"),
    ("mm", "%M"),
    ("ss", "%S"),
    ("M", "%-m"),
    ("d", "%-d"),
    ("H", "%-H"),
    ("h", "%-I"),
    ("a", "%p"),
)
TOKEN = re.compile("'[^']*'|" + "|".join(letters for letters, _ in DIRECTIVES) + "|.")


def to_strptime(pattern: str) -> str:
    """The pattern in DuckDB's strptime directives (`%g` is milliseconds there).

    Text between apostrophes is literal. Raises ValueError for letters that have no meaning, and for a
    pattern without year, month and day.
    """
    known = dict(DIRECTIVES)
    parts = [_translate(token, known) for token in TOKEN.findall(pattern)]
    directives = {part for part in parts if part.startswith("%") and part != "%%"}
    for meaning, choices in (("year", {"%Y", "%y"}), ("month", {"%m", "%-m", "%b"}), ("day", {"%d", "%-d"})):
        if not directives & choices:
            raise ValueError(f"the pattern {pattern!r} has no {meaning}")
    return "".join(parts)


def _translate(token: str, known: dict[str, str]) -> str:
    if token.startswith("'"):
        return token[1:-1].replace("%", "%%")
    if token in known:
        return known[token]
    if token.isalpha():
        raise ValueError(f"the letter {token!r} means nothing in a time pattern; put literal text between apostrophes")
    return token.replace("%", "%%")
