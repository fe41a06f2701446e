"""The truth of one playback of the player against figures worked out by hand.

A1 asks for T1 (100 s) at 10:00:00; the first frame comes after 2 s, and 60 s are played. Two stalls take 1 s. It is
last heard of at 10:01:42, without an end; A1 asks for T1 again at 10:30, so it left for that.
"""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from ingestion.generate.player.facts import PLAYBACKS, STRETCHES
from ingestion.generate.truth import Truth, compute

TEN = 1_772_359_200_000_000  # 2026-03-01 10:00 UTC
SECOND = 1_000_000


def playback(name: str, start_us: int, **more: object) -> dict[str, object]:
    """A playback that plays a minute within 102 seconds."""
    base: dict[str, object] = {
        "playback_id": name, "session_id": "S", "account_id": "A1", "content_id": "T1", "is_live": False,
        "device": "tv", "platform": "roku", "app_version": "5", "country": "India", "region": "North",
        "subscription_tier": "free",
        "started_us": start_us, "ended_us": start_us + 102 * SECOND, "last_us": start_us + 102 * SECOND,
        "session_end_us": None, "end": None, "error_code": None, "error_class": None, "content_duration_ms": 100_000,
        "is_started": True, "playing_ms": 60_000, "content_watched_ms": 60_000, "watched_ms": 100_000,
        "startup_ms": 2_000, "stall_count": 2, "stall_ms": 1_000, "max_position_ms": 60_000,
    }  # fmt: skip
    return {**base, **more}


@pytest.fixture(scope="module")
def truth() -> Truth:
    failed = playback(
        "P2", TEN + 1800 * SECOND, end="error", error_class="technical", is_started=False, is_start_failure=True,
        playing_ms=0, content_watched_ms=0, startup_ms=None, stall_count=0, stall_ms=0, watched_ms=5_000,
    )  # fmt: skip
    rows = [{"is_start_failure": False, **playback("P1", TEN)}, failed]
    stretch = {
        "playback_id": "P1", "from_us": TEN + 2 * SECOND, "to_us": TEN + 62 * SECOND, "from_position_ms": 0,
        "to_position_ms": 60_000,
    }  # fmt: skip
    titles = {"title_id": "T1", "title": "One", "genres": "News;Kids", "duration_seconds": 100}
    tables = {PLAYBACKS: rows, STRETCHES: [stretch], "titles": [titles]}
    return compute({name: [pa.Table.from_pylist(values)] for name, values in tables.items()})


def test_why_it_ended_and_whether_it_is_complete(truth: Truth) -> None:
    first, second = truth.tables["fct_playback"].to_pylist()
    assert (first["playback_id"], first["account_id"], first["content_id"]) == ("player:P1", "player:A1", "video:T1")
    assert (first["end_reason"], first["is_complete"], first["is_skipped"]) == ("next_content", False, False)
    assert (second["end_reason"], second["is_started"], second["is_start_failure"]) == ("error", False, True)
    assert first["channel_id"] == "not_applicable" and first["local_hour"] == 15


def test_scores(truth: Truth) -> None:
    [row] = truth.tables["kpi_qoe_daily"].to_pylist()
    assert (row["attempts"], row["plays"], row["technical_start_failures"], row["good_playbacks"]) == (2, 1, 1, 1)
    assert row["startup_score_sum"] == 80  # 100 x 8 / (8 + 2)
    # 100 / sqrt(1 + (2 / 2)^2) = 70.7107 and 100 x e^-0.1 = 90.4837, of which the mean is 80.5972.
    assert row["smoothness_score_sum"] == Decimal("80.5972")
    assert row["experience_score_sum"] == Decimal("80.2986")  # the mean of the two, and 0 for the failure
    assert (row["rebuffer_rate"], row["start_failure_rate"]) == (Decimal("0.009524"), Decimal("0.5"))


def test_retention(truth: Truth) -> None:
    rows = sorted(truth.tables["kpi_content_retention"].to_pylist(), key=lambda one: one["percent_of_content"])
    assert [one["plays_there"] for one in rows] == [1] * 12 + [0] * 8  # played up to 60 %, exclusive
    assert {one["percent_of_content"]: one["exits"] for one in rows if one["exits"]} == {60: 1}


def test_genres_and_audience(truth: Truth) -> None:
    assert [(one["genre"], one["plays_allocated"]) for one in truth.tables["kpi_genre_daily"].to_pylist()] == [
        ("Kids", Decimal("0.5")), ("News", Decimal("0.5")),
    ]  # fmt: skip
    [everything, kind] = truth.tables["kpi_audience"].to_pylist()
    assert (everything["group_value"], kind["group_value"]) == ("all", "video")
    assert (everything["unique_accounts_28"], everything["reached_accounts"]) == (1, 1)
    minutes = [one for one in truth.tables["kpi_concurrency"].to_pylist() if one["concurrent_ms"]]
    assert [one["concurrent_ms"] for one in minutes if one["media_kind"] == "video"] == [58_000, 2_000]
