"""Single rules of the truth: precedence, imputation, credits, ties in rankings, exact ratios."""

from datetime import datetime, timedelta
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest

from ingestion.generate.defects import Defects
from ingestion.generate.deliveries import deliveries
from ingestion.generate.plan import INPUTS, Plan
from ingestion.generate.truth import compute
from ingestion.generate.truth.genres import genre_weights
from ingestion.generate.truth.groups import Groups, rounded, tally

NOON = datetime(2026, 3, 1, 12)  # noqa: DTZ001 (as the inputs hold it)


def listens(*rows: tuple) -> pa.Table:
    """user, track, seconds after noon, listened_ms or None."""
    return pa.table(
        {
            "user_id": pa.array([row[0] for row in rows], pa.string()),
            "track_id": pa.array([row[1] for row in rows], pa.string()),
            "listened_at": pa.array([NOON + timedelta(seconds=row[2]) for row in rows], pa.timestamp("us")),
            "listened_ms": pa.array([row[3] for row in rows], pa.int64()),
        }
    )


def songs(*rows: tuple) -> pa.Table:
    """track, name, artists, popularity, duration_ms, genre."""
    names = ("track_id", "track_name", "artists", "popularity", "duration_ms", "track_genre")
    return pa.table({name: [row[place] for row in rows] for place, name in enumerate(names)})


def views(*rows: tuple) -> pa.Table:
    """session, user, show, seconds after noon, minutes, completion percentage."""
    return pa.table(
        {
            "session_id": [row[0] for row in rows],
            "user_id": [row[1] for row in rows],
            "channel_id": ["C1" for _ in rows],
            "show_name": [row[2] for row in rows],
            "event_at": [NOON + timedelta(seconds=row[3]) for row in rows],
            "duration_minutes": pa.array([row[4] for row in rows], pa.int64()),
            "completion_percentage": pa.array([row[5] for row in rows], pa.float64()),
        }
    )


def playbacks(**inputs: list[pa.Table]) -> list[dict]:
    return sorted(
        compute(inputs).tables["fct_playback"].to_pylist(), key=lambda row: (row["started_at"], row["content_id"])
    )


LONG = songs(("T", "Tune", "A", 50, 300_000, "pop"))


def test_the_latest_row_of_a_key_wins_whatever_its_file() -> None:
    first, second = listens(("1", "T", 0, 40_000)), listens(("1", "T", 0, 50_000), ("1", "T", 0, 60_000))
    assert [row["playing_ms"] for row in playbacks(streams=[first, second])] == [60_000]
    assert [row["playing_ms"] for row in playbacks(streams=[second, first])] == [40_000]


def test_sessions_of_different_users_may_share_an_id() -> None:
    assert len(playbacks(viewership_logs=[views(("S", "1", "Show", 0, 5, 20.0), ("S", "2", "Show", 0, 5, 20.0))])) == 2


def test_a_late_listen_cuts_the_one_before_it() -> None:
    known = [listens(("1", "T", 0, None))]
    late = [listens(("1", "T", 120, None))]
    assert [row["playing_ms"] for row in playbacks(streams=known, songs=[LONG])] == [300_000]
    assert [row["playing_ms"] for row in playbacks(streams=known + late, songs=[LONG])] == [120_000, 300_000]


def test_listens_at_the_same_instant_follow_each_other_in_order_of_their_ids() -> None:
    pair = songs(("T", "Tune", "A", 50, 300_000, "pop"), ("U", "Tune", "A", 50, 300_000, "pop"))
    found = playbacks(streams=[listens(("1", "T", 0, None), ("1", "U", 0, None), ("2", "T", 0, None))], songs=[pair])
    mine = sorted((row for row in found if row["account_id"] == "music:1"), key=lambda row: row["playback_id"])
    assert [row["playing_ms"] for row in mine] == [0, 300_000]
    assert [row["is_started"] for row in mine] == [True, True]
    assert [row["is_skipped"] for row in mine] == [True, False]


