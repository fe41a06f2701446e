"""The truth of stretches, weeks, accounts over time and arrivals against figures worked out by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa

from ingestion.generate.player.facts import PLAYBACKS, STRETCHES
from ingestion.generate.truth import Truth, compute
from ingestion.generate.truth.entities import EPOCH, Account
from ingestion.generate.truth.features import SUMMED, feature_churn_account_day, kpi_segment_daily
from ingestion.generate.truth.landed import Arrival, arrived
from ingestion.generate.truth.players import build
from tests.generate.test_player_truth_by_hand import SECOND, TEN, playback

SATURDAY = TEN - 57 * 86_400 * SECOND  # 3 January 2026
DAY = 86_400 * SECOND  # TEN is on 1 March 2026, a Sunday


def truth(playbacks: list[dict[str, object]], *stretches: tuple[str, int, int, int, int]) -> Truth:
    """The truth of these playbacks of T1 (100 s) and T2 (50 s). stretches: playback, start and length in seconds from
    ten o'clock, and seconds of content from and to."""
    rows = [
        {
            "playback_id": name, "from_us": TEN + start * SECOND, "to_us": TEN + (start + length) * SECOND,
            "from_position_ms": begin * 1000, "to_position_ms": end * 1000,
        }
        for name, start, length, begin, end in stretches
    ]  # fmt: skip
    titles = [
        {"title_id": name, "title": name, "genres": "News", "duration_seconds": seconds}
        for name, seconds in (("T1", 100), ("T2", 50))
    ]
    tables = {PLAYBACKS: playbacks, STRETCHES: rows, "titles": titles}
    return compute({name: [pa.Table.from_pylist(values)] for name, values in tables.items() if values})


def test_what_is_seen_again_is_one_interval_more_and_no_new_content() -> None:
    # Half a minute twice without a break, a pause, and then, at twice the speed, from 50 s to 70 s.
    found = truth([playback("P", TEN)], ("P", 2, 30, 0, 30), ("P", 32, 30, 30, 60), ("P", 80, 10, 50, 70)).tables
    intervals = found["fct_playback_interval"].to_pylist()
    assert [(one["from_position_ms"], one["to_position_ms"], one["playback_rate"]) for one in intervals] == [
        (0, 60_000, Decimal("1.0000")), (50_000, 70_000, Decimal("2.0000")),
    ]  # fmt: skip
    edges = found["edge_position"].to_pylist()
    assert [(one["position_ms"], one["delta_all"], one["delta_unique"]) for one in edges] == [
        (0, 1, 1), (50_000, 1, 0), (60_000, -1, 0), (70_000, -1, -1),
    ]  # fmt: skip


def test_each_day_of_an_audience_begins_at_nought() -> None:
    start = 14 * 3600 - 20
    found = truth([playback("P", TEN + start * SECOND)], ("P", start, 60, 0, 60)).tables["edge_audience"].to_pylist()
    midnight = datetime(2026, 3, 2)  # noqa: DTZ001
    assert [(one["event_date"].day, one["instant_at"] - midnight, one["net_starts"]) for one in found] == [
        (1, timedelta(seconds=-20), 1), (1, timedelta(0), -1), (2, timedelta(0), 1), (2, timedelta(seconds=40), -1),
    ]  # fmt: skip


def test_views_of_a_week_and_weeks_among_the_ten() -> None:
    half_ms = 5_000 * 3_600_000  # just enough to be published as 10,000 hours
    played = [("A", 0, "T1", half_ms), ("B", 1, "T1", half_ms - 1), ("C", 1, "T2", half_ms - 1)]
    rows = [playback(name, TEN + DAY * day, content_id=title, playing_ms=ms) for name, day, title, ms in played]
    found = truth(rows).tables["kpi_top_content_weekly"].to_pylist()
    first, second = date(2026, 2, 23), date(2026, 3, 2)
    assert [(one["week_start_date"], one["place"], one["content_id"], one["weeks_in_top"]) for one in found] == [
        (first, 1, "video:T1", 1), (second, 1, "video:T2", 1), (second, 2, "video:T1", 2),
    ]  # fmt: skip
    assert [one["published_hours"] for one in found] == [10_000, 0, 0]
    # 180,000 views of T1 are published as 200,000, 359,999.99998 of T2 as 400,000.
    assert [(one["content_views"], one["published_views"]) for one in found] == [
        (Decimal("180000"), 200_000), (Decimal("359999.99998"), 400_000), (Decimal("179999.99999"), 200_000),
    ]  # fmt: skip


