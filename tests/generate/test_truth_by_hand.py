"""The truth against figures worked out by hand.

Television (channel C1 "One" by its metadata, C2 without metadata; all in India, +5:30), 2026-03-01 UTC:
  A  S1 U1 C1 Show_1  18:00  30 min  North  Premium  Mobile   live  2 ads  10.50  score 0.5  1 stall  100 %    News
  B  S1 U2 C1 Show_1  18:00  10 min  North  Free     Tablet         1 ad    2.25  score 0.8  0 stalls  50 %    News
  C  S2 U1 C2 Show_2  23:50  20 min  (none) (none)   Fridge         no ads        (none)     (none)    (none)  (none)
  D  S3 U3 C1 Show_2  12:00   0 min  West   Free     Laptop         no ads  0     score 0.2  0 stalls   0 %    Kids
U1 is of region East, plan Basic, Female, 26-35, by its second (later) demographics row. C runs over midnight.
Music: T1 "Alpha" (Ann;Bob, 200 s, popularity 60, genres pop and rock), T2 "Beta" (Bob, 100 s, popularity 80, jazz),
T3 not in the catalogue. User 9 is of the United States (-5 h in winter), 61 years old.
  M1 9 T1 10:00:00    M2 9 T2 10:00:20 (T1 cut after 20 s)    M3 9 T3 10:05:00 (T2 had ended by itself after 100 s)
  M4 9 T1 10:06:00 (T3 has no length)  and no listen after it, so M4 lasts 200 s.
"""

import hashlib
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from ingestion.generate.truth import FACT_TABLES, KPI_TABLES, Truth, compute

DAY = date(2026, 3, 1)
LOG = (
    "session_id", "user_id", "channel_id", "channel_name", "show_name", "genre",
    "timestamp", "duration_minutes", "region", "subscription_type", "device", "platform",
    "is_live", "ads_watched", "ad_revenue", "engagement_score", "buffer_count", "completion_percentage",
)  # fmt: skip


def at(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 3, 1, hour, minute, second)  # noqa: DTZ001 (as the inputs hold it)


A = (
    "S1", "U1", "C1", "Old One", "Show_1", "News", at(18), 30, "North",
    "Premium", "Mobile", "Android", True, 2, 10.5, 0.5, 1, 100.0,
)  # fmt: skip
B = (
    "S1", "U2", "C1", "Old One", "Show_1", "News", at(18), 10, "North",
    "Free", "Tablet", "iOS", False, 1, 2.25, 0.8, 0, 50.0,
)  # fmt: skip
C = (
    "S2", "U1", "C2", "Two", "Show_2", None, at(23, 50), 20, None,
    None, "Fridge", None, False, 0, None, None, None, None,
)  # fmt: skip
D = (
    "S3", "U3", "C1", "Old One", "Show_2", "Kids", at(12), 0, "West",
    "Free", "Laptop", "Web", None, 0, 0.0, 0.2, 0, 0.0,
)  # fmt: skip


def logs(*rows: tuple) -> pa.Table:
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(LOG)})


def listens(*rows: tuple) -> pa.Table:
    return pa.table(
        {"user_id": ["9" for _ in rows], "track_id": [row[0] for row in rows], "listen_time": [row[1] for row in rows]}
    )


def songs(*rows: tuple) -> pa.Table:
    names = ("track_id", "artists", "track_name", "popularity", "duration_ms", "track_genre")
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})


T1_POP = ("T1", "Ann;Bob", "Alpha", 60, 200_000, "pop")
T1_ROCK = ("T1", "Ann;Bob", "Alpha", 60, 200_000, "rock")
T2 = ("T2", "Bob", "Beta", 80, 100_000, "jazz")
LISTENS = (("T1", at(10)), ("T2", at(10, 0, 20)), ("T3", at(10, 5)), ("T1", at(10, 6)))


def inputs() -> dict[str, list[pa.Table]]:
    people = ("user_id", "gender", "age_group", "region", "subscription_type")
    first, second = ("U1", "Male", "60+", "South", "Free"), ("U1", "Female", "26-35", "East", "Basic")
    return {
        "viewership_logs": [logs(A, B, C, D)],
        "demographics": [
            pa.table({name: [row[place]] for place, name in enumerate(people)}) for row in (first, second)
        ],
        "ad_revenue": [pa.table({"channel_id": ["C1", "C9"], "date": [DAY, DAY], "ad_revenue": [500.0, 70.0]})],
        "channel_metadata": [pa.table({"channel_id": ["C1"], "channel_name": ["One"]})],
        "streams": [listens(*LISTENS)],
        "songs": [songs(T1_ROCK, T1_POP, T2)],
        "users": [pa.table({"user_id": ["9"], "user_age": [61], "user_country": ["United States"]})],
    }