def test_reported_listens_are_taken_as_they_are() -> None:
    rows = [
        ("1", "T", 0, 0),
        ("1", "T", 10, 299_000),
        ("1", "T", 400, 10_000),
        ("1", "T", 500, 400_000),
        ("1", "X", 950, 5_000),
    ]
    found = playbacks(streams=[listens(*rows)], songs=[LONG])
    assert [row["playing_ms"] for row in found] == [0, 299_000, 10_000, 400_000, 5_000]
    assert [row["is_started"] for row in found] == [False, True, True, True, True]
    assert [row["is_complete"] for row in found] == [False, True, False, True, None]
    assert [row["end_reason"] for row in found] == ["stop", "complete", "stop", "complete", "stop"]
    assert [row["is_skipped"] for row in found] == [False, False, True, False, True]
    assert not any(row["is_imputed"] for row in found)


@pytest.mark.parametrize(("percent", "complete"), [(98.99, False), (99.0, True), (None, None)])
def test_television_is_complete_from_99_percent(percent: float | None, complete: bool | None) -> None:
    assert playbacks(viewership_logs=[views(("S", "1", "Show", 0, 5, percent))])[0]["is_complete"] is complete


@pytest.mark.parametrize(
    ("listened_ms", "valid", "skipped", "complete"),
    [
        (29_999, False, True, False),
        (30_000, True, False, False),
        (296_999, True, False, False),
        (297_000, True, False, True),
    ],
)
def test_limits_belong_to_the_upper_side(listened_ms: int, valid: bool, skipped: bool, complete: bool) -> None:
    [row] = playbacks(streams=[listens(("1", "T", 0, listened_ms))], songs=[LONG])
    assert (row["is_valid"], row["is_skipped"], row["is_complete"]) == (valid, skipped, complete)


def test_a_short_track_heard_out_is_no_skip() -> None:
    [row] = playbacks(streams=[listens(("1", "T", 0, None))], songs=[songs(("T", "Jingle", "A", 5, 20_000, "pop"))])
    assert (row["is_complete"], row["is_valid"], row["is_skipped"]) == (True, False, False)


def test_the_most_popular_content_need_not_be_the_most_played() -> None:
    catalogue = songs(
        ("a", "Much heard", "A", 40, 300_000, "pop"),
        ("b", "Well known", "B;C", 90, 300_000, "pop"),
        ("c", "Unrated", "D", None, 300_000, "pop"),
    )
    heard = [("1", "a", 0, 40_000), ("1", "a", 100, 40_000), ("1", "b", 200, 40_000), ("1", "c", 300, 40_000)]
    [row] = compute({"streams": [listens(*heard)], "songs": [catalogue]}).tables["kpi_genre_daily"].to_pylist()
    assert (row["top_content_title"], row["top_artist"]) == ("Much heard", "A")
    assert (row["top_popularity"], row["top_content_title_by_popularity"]) == (90, "Well known")
    assert row["top_artists_by_popularity"] == "B;C"
    assert (row["popularity_sum"], row["popularity_plays"], str(row["popularity_index"])) == (170, 3, "56.666667")


@pytest.mark.parametrize(
    ("age", "group"),
    [(13, "<18"), (17, "<18"), (18, "18-25"), (25, "18-25"), (26, "26-35"), (35, "26-35"), (36, "36-45"), (45, "36-45"),
     (46, "46-60"), (60, "46-60"), (61, "60+"), (120, "60+")],
)  # fmt: skip
def test_age_groups(age: int, group: str) -> None:
    users = pa.table({"user_id": ["1"], "user_age": [age], "user_country": ["Canada"]})
    table = compute({"streams": [listens(("1", "T", 0, None))], "users": [users]}).tables["kpi_demographic_daily"]
    assert table.column("age_group").to_pylist() == [group]


def test_a_corrected_track_changes_its_old_days() -> None:
    streams = [listens(("1", "T", 0, 40_000))]
    old = songs(("T", "Tune", "A;B", 50, 300_000, "pop"), ("T", "Tune", "A;B", 50, 300_000, "rock"))
    new = songs(("T", "Tune (2)", "C", 70, 300_000, " Jazz "))
    before = compute({"streams": streams, "songs": [old]}).tables["kpi_genre_daily"].to_pylist()
    after = compute({"streams": streams, "songs": [old, new]}).tables["kpi_genre_daily"].to_pylist()
    assert [(row["genre"], row["top_artist"], str(row["plays_allocated"])) for row in before] == [
        ("pop", "A", "0.500000"), ("rock", "A", "0.500000"),
    ]  # fmt: skip
    assert [(row["genre"], row["top_artist"], row["top_content_title"]) for row in after] == [("jazz", "C", "Tune (2)")]


