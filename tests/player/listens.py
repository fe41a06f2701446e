"""Listens of a player, which are one event each: what was heard, or what must have been."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from tests.player.event import Delivery, Row, content_of, kind_of, ms_of, newest
from tests.player.playback import COMPLETE_PERCENT, VALID_MS, Facts

IMPUTED_KIND = "track"


def listens_of(deliveries: Sequence[Delivery], facts: Facts | None = None) -> list[dict[str, Any]]:
    """Measures of every listen, in the order of (account, kind, start)."""
    facts = facts or Facts()
    rows = [row for row in newest(deliveries) if row["event_type"] == "listen"]
    rows.sort(key=lambda row: (row["account_id"], kind_of(row), ms_of(row["event_at"]), row.get("event_id") or ""))
    found = []
    for row, following in pairwise([*rows, None]):
        assert row is not None
        is_next = following is not None and _owner(following) == _owner(row)
        found.append(_listen(row, following if is_next else None, facts))
    return found


def _owner(row: Row) -> tuple[str, str]:
    return row["account_id"], kind_of(row)


def _listen(row: Row, following: Row | None, facts: Facts) -> dict[str, Any]:
    begins, heard = ms_of(row["event_at"]), row.get("listened_ms")
    duration = facts.durations_ms.get(content_of(row) or "", row.get("content_duration_ms"))
    is_imputed = heard is None and kind_of(row) == IMPUTED_KIND
    playing = heard
    if is_imputed and duration is not None:
        playing = duration if following is None else min(duration, ms_of(following["event_at"]) - begins)
    watched = playing if playing is None or duration is None else min(playing, duration)
    is_complete = None if watched is None or duration is None else watched * 100 >= duration * COMPLETE_PERCENT
    is_started = heard is None or heard > 0
    return {
        "account_id": "player:" + row["account_id"],
        "content_id": content_of(row),
        "media_kind": kind_of(row),
        "started_at": begins,
        "ended_at": None if playing is None else begins + playing,
        "playing_ms": playing,
        "content_watched_ms": watched,
        "content_duration_ms": duration,
        "is_imputed": is_imputed,
        "is_started": is_started,
        "is_valid": bool(is_started and playing is not None and playing >= VALID_MS),
        "is_complete": is_complete,
        "is_skipped": bool(is_started and not is_complete and playing is not None and playing < VALID_MS),
        "is_exit_before_start": not is_started,
        "end_reason": _reason(is_complete, is_imputed, playing),
    }


def _reason(is_complete: bool | None, is_imputed: bool, playing: int | None) -> str | None:
    if is_complete:
        return "complete"
    if not is_imputed:
        return "stop"
    return None if playing is None else "next_content"