def test_a_day_beside_the_week_before_and_who_came_back() -> None:
    rows = [playback("A", TEN), playback("B", TEN + 7 * DAY, account_id="A2", playing_ms=30_000, watched_ms=40_000)]
    found = truth(rows).tables
    first, second = found["kpi_executive_daily"].to_pylist()
    assert (first["week_before_plays"], first["unique_accounts_28"], first["rebuffer_rate"]) == (
        None,
        1,
        Decimal("0.01"),
    )
    names = ("unique_accounts", "unique_accounts_7", "unique_accounts_28", "week_before_playing_ms", "stickiness_rate")
    assert [second[name] for name in names] == [1, 1, 2, 60_000, Decimal("0.5")]
    cohorts = found["kpi_cohort_weekly"].to_pylist()
    assert [(one["week_number"], one["cohort_accounts"], one["active_accounts"]) for one in cohorts] == [
        (0, 1, 1), (1, 1, 0), (0, 1, 1),
    ]  # fmt: skip


def account_day(day: date, account: str, plan: str, **more: int) -> dict[str, object]:
    nothing = dict.fromkeys((*SUMMED, "distinct_contents", "distinct_devices"), 0)
    is_complete = "complete_plays" in more
    who = {"account_id": account, "subscription_plan": plan, "is_last_play_complete": is_complete}
    return {"event_date": day, **who, **nothing, **more}


def test_what_is_known_of_accounts_at_the_end_of_a_day() -> None:
    saturday, four_weeks_on = date(2026, 1, 3), date(2026, 1, 31)
    a = account_day(
        saturday, "player:A1", "Basic", attempts=2, plays=2, complete_plays=1, playing_ms=3_600_000, interactions=10,
        distinct_contents=2, distinct_devices=2,
    )  # fmt: skip
    b = account_day(four_weeks_on, "player:B", "unknown", searches=1, interactions=1)
    watched = [  # T1 on two devices, and T2 without a frame
        playback("P", SATURDAY), playback("Q", SATURDAY, device="mobile"),
        playback("R", SATURDAY, content_id="T2", is_started=False, account_id="A1"),
    ]  # fmt: skip
    plays = build({PLAYBACKS: [pa.Table.from_pylist(watched)]}, {})
    accounts = {"player:B": Account(registered_day=four_weeks_on.toordinal() - EPOCH - 10)}
    features = feature_churn_account_day(pa.Table.from_pylist([b, a]), plays, accounts)
    first, gone, searched = features.to_pylist()
    # (3 x (2 + 10) + 7 x 2) / 10 = 5: not the 6 of a regular account.
    assert (first["segment"], first["engagement_score"], first["activity_level"]) == ("casual", Decimal("5"), "low")
    assert (first["recency_days"], first["weekend_rate"], first["playing_trend"]) == (0, Decimal("1"), Decimal("4"))
    # Four weeks later the play is out of that window, and within that of 90 days.
    assert (gone["recency_days"], gone["active_days_28"], gone["active_days_90"]) == (28, 0, 1)
    assert (gone["segment"], gone["subscription_plan"], gone["playing_ms"]) == ("inactive", "Basic", 0)
    varied = [(one["distinct_contents"], one["distinct_devices"], one["known_days"]) for one in (first, gone, searched)]
    assert varied == [(1, 2, 0), (0, 0, 28), (0, 0, 0)]
    assert [one["is_last_play_complete"] for one in (first, gone, searched)] == [True, True, None]
    assert [one["monthly_price_amount"] for one in (first, gone, searched)] == [Decimal("9.99"), Decimal("9.99"), None]
    assert [one["tenure_days"] for one in (first, gone, searched)] == [None, None, 10]
    assert (searched["recency_days"], searched["search_only_days"], searched["most_devices"]) == (None, 1, 0)
    segments = kpi_segment_daily(features).to_pylist()
    names = ("segment", "subscription_plan", "accounts", "active_accounts", "fading_accounts", "dormant_accounts")
    assert [tuple(one[name] for name in names) for one in segments] == [
        ("casual", "Basic", 1, 1, 0, 0), ("inactive", "Basic", 1, 0, 0, 1), ("inactive", "unknown", 1, 0, 0, 1),
    ]  # fmt: skip


def test_late_is_what_arrives_over_a_day_after_it_happened() -> None:
    at = datetime(2026, 3, 2, 10)  # noqa: DTZ001
    one = Arrival("streams", at, 5, 2, 2, 1, np.array([TEN, TEN - 1]))
    found = {row["metric"]: row["row_count"] for row in arrived([one]).to_pylist()}
    assert found == {"read": 5, "accepted": 2, "duplicate": 2, "quarantined": 1, "late": 1}
    flags = truth([playback("P", TEN, playing_ms=100_001, is_position_jump=True)]).tables["kpi_data_quality_daily"]
    assert flags["metric"].to_pylist() == ["flag_longer_than_content", "flag_position_jump"]
