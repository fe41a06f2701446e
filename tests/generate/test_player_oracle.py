"""What the plan says of its playbacks is what the procedural reference reads out of their events."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pytest

from ingestion.generate.plan import Plan
from ingestion.generate.player.block import build
from ingestion.generate.player.facts import OPPORTUNITIES, PLAYBACKS, STRETCHES
from tests.player.event import Delivery
from tests.player.oracle import playbacks_of
from tests.player.playback import Playback

PLAN = Plan(days=3, accounts=300, titles=20, tracks=10, seed=5, playbacks_per_account=2.0)
SAME = (
    "is_started", "playing_ms", "content_watched_ms", "watched_ms", "startup_ms", "pause_ms", "stall_count",
    "stall_ms", "seek_stall_ms", "seek_count", "quality_change_count", "quality_up_count", "quality_down_count",
    "bitrate_ms", "bitrate_kbit", "ad_ms",
    "ad_count", "max_position_ms", "is_position_jump", "is_start_failure", "is_playback_failure",
    "is_exit_before_start", "dropped_frame_count", "error_code", "error_class", "is_stop_after_complete",
    "is_exit_after_stall",
    "is_without_session_start", "is_after_session_end",
)  # fmt: skip


@pytest.fixture(scope="module")
def read() -> dict[str, Playback]:
    rows = [row for day in range(PLAN.days) for row in PLAN.table("player_events", day).to_pylist()]
    found = playbacks_of([Delivery(datetime(2026, 11, 1), "all", rows)])  # noqa: DTZ001 (UTC, as the rows are)
    return {_name(playback.key): playback for playback in found}


def _name(key: tuple[Any, ...]) -> str:
    """The id, or what the plan has in its place."""
    if len(key) == 1:
        return str(key[0])
    account, session, content, at_ms = key
    return f"of|{'' if account is None else f'player:{account}'}|{session}|{content}|{at_ms * 1000}"


def facts(name: str) -> list[dict[str, Any]]:
    return [row for day in range(PLAN.days) for row in PLAN.player_day(day).facts[name].to_pylist()]


def test_every_measure_is_what_the_events_say(read: dict[str, Playback]) -> None:
    planned = {row["playback_id"]: row for row in facts(PLAYBACKS)}
    assert planned.keys() == read.keys()
    wrong = []
    for key, row in planned.items():
        got = read[key].measures
        pairs = {name: (got[name], row[name]) for name in SAME}
        pairs["started_at"] = (got["started_at"], row["started_us"] // 1000)
        pairs["ended_at"] = (got["ended_at"], row["ended_us"] // 1000)
        wrong += [(key, name, *pair) for name, pair in pairs.items() if pair[0] != pair[1]]
    assert not wrong, wrong[:10]


def test_the_playhead_moves_when_the_plan_says_so(read: dict[str, Playback]) -> None:
    stretches: dict[str, list[tuple[int, int]]] = {}
    for row in facts(STRETCHES):
        own = stretches.setdefault(row["playback_id"], [])
        start, end = row["from_us"] // 1000, row["to_us"] // 1000
        if own and own[-1][1] == start:
            own[-1] = (own[-1][0], end)
        else:
            own.append((start, end))
    for key, playback in read.items():
        moved: list[tuple[int, int]] = []
        for piece in playback.pieces:
            if moved and moved[-1][1] == piece.start:
                moved[-1] = (moved[-1][0], piece.end)
            else:
                moved.append((piece.start, piece.end))
        assert moved == stretches.get(key, []), key


def test_the_plan_holds_every_kind_of_playback() -> None:
    rows = facts(PLAYBACKS)
    for flag in (
        "is_start_failure", "is_playback_failure", "is_exit_before_start", "is_position_jump", "is_stop_after_complete",
        "is_without_session_start", "is_after_session_end", "is_live",
    ):  # fmt: skip
        assert 0 < sum(row[flag] for row in rows) < len(rows) / 5, flag
    assert {row["end"] for row in rows} == {"complete", "stop", "error", None}
    assert {row["error_class"] for row in rows} == {"technical", "business", None}
    assert any(row["account_id"] is None for row in rows) and any(row["session_id"] is None for row in rows)
    assert any(row["is_started"] and row["startup_ms"] is None for row in rows)
    assert any(row["content_watched_ms"] < row["playing_ms"] for row in rows)
    types = {name for day in range(PLAN.days) for name in PLAN.table("player_events", day)["event_type"].to_pylist()}
    assert len(types) == 29
    assert any(row["playback_id"].startswith("of|") for row in rows)
    assert "banner" in {row["ad_type"] for row in facts(OPPORTUNITIES)}
    scripts = [build(PLAN.player, day, np.arange(400)).script for day in range(PLAN.days)]
    assert all(one.is_silent.any() and one.failed_ms.any() for one in scripts)


def test_no_two_events_share_an_id() -> None:
    ids = [name for day in range(PLAN.days) for name in PLAN.table("player_events", day)["event_id"].to_pylist()]
    assert len(set(ids)) == len(ids)