@pytest.fixture(scope="module")
def truth() -> Truth:
    return compute(inputs())


def rows(truth: Truth, table: str, **where: object) -> list[dict]:
    return [row for row in truth.tables[table].to_pylist() if all(row[name] == value for name, value in where.items())]


def row(truth: Truth, table: str, **where: object) -> dict:
    [found] = rows(truth, table, **where)
    return found


def shown(found: dict, names: str) -> tuple:
    """The named columns, decimals as texts without closing zeros."""
    return tuple(plain(found[name]) for name in names.split())


def plain(value: object) -> object:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else value


def test_playbacks(truth: Truth) -> None:
    us = int((at(18) - datetime(1970, 1, 1)).total_seconds() * 1_000_000)  # noqa: DTZ001
    a = row(truth, "fct_playback", playback_id=hashlib.md5(f"tv|S1|U1|C1|{us}".encode()).hexdigest())
    names = (
        "account_id content_id channel_id playing_ms is_started is_valid is_complete is_skipped is_imputed "
        "end_reason region device_type local_hour"
    )
    assert shown(a, names) == (
        "tv:U1",
        "tv:Show_1",
        "C1",
        1_800_000,
        True,
        True,
        True,
        False,
        False,
        "complete",
        "North",
        "mobile",
        23,
    )
    c = row(truth, "fct_playback", channel_id="C2")
    assert shown(c, names)[3:] == (1_200_000, True, True, None, False, False, "stop", "East", "unknown", 5)
    d = row(truth, "fct_playback", account_id="tv:U3")
    assert shown(d, names)[3:] == (0, False, False, False, False, False, "stop", "West", "desktop", 17)
    music = sorted(rows(truth, "fct_playback", channel_id="not_applicable"), key=lambda one: one["started_at"])
    assert [one["playing_ms"] for one in music] == [20_000, 100_000, None, 200_000]
    assert [one["is_complete"] for one in music] == [False, True, None, True]
    assert [one["is_skipped"] for one in music] == [True, False, False, False]
    assert [one["is_valid"] for one in music] == [False, True, False, True]
    assert [one["end_reason"] for one in music] == ["next_content", "complete", None, "complete"]
    assert {(one["region"], one["local_hour"], one["is_imputed"]) for one in music} == {("United States", 5, True)}


def test_channel(truth: Truth) -> None:
    names = (
        "channel_name attempts plays valid_plays complete_plays live_plays unique_accounts playing_ms "
        "stall_count ad_count ad_revenue_amount booked_ad_revenue_amount currency "
        "reported_completion_rate_sum reported_completion_plays engagement_score_sum engagement_score_plays "
        "completion_rate average_completion_rate average_engagement_score average_playing_ms "
        "ad_revenue_per_hour_amount"
    )
    # C1: A and B play, D does not start. 40 minutes; revenue 12.75 in two thirds of an hour = 19.125 an hour.
    assert shown(row(truth, "kpi_channel_daily", channel_id="C1"), names) == (
        "One", 3, 2, 2, 1, 1, 2, 2_400_000, 1, 3, "12.75", "500", "INR", "1.5", 2, "1.3", 2, "0.5", "0.75", "0.65",
        "1200000", "19.125",
    )  # fmt: skip
    assert shown(row(truth, "kpi_channel_daily", channel_id="C2"), names) == (
        "Two", 1, 1, 1, 0, 0, 1, 1_200_000, 0, 0, "0", None, "INR", "0", 0, "0", 0, "0", None, None, "1200000", "0",
    )  # fmt: skip
    assert shown(row(truth, "kpi_channel_daily", channel_id="C9"), names) == (
        "C9", 0, 0, 0, 0, 0, 0, 0, 0, 0, "0", "70", "INR", "0", 0, "0", 0, None, None, None, None, None,
    )  # fmt: skip