def test_other_attributes_of_a_track_are_those_of_its_last_row() -> None:
    rows = songs(("T", "First", "A", 50, 300_000, "rock"), ("T", "Last", "B", 60, 10_000, "pop"))
    table = (
        compute({"streams": [listens(("1", "T", 0, None))], "songs": [rows]}).tables["kpi_content_daily"].to_pylist()
    )
    assert [(row["title"], row["playing_ms"]) for row in table] == [("Last", 10_000)]


def test_an_account_that_moves_takes_its_listens_along() -> None:
    def users(country: str) -> pa.Table:
        return pa.table({"user_id": ["1"], "user_age": [30], "user_country": [country]})

    listen = [listens(("1", "T", 0, 40_000))]
    [there] = playbacks(streams=listen, users=[users("Germany"), users("New Zealand")])
    assert (there["region"], there["local_hour"]) == ("New Zealand", 1)  # 12:00 UTC, +13 in summer
    [nowhere] = playbacks(streams=listen, users=[users("Atlantis")])
    assert (nowhere["region"], nowhere["local_hour"]) == ("Atlantis", 12)


def test_places_with_equal_plays_go_by_accounts_then_title_then_id() -> None:
    catalogue = songs(*((track, title, None, None, 300_000, "pop") for track, title in
                        (("a", "Zed"), ("b", "Ann"), ("c", "Ann"), ("d", "Ånn"), ("e", "zed"))))  # fmt: skip
    heard = [("1", track, place * 600, 40_000) for place, track in enumerate("aabbccddee")]
    heard[1] = ("2", "a", 600, 40_000)  # Zed has two accounts
    table = compute({"streams": [listens(*heard)], "songs": [catalogue]}).tables["kpi_top_content_daily"].to_pylist()
    ranked = [(row["place"], row["item_id"]) for row in table if row["ranking"] == "genre"]
    # By code points: A < Z < z < Å
    assert ranked == [(1, "music:a"), (2, "music:b"), (3, "music:c"), (4, "music:e"), (5, "music:d")]


def test_only_ten_contents_and_five_genres_are_placed() -> None:
    catalogue = songs(*((f"t{number:02d}", "Same", "A", 1, 300_000, f"g{number % 7}") for number in range(12)))
    heard = [("1", f"t{number:02d}", number * 600, 40_000) for number in range(12)]
    table = compute({"streams": [listens(*heard)], "songs": [catalogue]}).tables["kpi_top_content_daily"].to_pylist()
    assert [row["place"] for row in table if row["ranking"] == "country"] == list(range(1, 11))
    assert [row["item_id"] for row in table if row["ranking"] == "top_genre"] == ["g0", "g1", "g2", "g3", "g4"]


@pytest.mark.parametrize(
    ("count", "weights"), [(1, [1_000_000]), (3, [333_334, 333_333, 333_333]), (7, [142_858] + [142_857] * 6)]
)
def test_weights_sum_to_one(count: int, weights: list[int]) -> None:
    assert genre_weights(count) == weights
    assert sum(weights) == 1_000_000


def test_ratios_are_exact_with_halves_up() -> None:
    assert rounded(1, 2_000_000) == 1  # 0.0000005
    assert rounded(29_390_900, 40, 6) == 734_773  # 29.3909 / 40 = 0.7347725, which a double holds as less
    assert rounded(1, 0) is None
    for above, below in np.random.default_rng(1).integers(1, 10**13, (2_000, 2)).tolist():
        exact = Fraction(above * 10**6, below)
        assert abs(Fraction(rounded(above, below) or 0) - exact) <= Fraction(1, 2)


def test_groups_count_distinct_like_sets() -> None:
    random = np.random.default_rng(2)
    group, item, account = (random.integers(0, top, 5_000) for top in (7, 30, 40))
    groups = Groups(group)
    assert groups.distinct(account).tolist() == [len(set(account[group == one])) for one in range(7)]
    counted = tally(group, item, account, account)
    expected = {(g, i): (group == g) & (item == i) for g, i in zip(group.tolist(), item.tolist(), strict=True)}
    assert len(counted.group) == len(expected)
    columns = (counted.group, counted.item, counted.plays, counted.accounts, counted.playing_ms)
    for g, i, plays, accounts, playing in zip(*(column.tolist() for column in columns), strict=True):
        rows = expected[g, i]
        assert (plays, accounts, playing) == (rows.sum(), len(set(account[rows])), account[rows].sum())


