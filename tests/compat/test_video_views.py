"""The published queries of the clickstream system, and what the views of the video warehouse had wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.convergence.engine import Batch, Warehouse

pytestmark = pytest.mark.slow

HERE = Path(__file__).resolve().parent
FIRST = datetime(2026, 1, 5, 20)  # noqa: DTZ001 - the marts keep UTC without zone; a Monday
LAST_DAY = 40
PUBLISHED = {"video_play": "PLAY_START", "video_stop": "PLAY_STOP"}
Row = dict[str, Any]


def playing(account: str, title: str, day: int, number: int, minutes: int = 12) -> list[Row]:
    """A play of `minutes` from the start of a title, with its pause."""
    start = FIRST + timedelta(days=day, hours=number)
    shared = {
        "account_id": account, "playback_id": f"P-{account}-{title}-{day}-{number}", "session_id": f"S-{account}-{day}",
        "content_id": title, "device_type": "tv", "country": "India", "platform": "web",
        "content_duration_ms": 1_200_000,
        "subscription_tier": "premium" if account == "U0" else "free",
    }  # fmt: skip
    steps = [
        ("video_play", 0, 0),
        ("video_pause", minutes, minutes * 60_000),
        ("video_stop", minutes + 1, minutes * 60_000),
    ]
    return [
        {
            **shared,
            "event_id": f"{shared['playback_id']}-{kind}",
            "event_type": kind,
            "event_at": start + timedelta(minutes=at),
            "position_ms": position,
            "startup_ms": 0 if kind == "video_play" else None,
        }
        for kind, at, position in steps
    ]


def ad(account: str, day: int) -> Row:
    return {
        "event_id": f"ad-{account}-{day}", "event_type": "ad_impression", "account_id": account, "ad_id": "A",
        "playback_id": f"P-{account}-T1-{day}-0", "content_id": "T1", "country": "India", "ad_break_id": "B",
        "event_at": FIRST + timedelta(days=day), "price_amount": Decimal("2.000000"), "currency": "INR",
    }  # fmt: skip


def made_up() -> list[Row]:
    """U0 plays every day, U1 on two days of the first week and one of the last, U2 on the first only."""
    rows = [row for day in range(LAST_DAY + 1) for row in playing("U0", "T1", day, 0) + playing("U0", "T2", day, 1, 3)]
    rows += playing("U1", "T1", 0, 0) + playing("U1", "T1", 1, 0) + playing("U1", "T2", LAST_DAY, 0)
    rows += playing("U2", "T1", 0, 0)
    return [*rows, ad("U0", LAST_DAY), ad("U0", LAST_DAY - 1)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = Warehouse(tmp_path_factory.mktemp("video"))
    rows = made_up()
    arrived_at = FIRST + timedelta(days=LAST_DAY + 1)
    warehouse.land([
        Batch("first", "player_events", arrived_at, tuple(rows)),
        Batch("again", "player_events", arrived_at + timedelta(hours=1), tuple(rows[:50])),
    ])  # fmt: skip
    warehouse.dbt("run")
    yield warehouse
    warehouse.close()


def published(built: Warehouse, name: str) -> list[tuple[Any, ...]]:
    with built.connected() as connection:
        connection.execute("use compat")
        return connection.execute((HERE / f"{name}.sql").read_text(encoding="utf-8")).fetchall()


def video_rows() -> list[Row]:
    return [row for row in made_up() if row["event_type"].startswith("video_")]


def test_rows_per_date(built: Warehouse) -> None:
    want = Counter(row["event_at"].date() for row in video_rows())
    assert published(built, "netflix_rows_per_date") == sorted(want.items())
    assert None not in want


def test_event_types(built: Warehouse) -> None:
    want = Counter(PUBLISHED.get(row["event_type"], row["event_type"][6:].upper()) for row in video_rows())
    assert dict(published(built, "netflix_event_types")) == want


def test_top_titles(built: Warehouse) -> None:
    want = Counter(row["content_id"] for row in video_rows() if row["event_type"] == "video_play")
    assert published(built, "netflix_top_titles") == want.most_common(10)


def test_who_has_stopped_is_inactive_and_at_risk(built: Warehouse) -> None:
    segments = "select user_id, user_segment, last_active_date from compat.v_user_segments order by user_id"
    assert built.query(segments) == [
        ("player:U0", "light", (FIRST + timedelta(days=LAST_DAY)).date()),
        ("player:U1", "light", (FIRST + timedelta(days=LAST_DAY)).date()),
        ("player:U2", "inactive", FIRST.date()),
    ]
    risks = "select user_id, churn_risk_level, churn_risk_score from compat.v_churn_risk order by user_id"
    assert built.query(risks) == [
        ("player:U0", "Medium", Decimal("0.7")),  # 15 minutes a day, but little engagement
        ("player:U1", "Medium", Decimal("0.7")),
        ("player:U2", "High", Decimal("0.8")),
    ]


def test_cohorts_go_beyond_their_first_month(built: Warehouse) -> None:
    got = built.query("select cohort_month, months_since_first, cohort_size, active_users from compat.v_user_cohorts")
    assert sorted(got) == [(date(2026, 1, 1), 0, 3, 3), (date(2026, 1, 1), 1, 3, 2)]


def test_viewers_of_a_month_count_once(built: Warehouse) -> None:
    top = (
        "select content_id, total_views, unique_viewers, total_watch_time_minutes, views_rank from compat.v_top_content"
    )
    assert sorted(built.query(top)) == [
        ("video:T1", 30, 1, Decimal(30 * 12), 2),
        ("video:T2", 31, 2, Decimal(30 * 3 + 12), 1),
    ]


def test_revenue_and_hours_do_not_multiply(built: Warehouse) -> None:
    geography = "select country, unique_users, total_views, total_watch_time_minutes, total_revenue"
    assert built.query(f"{geography} from compat.v_geographic_analytics") == [
        ("India", 2, 61, Decimal(30 * 15 + 12), Decimal(4))
    ]


def test_daily_users_by_plan(built: Warehouse) -> None:
    day = (
        "select daily_active_users, premium_users, free_users, avg_watch_time_minutes from compat.v_daily_active_users"
    )
    assert built.query(f"{day} where metric_date = date '{FIRST.date()}'") == [(3, 1, 2, Decimal(13))]


def test_people_leave_where_they_last_played(built: Warehouse) -> None:
    dropoff = "select dropoff_bucket, dropoff_count from compat.v_content_dropoff where content_id = 'video:T2'"
    assert {bucket: count for bucket, count in built.query(dropoff) if count} == {"10-25%": 41, "50-75%": 1}


def test_quality_is_of_playbacks(built: Warehouse) -> None:
    quality = (
        "select total_plays, avg_startup_time_seconds, error_percent, buffer_percent from compat.v_platform_quality"
    )
    assert built.query(quality) == [(15, Decimal(0), Decimal(0), Decimal(0))]


def test_last_day_beside_the_same_weekday(built: Warehouse) -> None:
    executive = "select daily_active_users, daily_active_users_last_week, total_views, total_views_last_week"
    assert built.query(f"{executive} from compat.v_executive_kpis") == [(2, 1, 3, 2)]


def test_subscribers_of_a_month_pay_once(built: Warehouse) -> None:
    revenue = "select subscription_tier, subscribers, monthly_recurring_revenue from compat.v_mrr_analysis"
    assert sorted(built.query(f"{revenue} where revenue_month = date '2026-02-01'")) == [
        ("free", 1, Decimal(0)),
        ("premium", 1, Decimal("15.9900")),
    ]


def test_trends_compare_with_the_calendars_week(built: Warehouse) -> None:
    trend = "select views, previous_week_views from compat.v_content_trends where content_id = 'video:T1'"
    assert built.query(f"{trend} and week_start_date = date '2026-01-12'") == [(7, 10)]
    assert built.query("select sum(plays) from compat.v_device_analytics") == [(61,)]
