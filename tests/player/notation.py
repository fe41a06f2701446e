"""Reads scenarios.yml: lines of events to rows of the contract, and the playbacks expected of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from tests.player.event import Delivery, Row, ms_of

SCENARIOS = Path(__file__).with_name("scenarios.yml")
TEN = datetime(2026, 3, 2, 10)  # noqa: DTZ001 - contract rows hold naive UTC
ON_TIME = datetime(2026, 3, 3, 6)  # noqa: DTZ001
LATE = datetime(2026, 3, 10, 6)  # noqa: DTZ001
#: Times and positions: seconds in the notation, milliseconds in the contract.
SECONDS = {
    "pos": "position_ms", "from": "seek_from_ms", "to": "seek_to_ms", "startup": "startup_ms", "stall": "stall_ms",
    "dur": "content_duration_ms", "listened": "listened_ms",
}  # fmt: skip
WHOLE = {"kbps": "bitrate_kbps", "frames": "dropped_frames", "quartile": "quartile"}
TEXT = {"code": "error_code", "class": "error_class", "type": "ad_type", "kind": "media_kind"}
OWN = {  # ids that every scenario has for itself
    "account": "account_id", "session": "session_id", "content": "content_id", "playback": "playback_id",
    "id": "event_id", "ad": "ad_id", "break": "ad_break_id",
}  # fmt: skip
WORDS = {"fatal": "is_fatal", "live": "is_live"}
FAMILIES = ("video_", "ad_", "session_", "user_", "listen", "device_")


@dataclass(frozen=True)
class Scenario:
    """A named history with what must come of it."""

    name: str
    why: str
    rows: tuple[Row, ...]
    late_rows: tuple[Row, ...]
    titles: dict[str, int]  # duration in s by content
    expected: tuple[dict[str, Any], ...]
    expected_listens: tuple[dict[str, Any], ...]

    @property
    def deliveries(self) -> list[Delivery]:
        """What arrives when; the second delivery is there even when empty, because it says how late it is."""
        return [Delivery(ON_TIME, "a", self.rows), Delivery(LATE, "b", self.late_rows)]

    @property
    def prefix(self) -> str:
        """How the ids of this scenario begin."""
        return f"{self.name}."


def scenarios(path: Path = SCENARIOS) -> list[Scenario]:
    """Every scenario of the file, in its order."""
    written = yaml.safe_load(path.read_text())
    found = [_scenario(one, written["unless_said"]) for one in written["scenarios"]]
    assert len({s.name for s in found}) == len(found), "two scenarios of one name"
    return found


def _scenario(written: dict[str, Any], unless_said: dict[str, Any]) -> Scenario:
    name, at = written["name"], written.get("at", TEN)
    rows: tuple[list[Row], list[Row]] = ([], [])
    lines = written["events"].splitlines()
    if written.get("session") != "lost":
        lines.insert(0, "-5 session_start")
    for line in lines:
        row, is_late = _row(line, name, at)
        rows[is_late or row["event_at"] > ON_TIME].append(row)
    return Scenario(
        name=name,
        why=written["why"],
        rows=tuple(rows[0]),
        late_rows=tuple(rows[1]),
        titles={f"{name}.{title}": seconds for title, seconds in written.get("titles", {}).items()},
        expected=tuple(_expected({**unless_said, **one}, at) for one in written.get("playbacks", [])),
        expected_listens=tuple(_expected(one, at) for one in written.get("listens", [])),
    )


def _ms(seconds: str) -> int:
    value = Decimal(seconds) * 1000
    assert value == int(value), f"{seconds} s is not a whole number of milliseconds"
    return int(value)


def _row(line: str, name: str, at: datetime) -> tuple[Row, bool]:
    seconds, kind, *words = line.split()
    told = {"account": "U1", "session": "S1", "content": "C1", "playback": "P1"}
    row: Row = {
        "event_type": kind if kind.startswith(FAMILIES) else f"video_{kind}",
        "event_at": at + timedelta(milliseconds=_ms(seconds)),
    }
    if row["event_type"].startswith(("session_", "listen")):
        told |= {"content": "-", "playback": "-"}  # content is told by each listen
    for word in words:
        key, is_pair, value = word.partition("=")
        if is_pair:
            told[key] = value
        elif key != "late":
            row[WORDS[key]] = True
    for key, value in told.items():
        row |= _field(key, value, name) if value != "-" else {}
    return row, "late" in words


def _field(key: str, value: str, name: str) -> Row:
    if key in OWN:
        return {OWN[key]: f"{name}.{value}"}
    if key in SECONDS:
        return {SECONDS[key]: _ms(value)}
    if key in WHOLE:
        return {WHOLE[key]: int(value)}
    return {"playback_rate": Decimal(value)} if key == "rate" else {TEXT[key]: value}


def _expected(written: dict[str, Any], at: datetime) -> dict[str, Any]:
    row, begins = dict(written), ms_of(at)
    for word, column in (("started", "started_at"), ("ended", "ended_at")):
        seconds = row.pop(word)
        row[column] = None if seconds is None else begins + _ms(str(seconds))
    if "intervals" in row:
        row["intervals"] = [_interval(text, begins) for text in row["intervals"]]
    return row


def _interval(text: str, begins: int) -> tuple[int, int, int, int, Decimal]:
    """(wall from, wall to, content from, content to, rate) of "0..10 shows 5..15 x2"; ms, wall since 1970."""
    wall, content, *rate = text.replace(" shows ", " ").split()
    wall_from, wall_to = (begins + _ms(value) for value in wall.split(".."))
    from_ms, to_ms = (_ms(value) for value in content.split(".."))
    return wall_from, wall_to, from_ms, to_ms, Decimal(rate[0][1:] if rate else 1)
