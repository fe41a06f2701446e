"""What the doctor says of one thing."""

from __future__ import annotations

from dataclasses import dataclass

OK, WRONG, NOTE = "ok", "wrong", "note"


@dataclass(frozen=True)
class Finding:
    """check: what was looked at; state: ok, wrong, or note (worth knowing, stops nothing); message: one line."""

    check: str
    state: str
    message: str


def ok(check: str, message: str) -> Finding:
    """Nothing to do."""
    return Finding(check, OK, message)


def wrong(check: str, message: str) -> Finding:
    """Something will fail; the message says what to do."""
    return Finding(check, WRONG, one_line(message))


def note(check: str, message: str) -> Finding:
    """Something a user may want to know."""
    return Finding(check, NOTE, one_line(message))


def one_line(text: str) -> str:
    """The text without its line breaks."""
    return " ".join(text.split())