def test_content(truth: Truth) -> None:
    names = (
        "title media_kind attempts plays valid_plays complete_plays skipped_plays imputed_plays "
        "unique_accounts playing_ms content_watched_ms content_duration_ms completion_rate skip_rate "
        "average_playing_ms average_viewed_rate"
    )
    # T1: 20 s and 200 s of 200 s: 220 of 400.
    assert shown(row(truth, "kpi_content_daily", content_id="music:T1"), names) == (
        "Alpha", "track", 2, 2, 1, 1, 1, 2, 1, 220_000, 220_000, 400_000, "0.5", "0.5", "110000", "0.55",
    )  # fmt: skip
    assert shown(row(truth, "kpi_content_daily", content_id="music:T3"), names) == (
        "T3", "track", 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, "0", "0", "0", None,
    )  # fmt: skip
    assert shown(row(truth, "kpi_content_daily", content_id="tv:Show_2"), names) == (
        "Show_2", "video", 2, 1, 1, 0, 0, 0, 1, 1_200_000, 0, 0, "0", "0", "1200000", None,
    )  # fmt: skip


def test_genre(truth: Truth) -> None:
    names = (
        "plays plays_allocated unique_accounts playing_ms track_length_ms track_length_plays popularity_sum "
        "popularity_plays average_playing_ms average_playing_ms_per_account average_track_length_ms "
        "average_track_length_ms_per_account popularity_index top_content_id top_content_title top_artist "
        "top_popularity top_content_title_by_popularity top_artists_by_popularity"
    )
    expected = (
        2,
        "1",
        1,
        220_000,
        400_000,
        2,
        120,
        2,
        "110000",
        "220000",
        "200000",
        "400000",
        "60",
        "music:T1",
        "Alpha",
    )
    for genre in ("pop", "rock"):
        assert shown(row(truth, "kpi_genre_daily", genre=genre), names) == (*expected, "Ann", 60, "Alpha", "Ann;Bob")
    unknown = shown(row(truth, "kpi_genre_daily", media_kind="track", genre="unknown"), names)
    assert unknown == (1, "1", 1, 0, 0, 0, 0, 0, "0", "0", None, "0", None, "music:T3", "T3", None, None, None, None)
    assert {one["genre"] for one in rows(truth, "kpi_genre_daily", media_kind="video")} == {
        "News",
        "unknown",
    }  # Kids: not started


def test_top_content(truth: Truth) -> None:
    names = "group_value place item_id item_title plays unique_accounts playing_ms"
    assert [shown(one, names) for one in rows(truth, "kpi_top_content_daily", ranking="country")] == [
        ("United States", 1, "music:T1", "Alpha", 2, 1, 220_000),
        ("United States", 2, "music:T2", "Beta", 1, 1, 100_000),
        ("United States", 3, "music:T3", "T3", 1, 1, 0),
        ("India", 1, "tv:Show_1", "Show_1", 2, 2, 2_400_000),
        ("India", 2, "tv:Show_2", "Show_2", 1, 1, 1_200_000),
    ]
    assert [shown(one, names)[:3] for one in rows(truth, "kpi_top_content_daily", ranking="channel")] == [
        ("C1", 1, "tv:Show_1"), ("C2", 1, "tv:Show_2"),
    ]  # fmt: skip
    genres = rows(truth, "kpi_top_content_daily", ranking="top_genre", media_kind="track")
    assert [shown(one, names) for one in genres] == [
        ("all", 1, "pop", "pop", 2, 1, 220_000),
        ("all", 2, "rock", "rock", 2, 1, 220_000),
        ("all", 3, "jazz", "jazz", 1, 1, 100_000),
        ("all", 4, "unknown", "unknown", 1, 1, 0),
    ]


def test_hourly(truth: Truth) -> None:
    names = (
        "event_date clock hour_of_day media_kind plays unique_accounts distinct_contents playing_ms "
        "diversity_rate top_artist"
    )
    assert [shown(one, names) for one in rows(truth, "kpi_hourly")] == [
        (DAY, "local", 5, "track", 4, 1, 3, 320_000, "0.75", "Bob"),  # T1 twice, T2 once: Bob in all three
        (DAY, "local", 5, "video", 1, 1, 1, 1_200_000, "1", None),  # C: 23:50 UTC is 05:20 in India
        (DAY, "local", 23, "video", 2, 2, 1, 2_400_000, "0.5", None),
        (DAY, "utc", 10, "track", 4, 1, 3, 320_000, "0.75", "Bob"),
        (DAY, "utc", 18, "video", 2, 2, 1, 2_400_000, "0.5", None),
        (DAY, "utc", 23, "video", 1, 1, 1, 1_200_000, "1", None),
    ]