def test_concurrency_agrees_with_counting_every_second() -> None:
    random = np.random.default_rng(3)
    rows = [
        (f"S{n}", f"{n}", "Show", int(random.integers(0, 3_000)), int(random.integers(0, 20)), None) for n in range(60)
    ]
    table = compute({"viewership_logs": [views(*rows)]}).tables["kpi_concurrency"].to_pylist()
    running = np.zeros(86_400, dtype=int)
    for _, _, _, second, minutes, _ in rows:
        running[12 * 3600 + second : 12 * 3600 + second + minutes * 60] += 1
    video = [row for row in table if row["media_kind"] == "video"]
    assert [row["concurrent_peak"] for row in video] == running.reshape(1440, 60).max(axis=1).tolist()
    assert [row["concurrent_ms"] for row in video] == (running.reshape(1440, 60).sum(axis=1) * 1000).tolist()


@pytest.fixture(scope="module")
def damaged() -> dict[str, list[pa.Table]]:
    plan = Plan(days=3, accounts=200, titles=20, tracks=80, reported_share=0.3)
    return {name: [one.table for one in deliveries(plan, name, Defects())] for name in INPUTS}


def test_the_tables_agree_with_each_other(damaged: dict[str, list[pa.Table]]) -> None:
    truth = compute(damaged)
    playing = sum(value or 0 for value in truth.tables["fct_playback"].column("playing_ms").to_pylist())

    def total(table: str, column: str, **where: object) -> object:
        return sum(row[column] for row in truth.tables[table].to_pylist() if all(row[k] == v for k, v in where.items()))

    assert playing == truth.ties["track"]["playing_ms"] + truth.ties["video"]["playing_ms"]
    assert total("kpi_concurrency", "concurrent_ms", media_kind="all") == playing
    assert total("kpi_content_daily", "playing_ms") == total("kpi_device_region_daily", "playing_ms") == playing
    plays = truth.ties["track"]["plays"] + truth.ties["video"]["plays"]
    assert total("kpi_genre_daily", "plays_allocated") == plays == truth.ties["plays_allocated"]
    assert total("kpi_hourly", "plays", clock="utc") == total("kpi_hourly", "plays", clock="local") == plays
    assert total("kpi_channel_daily", "attempts") == truth.ties["video"]["attempts"]


def test_damage_changes_nothing_but_what_it_says(damaged: dict[str, list[pa.Table]]) -> None:
    """Repeating every file changes nothing; deliveries may be cut anywhere as long as the order stays."""
    once = compute(damaged)
    again = {name: [table for table in tables for _ in range(2)] for name, tables in damaged.items()}
    facts = {"viewership_logs", "streams", "ad_revenue"}
    cut = {
        name: [part for table in tables for part in (table.slice(0, 40), table.slice(40))] if name in facts else tables
        for name, tables in damaged.items()
    }
    for other in (compute(again), compute(cut)):
        assert other.ties == once.ties
        assert all(other.tables[name].equals(table) for name, table in once.tables.items())


def test_duplicates_and_late_rows_leave_the_clean_truth() -> None:
    """Only duplicates, repeats and lateness: the truth is that of the undamaged plan."""
    plan = Plan(days=2, accounts=100, titles=10, tracks=40)
    clean = {name: [one.table for one in deliveries(plan, name)] for name in INPUTS}
    order = np.random.default_rng(4)
    shuffled = dict(clean)
    for name in ("viewership_logs", "streams", "ad_revenue"):
        whole = pa.concat_tables(clean[name], promote_options="permissive").unify_dictionaries().combine_chunks()
        rows = order.permutation(np.concatenate([np.arange(whole.num_rows), np.arange(0, whole.num_rows, 3)]))
        shuffled[name] = [whole.take(part) for part in np.array_split(rows, 5)]
    expected, found = compute(clean), compute(shuffled)
    assert found.ties == expected.ties
    assert all(found.tables[name].equals(table) for name, table in expected.tables.items())
