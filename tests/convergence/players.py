"""Playbacks of players: what was built, and what the procedural reference reads out of the same events."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from tests.convergence.engine import Batch, Warehouse
from tests.player.event import RATE_UNIT, Delivery, ms_of
from tests.player.oracle import playbacks_of
from tests.player.playback import Playback, joined
from tests.player.stretch import Piece

Rows = list[tuple[Any, ...]]
#: Measures of the reference that are columns of fct_playback by the same name.
COLUMNS = (
    "account_id", "session_id", "content_id", "is_live", "content_duration_ms", "playing_ms", "watched_ms",
    "startup_ms", "stall_count", "stall_ms", "seek_stall_ms", "seek_count", "pause_ms", "content_watched_ms",
    "max_position_ms", "bitrate_kbit", "bitrate_ms", "quality_change_count", "quality_up_count",
    "quality_down_count", "dropped_frame_count", "ad_count", "ad_ms",
    "end_reason", "error_code", "error_class", "is_started", "is_valid", "is_complete", "is_skipped",
    "is_start_failure", "is_playback_failure", "is_exit_before_start", "is_without_session_start",
    "is_after_session_end", "is_position_jump", "is_stop_after_complete",
    "is_exit_after_stall",
)  # fmt: skip


def built(warehouse: Warehouse) -> dict[str, Rows]:
    """Playbacks of players, and their intervals without the seams between events."""
    playbacks = [
        (playback_id, ms_of(started_at), ms_of(ended_at), *values)
        for playback_id, started_at, ended_at, *values in warehouse.query(
            f"select playback_id, started_at, ended_at, {', '.join(COLUMNS)} from marts.fct_playback "
            "where source = 'player' and media_kind = 'video'"
        )
    ]
    ids = {row[0] for row in playbacks}
    pieces: dict[str, list[Piece]] = {}
    for playback_id, started_at, ended_at, from_ms, to_ms, rate in warehouse.query(
        "select playback_id, started_at, ended_at, from_position_ms, to_position_ms, playback_rate "
        "from marts.fct_playback_interval"
    ):
        if playback_id in ids:
            piece = Piece(ms_of(started_at), ms_of(ended_at), from_ms, to_ms, int(rate * RATE_UNIT), None)
            pieces.setdefault(playback_id, []).append(piece)
    intervals = [_interval(name, piece) for name, found in pieces.items() for piece in joined(found)]
    return {"playbacks of players": sorted(playbacks, key=repr), "intervals of players": sorted(intervals, key=repr)}


def reference(batches: Sequence[Batch]) -> dict[str, Rows]:
    """The same, from the events of these batches; the latest arrival is that of all of them."""
    found = playbacks_of([
        Delivery(b.arrived_at, b.batch_id, b.rows if b.input == "player_events" else ()) for b in batches
    ])  # fmt: skip
    playbacks = [
        (_id(p), p.measures["started_at"], p.measures["ended_at"], *(p.measures[name] for name in COLUMNS))
        for p in found
    ]
    intervals = [_interval(_id(p), piece) for p in found for piece in p.pieces]
    return {"playbacks of players": sorted(playbacks, key=repr), "intervals of players": sorted(intervals, key=repr)}


def _interval(playback_id: str, piece: Piece) -> tuple[Any, ...]:
    return playback_id, piece.start, piece.end, piece.from_position, piece.to_position, piece.rate


def _id(playback: Playback) -> str:
    """As given, or the hash of what stands in its place."""
    if len(playback.key) == 1:
        return f"player:{playback.key[0]}"
    account, session, content, at_ms = playback.key
    owner = f"of|{'' if account is None else 'player:' + account}|{session or ''}|{content}"
    return hashlib.md5(f"player|{owner}|{at_ms * 1000}".encode(), usedforsecurity=False).hexdigest()