def test_small_demographic_cells_tell_nothing(truth: Truth) -> None:
    cells = rows(truth, "kpi_demographic_daily")
    assert [shown(one, "media_kind age_group gender subscription_plan") for one in cells] == [
        ("track", "60+", "unknown", "unknown"),
        ("video", "26-35", "Female", "Basic"),
        ("video", "26-35", "Female", "Premium"),
        ("video", "unknown", "unknown", "Free"),
    ]
    for cell in cells:
        assert cell["is_suppressed"]
        assert all(value is None for name, value in list(cell.items())[6:])


def test_demographic_cells_of_five_accounts_are_shown() -> None:
    many = [(*B[:1], f"V{number}", *B[2:]) for number in range(5)]
    cell = row(compute({"viewership_logs": [logs(*many)]}), "kpi_demographic_daily")
    names = "is_suppressed plays complete_plays live_plays unique_accounts playing_ms ad_revenue_amount"
    assert shown(cell, names) == (
        False, 5, 0, 0, 5, 3_000_000, "11.25",
    )  # fmt: skip
    assert shown(cell, "reported_completion_rate_sum average_completion_rate average_playing_ms") == (
        "2.5",
        "0.5",
        "600000",
    )


def test_device_and_region(truth: Truth) -> None:
    names = (
        "device_type platform region attempts plays complete_plays unique_accounts playing_ms stall_count "
        "engagement_score_plays completion_rate average_engagement_score"
    )
    assert [shown(one, names) for one in rows(truth, "kpi_device_region_daily")] == [
        ("unknown", "unknown", "United States", 4, 4, 2, 1, 320_000, 0, 0, "0.5", None),
        ("desktop", "Web", "West", 1, 0, 0, 0, 0, 0, 0, None, None),
        ("mobile", "Android", "North", 1, 1, 1, 1, 1_800_000, 1, 1, "1", "0.5"),
        ("tablet", "iOS", "North", 1, 1, 0, 1, 600_000, 0, 1, "0", "0.8"),
        ("unknown", "unknown", "East", 1, 1, 0, 1, 1_200_000, 0, 0, "0", None),
    ]


def test_concurrency(truth: Truth) -> None:
    table = rows(truth, "kpi_concurrency")
    assert len(table) == 1440 * (2 + 2 + 1)  # all and video on both days (C ends at 00:10), track on the first only
    by = {
        (one["media_kind"], one["minute_at"]): shown(one, "concurrent_peak concurrent_ms concurrent_average")
        for one in table
    }
    assert by["video", at(18)] == (2, 120_000, "2")
    assert by["video", at(18, 10)] == (1, 60_000, "1")  # B ended at 18:10 exactly
    assert by["video", at(18, 30)] == (0, 0, "0")
    assert by["track", at(10)] == (1, 60_000, "1")  # T2 begins when T1 is cut: never two at once
    assert by["track", at(10, 2)] == (0, 0, "0")
    assert by["track", at(10, 9)] == (1, 20_000, "0.333333")
    assert by["all", datetime(2026, 3, 2, 0, 9)] == (1, 60_000, "1")  # noqa: DTZ001
    assert by["all", datetime(2026, 3, 2, 0, 10)] == (0, 0, "0")  # noqa: DTZ001


def test_ties(truth: Truth) -> None:
    assert truth.ties == {
        "plays_allocated": 7,
        "booked_ad_revenue_ten_thousandths": 5_700_000,
        "ad_revenue_ten_thousandths": 127_500,
        "track": {"attempts": 4, "plays": 4, "complete_plays": 2, "accounts": 1, "playing_ms": 320_000},
        "video": {"attempts": 4, "plays": 3, "complete_plays": 1, "accounts": 3, "playing_ms": 3_600_000},
    }


def test_nothing_at_all() -> None:
    empty = compute({})
    assert {table.num_rows for table in empty.tables.values()} == {0}
    assert set(empty.tables) == {*KPI_TABLES, *FACT_TABLES}
    full = compute(inputs())
    assert {name: table.schema for name, table in empty.tables.items()} == {
        name: table.schema for name, table in full.tables.items()
    }
