"""A drafted mapping as YAML, with what was guessed and what is left to settle as comments."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator

from ingestion.draft.drafting import Draft

TODO = "# TODO"
PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./ -]*")
#: Words that YAML reads as something else than text.
SPECIAL = frozenset(("true", "false", "yes", "no", "on", "off", "null", "y", "n"))


def render(made: Draft) -> str:
    """The mapping file. Lines that begin with `# TODO` have to be settled, or the rows concerned are refused."""
    blocks = [_head(made), _columns(made), _case(made), _constants(made), _times(made), _units(made), _values(made)]
    return "\n".join(line for block in blocks for line in block).rstrip() + "\n"


def _head(made: Draft) -> Iterator[str]:
    yield f"# Drafted from {made.sample.path.name}, of which {len(made.sample.rows)} rows were looked at."
    yield "# Lines with TODO are to be settled by you; those with `check` are guesses. Then: --mapping THIS_FILE"
    if made.fits:
        yield f"# The shipped mapping {made.fits} knows this shape: --mapping {made.fits}"
    if made.whole:
        yield from _comment("Taken by their own names: " + ", ".join(made.whole))
    if made.kept():
        yield from _comment("Kept in extra: " + ", ".join(made.kept()))
    yield f"input: {made.target.name}"
    yield ""


def _comment(text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, 118, initial_indent="# ", subsequent_indent="#   ", break_on_hyphens=False)


def _columns(made: Draft) -> Iterator[str]:
    yield "columns:"
    if not made.columns:
        yield "  {}"
    for theirs, ours in made.columns.items():
        yield f"  {_key(theirs)}: {ours}{_remark(made, theirs)}"
    for ours, why in made.missing.items():
        yield f"  {TODO} your_column: {ours}  # required {why}; or write it under constants"
    yield ""


def _remark(made: Draft, theirs: str) -> str:
    return f"  # {made.remarks[theirs]}" if theirs in made.remarks else ""


def _case(made: Draft) -> Iterator[str]:
    if made.case:
        column, words, columns = made.case
        yield "cases:"
        yield f"  - when: {{{_key(column)}: [{', '.join(_key(word) for word in words)}]}}  # these rows lack it; check"
        yield f"    columns: {{{', '.join(f'{_key(theirs)}: {ours}' for theirs, ours in columns.items())}}}"
        yield ""


def _constants(made: Draft) -> Iterator[str]:
    if made.constants:
        yield "constants:"
        yield from (f"  {ours}: {text}  # no column says it; check" for ours, text in made.constants.items())
        yield ""


def _times(made: Draft) -> Iterator[str]:
    lines = [f"  {line}" for ours, found in made.formats.items() for line in _time(ours, found)]
    if lines:
        yield "time:"
        yield from lines
        yield ""
    if made.sources("listened_ms") and made.sources("event_at"):
        yield "# Is event_at the end of the listen? Then: time: {event_at: {is_end_of: listened_ms}}; check"


def _time(ours: str, found: list[str]) -> Iterator[str]:
    if not found:
        yield f'{ours}: {{zone: UTC}}  {TODO} give the format, such as "dd/MM/yyyy HH:mm"'
        return
    others = f"; {' and '.join(found[1:])} fit as well, check" if found[1:] else ""
    yield f"{ours}: {{format: {json.dumps(found[0])}}}  # UTC; of another zone: zone: Area/City{others}"


def _units(made: Draft) -> Iterator[str]:
    if made.units:
        yield "units:"
        for theirs, (multiply, divide) in made.units.items():
            rule = f"multiply: {multiply}" if multiply != 1 else f"divide: {divide}"
            yield f"  {_key(theirs)}: {{{rule}}}{_remark(made, theirs)}"
        yield ""


def _values(made: Draft) -> Iterator[str]:
    if made.words:
        yield "values:"
    for ours, words in made.words.items():
        known = [f"    {_key(word)}: {value}" for word, value in words.items() if value is not None]
        yield f"  {ours}:" if known else f"  {ours}: {{}}"
        yield from known
        yield from (f"    {TODO} {_key(word)}: ..." for word, value in words.items() if value is None)
        if None in words.values():
            yield from _comment(f"{ours} is one of {', '.join(made.target.field(ours).enum)}")


def _key(text: str) -> str:
    """A text as a key or a word in YAML."""
    return text if PLAIN.fullmatch(text) and text.strip() == text and text.lower() not in SPECIAL else json.dumps(text)
