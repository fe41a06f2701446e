"""Changes of a history whose effect on its playbacks is known beforehand."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.player.event import RATE_UNIT, Delivery, Row, ms_of, newest
from tests.player.oracle import playbacks_of
from tests.player.playback import Playback
from tests.player.stretch import Piece

IDS = (
    "event_id", "account_id", "session_id", "playback_id", "content_id", "ad_id", "ad_break_id", "device_id",
)  # fmt: skip
WEEK = timedelta(days=7)
#: Sums over playbacks of any kind.
ADDITIVE = (
    "playing_ms", "watched_ms", "startup_ms", "stall_count", "stall_ms", "seek_stall_ms", "seek_count", "pause_ms",
    "content_watched_ms", "quality_change_count", "quality_up_count", "quality_down_count", "dropped_frame_count",
    "bitrate_kbit", "bitrate_ms", "ad_count", "ad_ms", "is_started", "is_valid", "is_complete", "is_skipped",
    "is_start_failure", "is_playback_failure", "is_exit_before_start", "is_position_jump",
)  # fmt: skip


def changed(deliveries: Sequence[Delivery], change: Callable[[Row], Row]) -> list[Delivery]:
    """The same deliveries with every row changed."""
    return [replace(one, rows=[change(row) for row in one.rows]) for one in deliveries]


def shifted(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """All clocks a week later: those of the players, and of the deliveries."""
    moved = changed(deliveries, lambda row: {**row, "event_at": row["event_at"] + WEEK})
    return [replace(one, arrived_at=one.arrived_at + WEEK) for one in moved]


def renamed(deliveries: Sequence[Delivery], mark: str) -> list[Delivery]:
    """Every id with a mark; what was equal stays equal, the order of ids stays."""
    return changed(
        [replace(one, name=f"{one.name}{mark}") for one in deliveries],
        lambda row: {**row, **{name: f"{mark}{row[name]}" for name in IDS if row.get(name) is not None}},
    )


def split(deliveries: Sequence[Delivery], seed: int) -> list[Delivery]:
    """One more heartbeat within a stretch of playing, where the playhead then was, in every playback that allows it.

    It allows it if each of its video events tells where the playhead is and nothing jumped: elsewhere one more
    position is news.
    """
    r = random.Random(seed)
    by_playback: dict[str, Row] = {}
    for row in newest(deliveries):
        if row.get("playback_id") is not None and row["event_type"] == "video_play":
            by_playback[row["playback_id"]] = row
    more: list[Row] = []
    for playback in playbacks_of(deliveries):
        row = by_playback.get(str(playback.key[0])) if len(playback.key) == 1 else None
        if row is not None and (piece := _piece(playback, r)) is not None:
            more.append(_heartbeat(row, piece, r, len(more)))
    last = max(deliveries, key=lambda one: one.arrived_at)
    return [*deliveries, Delivery(last.arrived_at, f"{last.name}more", more)]


def _piece(playback: Playback, r: random.Random) -> Piece | None:
    video = [event for event in playback.events if event.kind.startswith("video_")]
    is_told = all(event.before is not None and event.after is not None for event in video)
    if playback.measures["is_position_jump"] or not is_told:
        return None
    long_enough = [piece for piece in playback.pieces if piece.end - piece.start > 8000]
    return r.choice(long_enough) if long_enough else None


def _heartbeat(row: Row, piece: Piece, r: random.Random, number: int) -> Row:
    since = r.randrange(1, (piece.end - piece.start) // 4000) * 4000  # whole ms of content at every rate
    kept = {name: row.get(name) for name in ("account_id", "session_id", "playback_id", "content_id")}
    return {
        **kept,
        "event_id": f"more{number}",
        "event_type": "video_heartbeat",
        "event_at": row["event_at"] + timedelta(milliseconds=piece.start + since - ms_of(row["event_at"])),
        "position_ms": piece.from_position + since * piece.rate // RATE_UNIT,
    }


def outcome(playback: Playback, *, shift_ms: int = 0, mark: str = "") -> dict[str, Any]:
    """A playback without what the change is meant to change."""
    found = dict(playback.measures)
    for name in ("account_id", "session_id", "content_id"):
        if found[name] is not None:
            found[name] = found[name].replace(mark, "", 1) if mark else found[name]
    found["started_at"] -= shift_ms
    found["ended_at"] -= shift_ms
    found["pieces"] = [replace(p, start=p.start - shift_ms, end=p.end - shift_ms) for p in playback.pieces]
    return found
