from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from ingestion.generate.plan import INPUTS, Plan
from ingestion.generate.reference import COUNTRIES
from ingestion.generate.truth.read import instants_of

SMALL = {"accounts": 300, "titles": 20, "tracks": 100}
HEADERS = {  # the published files' own headers
    "viewership_logs": "session_id,user_id,channel_id,channel_name,show_name,genre,timestamp,duration_minutes,region,"
    "subscription_type,device,platform,is_live,ads_watched,ad_revenue,engagement_score,buffer_count,"
    "completion_percentage",
    "streams": "user_id,track_id,listen_time",
    "demographics": "user_id,gender,age_group,region,subscription_type",
    "ad_revenue": "channel_id,channel_name,date,ad_revenue",
    "channel_metadata": "channel_id,channel_name,genre,language,launch_year",
    "songs": "id,track_id,artists,album_name,track_name,popularity,duration_ms,explicit,danceability,energy,key,"
    "loudness,mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo,time_signature,track_genre",
    "users": "user_id,user_name,user_age,user_country,created_at",
    "titles": "title_id,title,content_type,genres,duration_seconds,release_date,language,rating,creator_id",
}


def values(table: pa.Table, column: str) -> list:
    return table.column(column).to_pylist()


@pytest.mark.parametrize("name", INPUTS)
def test_columns_are_those_of_the_original(name: str) -> None:
    assert ",".join(Plan(**SMALL).table(name, 0).column_names) == HEADERS[name]


@pytest.mark.parametrize("name", INPUTS)
def test_a_day_is_the_same_alone_and_among_others(name: str) -> None:
    alone = Plan(**SMALL, days=6).table(name, 5)
    among = Plan(**SMALL, days=300)
    for day in (0, 299, 17, 4):
        among.table(name, day)
    assert among.table(name, 5).to_pylist() == alone.to_pylist()


def test_another_seed_gives_other_rows_and_another_start_other_dates() -> None:
    base = Plan(**SMALL).streams(1)
    assert Plan(**SMALL, seed=8).streams(1).to_pylist() != base.to_pylist()
    later = Plan(**SMALL, start=date(2026, 2, 2)).streams(1)
    assert values(later, "track_id") == values(base, "track_id")
    gap = {b - a for a, b in zip(values(base, "listen_time"), values(later, "listen_time"), strict=True)}
    assert gap == {timedelta(days=28)}


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Plan(**SMALL).viewership(2)
    monkeypatch.setattr("ingestion.generate.television.BLOCK_SESSIONS", 37)
    pieces = Plan(**SMALL).viewership(2)
    assert pieces.column(0).num_chunks > 1
    assert pieces.to_pylist() == whole.to_pylist()


def test_the_default_plan_has_the_promised_size() -> None:
    plan = Plan()
    rows = {name: sum(plan.table(name, day).num_rows for day in range(14)) for name in ("viewership_logs", "streams")}
    assert 100_000 < rows["viewership_logs"] < 150_000
    assert 150_000 < rows["streams"] < 200_000


def test_accounts_join_and_leave() -> None:
    people = Plan(accounts=4_000).listening.people
    assert people.growth.size(0) == 4_000
    assert people.growth.size(30) == 4_000 + 4_000 * 5 * 30 // 1000
    still = people.is_alive(30)[:4_000].mean()
    assert abs(still - np.exp(-0.004 * 30)) < 0.03  # the hazard is 0.4 % a day
    joined = people.growth.first_day(np.arange(people.growth.size(30)))
    assert (np.bincount(joined[4_000:], minlength=31)[1:] == 20).all()
    active = people.active(3)
    assert len(set(active.tolist())) == len(active) == people.is_alive(3).sum()


def test_new_accounts_and_tracks_come_with_their_rows() -> None:
    plan = Plan(**SMALL, growth_permille=100, catalogue_permille=100)
    for name, key, first in (("users", "user_id", 300), ("demographics", "user_id", 300), ("songs", "track_id", 100)):
        days = [set(values(plan.table(name, day), key)) for day in range(3)]
        assert [len(day) for day in days] == [first, first // 10, first // 10]
        assert not days[0] & days[1] and not days[1] & days[2]
    known = set().union(*(values(plan.table("songs", day), "track_id") for day in range(3)))
    assert set(values(plan.streams(2), "track_id")) <= known


def hours(table: pa.Table, column: str, shift_hours: float = 0) -> np.ndarray:
    local = instants_of(table.column(column).combine_chunks()) // 1_000_000 + int(shift_hours * 3600)
    return np.bincount(local // 3600 % 24, minlength=24)


def test_television_follows_the_day_in_india() -> None:
    local = hours(Plan(accounts=20_000).viewership(1), "timestamp", 5.5)
    assert local.argmax() in (20, 21, 22)
    assert local.argmin() in (3, 4, 5)
    assert local.max() > 6 * local.min()


@pytest.mark.parametrize(("country", "shift"), [("United States", -5), ("Australia", 11), ("Germany", 1)])
def test_listening_follows_the_day_of_the_country(country: str, shift: int) -> None:
    plan = Plan(accounts=20_000)
    table = plan.streams(1)
    of_account = np.asarray(plan.listening.country(plan.listening.people.growth.size(1)))
    account = np.array([int(user) - 1 for user in values(table, "user_id")])
    there = table.filter(pa.array(of_account[account] == COUNTRIES.index(country)))
    local = hours(there, "listen_time", shift)
    assert local[18:24].sum() > 0.35 * local.sum()
    assert local[1:6].sum() < 0.1 * local.sum()


@pytest.mark.parametrize(("name", "column"), [("viewership_logs", "show_name"), ("streams", "track_id")])
def test_plays_fall_like_zipf(name: str, column: str) -> None:
    table = Plan(accounts=20_000, titles=1_000, tracks=2_000).table(name, 0)
    counts = np.sort(pc.value_counts(table.column(column)).field("counts").to_numpy())[::-1]
    ranks = np.arange(5, 120)
    slope = np.polyfit(np.log(ranks), np.log(counts[ranks - 1]), 1)[0]
    assert -1.2 < slope < -0.8


def test_sessions_have_several_listens_skips_and_cross_midnight() -> None:
    plan = Plan(accounts=3_000)
    table = plan.streams(0)
    duration = dict(
        zip(values(plan.table("songs", 0), "track_id"), values(plan.table("songs", 0), "duration_ms"), strict=True)
    )
    user, track, at = (values(table, column) for column in table.column_names)
    same = [place for place in range(len(user) - 1) if user[place] == user[place + 1]]
    gaps = {place: (at[place + 1] - at[place]).total_seconds() * 1000 for place in same}
    assert len(same) > 0.6 * len(user)
    assert min(gaps.values()) >= 4_000
    cut = sum(gaps[place] < duration[track[place]] for place in same) / len(same)
    skipped = sum(gaps[place] < 30_000 for place in same) / len(same)
    assert 0.2 < cut < 0.45 and 0.1 < skipped < 0.25
    assert any(instant.date() == date(2026, 1, 6) for instant in at)


def test_television_rows_are_plausible() -> None:
    rows = Plan(accounts=5_000).viewership(0).to_pylist()
    assert {row["device"] for row in rows} == {"Mobile", "Smart TV", "Tablet", "Laptop"}
    assert all(row["platform"] == "Web" for row in rows if row["device"] == "Laptop")
    assert all(row["ads_watched"] == 0 == row["ad_revenue"] for row in rows if row["subscription_type"] == "Premium")
    assert all(0 <= row["duration_minutes"] <= 240 for row in rows)
    assert all(0 <= row["completion_percentage"] <= 100 for row in rows)
    assert all(0.2 <= row["engagement_score"] <= 1 for row in rows)
    assert {row["buffer_count"] for row in rows} == {0, 1, 2, 3}
    live = sum(row["is_live"] for row in rows) / len(rows)
    not_started = sum(row["duration_minutes"] == 0 for row in rows) / len(rows)
    assert 0.1 < live < 0.3 and 0.005 < not_started < 0.04


def test_a_track_stands_in_up_to_three_genres_and_may_have_several_artists() -> None:
    songs = Plan(tracks=2_000).table("songs", 0)
    rows_of = np.array(pc.value_counts(songs.column("track_id")).field("counts").to_pylist())
    assert set(rows_of.tolist()) == {1, 2, 3}
    pairs = list(zip(values(songs, "track_id"), values(songs, "track_genre"), strict=True))
    assert len(set(pairs)) == len(pairs)
    assert any(";" in artists for artists in values(songs, "artists"))
    assert max(len(artists) for artists in values(songs, "artists")) > 255  # longer than the varchar(255) of old
    assert any('"' in name for name in values(songs, "track_name")) and any(
        "," in name for name in values(songs, "track_name")
    )


def test_reported_listens_add_a_column_with_lengths() -> None:
    listened = values(Plan(**SMALL, reported_share=0.5).streams(0), "listened_ms")
    known = [value for value in listened if value is not None]
    assert 0.4 < len(known) / len(listened) < 0.6
    assert min(known) >= 0


@pytest.mark.parametrize("knobs", [{"days": 0}, {"accounts": 0}, {"reported_share": 1.5}])
def test_impossible_knobs_are_named(knobs: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(knobs))):
        Plan(**knobs)


@pytest.mark.parametrize("name", INPUTS)
def test_the_smallest_plan_works(name: str) -> None:
    plan = Plan(days=1, accounts=1, titles=1, tracks=1)
    for day in range(3):
        assert ",".join(plan.table(name, day).column_names) == HEADERS[name]
