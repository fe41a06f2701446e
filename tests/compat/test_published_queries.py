"""The queries that the earlier systems published run unchanged on the views of the same names, and are right.

The files beside this one hold their texts as they were published. Where they say `public.kpi_table`, as Redshift does,
the connection has a schema `public` that shows the compat schema; nothing of the text is changed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import duckdb
import pytest
import sqlglot
import yaml
from sqlglot.optimizer.qualify import qualify

from ingestion.lander import land as lander
from ingestion.settings import load_settings
from tests.analyses.files import FIRST_DELIVERY, LATE_DELIVERY, Row, land, read_rows
from tests.compat.inputs import last_of, write_deliveries
from tests.convergence.engine import ROOT, Warehouse

pytestmark = pytest.mark.slow

HERE = Path(__file__).resolve().parent
ENGINE_OF = {"tv": "athena", "music": "redshift", "netflix": "athena"}
SCHEMAS = {
    "viewership_logs": (
        "session_id VARCHAR, user_id VARCHAR, channel_id VARCHAR, channel_name VARCHAR, show_name VARCHAR, "
        "genre VARCHAR, timestamp VARCHAR, duration_minutes INTEGER, region VARCHAR, subscription_type VARCHAR, "
        "device VARCHAR, platform VARCHAR, is_live VARCHAR, ads_watched INTEGER, ad_revenue DOUBLE, "
        "engagement_score DOUBLE, buffer_count INTEGER, completion_percentage DOUBLE"
    ),
    "demographics": "user_id VARCHAR, gender VARCHAR, age_group VARCHAR, region VARCHAR, subscription_type VARCHAR",
    "ad_revenue": "channel_id VARCHAR, channel_name VARCHAR, date DATE, ad_revenue DOUBLE",
    "channel_metadata": (
        "channel_id VARCHAR, channel_name VARCHAR, genre VARCHAR, language VARCHAR, launch_year INTEGER"
    ),
    "kpi_table": (
        "kpi_type VARCHAR, group_by VARCHAR, genre_listen_count BIGINT, genre_avg_duration DOUBLE, "
        "genre_popularity_index DOUBLE, top_track VARCHAR, top_artist VARCHAR"
    ),
    "processed_songs_table": (
        "track_id VARCHAR, artists VARCHAR, album_name VARCHAR, track_name VARCHAR, popularity BIGINT, "
        "duration_ms BIGINT, explicit BOOLEAN, danceability DOUBLE, energy DOUBLE, key BIGINT, loudness DOUBLE, "
        "mode BIGINT, speechiness DOUBLE, acousticness DOUBLE, instrumentalness DOUBLE, liveness DOUBLE, "
        "valence DOUBLE, tempo DOUBLE, time_signature BIGINT, genre VARCHAR"
    ),
    "processed_users_table": "user_id VARCHAR, created_at TIMESTAMP",
}


def columns_of(view: str) -> dict[str, str]:
    """{column: type} of a view, in order."""
    return dict(column.split(" ") for column in SCHEMAS[view].split(", "))


@dataclass(frozen=True)
class Built:
    """A file with the rows of the views, the input rows in order of arrival, and kpi_table after all landed again."""

    path: Path
    rows: dict[str, list[Row]]
    kpi_after_again: list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("compat")
    first, later = write_deliveries(folder)
    warehouse = Warehouse(folder / "home")
    land(warehouse, first, FIRST_DELIVERY)
    warehouse.dbt("run", "--select", "+path:models/compat")
    land(warehouse, later, LATE_DELIVERY)
    warehouse.dbt("run", "--select", "+path:models/compat")
    kept = folder / "kept.duckdb"
    with warehouse.connected(read_only=False) as connection:
        connection.execute(f"attach '{kept}' as kept; create schema kept.compat")
        for view in SCHEMAS:
            connection.execute(f"create table kept.compat.{view} as select * from warehouse.compat.{view}")

    settings = load_settings({"MEDIA_HOME": str(warehouse.zone.root)})
    again = [path for path in first if path.stem == "streams"]
    assert [o.status for o in lander.land(settings, again, lander.Options(again=True))] == [lander.LANDED]
    warehouse.dbt("run", "--select", "+path:models/compat")
    rows: dict[str, list[Row]] = defaultdict(list)
    for path in [*first, *later]:
        rows[path.stem] += read_rows([path])
    return Built(kept, rows, warehouse.query("from compat.kpi_table order by all"))


@pytest.fixture
def connection(built: Built) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of its own, beside which the warehouse is attached; `public` is what Redshift calls the schema."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{built.path}' as warehouse (read_only)")
        connection.execute("create schema public")
        connection.execute("create view public.kpi_table as select * from warehouse.compat.kpi_table")
        yield connection


def published(name: str) -> str:
    return (HERE / f"{name}.sql").read_text(encoding="utf-8")


def television(connection: duckdb.DuckDBPyConnection, name: str) -> list[tuple[Any, ...]]:
    """The Athena queries name no schema: the session has one."""
    connection.execute("use warehouse.compat")
    return connection.execute(published(name)).fetchall()


def logs(built: Built) -> list[Row]:
    return last_of(
        built.rows["viewership_logs"], lambda r: (r["session_id"], r["user_id"], r["channel_id"], r["timestamp"])
    )


def listened(built: Built) -> list[Row]:
    return last_of(built.rows["streams"], lambda r: (r["user_id"], r["track_id"], r["listen_time"]))


def tracks(built: Built) -> dict[str, Row]:
    return {row["track_id"]: row for row in built.rows["songs"]}


def hour_of(text: str) -> int:
    return datetime.fromisoformat(text).hour


def descending(values: list[Any]) -> bool:
    return values == sorted(values, reverse=True)


def test_total_viewership_by_channel(built: Built, connection: duckdb.DuckDBPyConnection) -> None:
    want: Counter[str] = Counter()
    for row in logs(built):
        want[row["channel_name"]] += int(row["duration_minutes"])
    got = television(connection, "tv_total_viewership_by_channel")
    assert dict(got) == want
    assert len(got) == len(want)
    assert descending([minutes for _, minutes in got])


def test_completion_by_gender(built: Built, connection: duckdb.DuckDBPyConnection) -> None:
    gender = {row["user_id"]: row["gender"] for row in built.rows["demographics"]}
    want: dict[str, list[float]] = defaultdict(list)
    for row in logs(built):
        if row["user_id"] in gender:
            want[gender[row["user_id"]]].append(float(row["completion_percentage"]))
    got = television(connection, "tv_completion_by_gender")
    assert dict(got) == {key: pytest.approx(fmean(values)) for key, values in want.items()}
    assert len(got) == len(want)


def test_peak_hours_by_region(built: Built, connection: duckdb.DuckDBPyConnection) -> None:
    want = Counter((row["region"], hour_of(row["timestamp"])) for row in logs(built))
    got = television(connection, "tv_peak_hours_by_region")
    assert {(region, hour): views for region, hour, views in got} == want
    assert len(got) == len(want)
    assert [region for region, _, _ in got] == sorted(region for region, _, _ in got)
    for region in {region for region, _, _ in got}:
        assert descending([views for r, _, views in got if r == region])


def genre_rows(built: Built) -> dict[str, tuple[int, Any, Any, Any, Any]]:
    """{genre: (plays, mean length, mean popularity, top track, top artist)}"""
    known = tracks(built)
    # the genres of a track are those of the delivery that brought it last, which is all of them here
    genres: dict[str, set[str]] = defaultdict(set)
    for row in built.rows["songs"]:
        genres[row["track_id"]].add(row["track_genre"])
    heard: dict[str, list[Row | None]] = defaultdict(list)
    for listen in listened(built):
        for genre in genres.get(listen["track_id"], {"unknown"}):
            heard[genre].append(known.get(listen["track_id"]))
    found: dict[str, tuple[int, Any, Any, Any, Any]] = {}
    for genre, plays in heard.items():
        songs = [song for song in plays if song]
        if not songs:
            found[genre] = (len(plays), None, None, None, None)
            continue
        top = min(songs, key=lambda s: (-int(s["popularity"]), s["track_name"], s["track_id"]))
        length = fmean(int(s["duration_ms"]) for s in songs)
        popularity = fmean(int(s["popularity"]) for s in songs)
        found[genre] = (
            len(plays), pytest.approx(length), pytest.approx(popularity, abs=1e-6), top["track_name"], top["artists"],
        )  # fmt: skip
    return found


def test_genre_ranking(built: Built, connection: duckdb.DuckDBPyConnection) -> None:
    want = genre_rows(built)
    got = connection.execute(published("music_genre_ranking")).fetchall()
    assert {genre: rest for genre, *rest in got} == {
        genre: [plays, popularity, artist] for genre, (plays, _, popularity, _, artist) in want.items()
    }
    assert len(got) == len(want) == 4
    assert descending([plays for _, plays, _, _ in got])


def test_genre_rows_of_kpi_table(built: Built, connection: duckdb.DuckDBPyConnection) -> None:
    got = connection.execute("select * exclude (kpi_type) from public.kpi_table where kpi_type = 'genre'").fetchall()
    assert {genre: tuple(rest) for genre, *rest in got} == genre_rows(built)
    assert max(len(artist or "") for *_, artist in got) > 255, "no cast list is cut"


def test_peak_listening_hours(built: Built, connection: duckdb.DuckDBPyConnection) -> None:
    by_hour: dict[str, list[Row]] = defaultdict(list)
    for listen in listened(built):
        by_hour[str(hour_of(listen["listen_time"]))].append(listen)
    got = connection.execute(published("music_peak_hours")).fetchall()
    assert {hour: (users, diversity) for hour, users, diversity in got} == {
        hour: (
            len({row["user_id"] for row in rows}),
            pytest.approx(len({row["track_id"] for row in rows}) / len(rows), abs=1e-6),
        )
        for hour, rows in by_hour.items()
    }
    assert len(got) == len(by_hour) == 24
    assert descending([users for _, users, _ in got])


def test_top_artist_of_each_hour(built: Built, connection: duckdb.DuckDBPyConnection) -> None:
    known = tracks(built)
    plays: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for listen in listened(built):
        if song := known.get(listen["track_id"]):
            plays[str(hour_of(listen["listen_time"]))].append((song["artists"], listen["user_id"]))
    want = {}
    for hour, pairs in plays.items():
        count, users = Counter(artists for artists, _ in pairs), Counter(artists for artists, _ in set(pairs))
        want[hour] = min(count, key=lambda artists: (-count[artists], -users[artists], artists))
    got = connection.execute(
        "select group_by, top_artist, genre_popularity_index, top_track from public.kpi_table where kpi_type = 'hourly'"
    ).fetchall()
    assert {hour: artist for hour, artist, _, _ in got} == want
    assert {(index, track) for _, _, index, track in got} == {(None, None)}


def test_landing_the_listens_again_changes_no_kpi(built: Built, connection: duckdb.DuckDBPyConnection) -> None:
    """There, every run added the whole history once more."""
    before = connection.execute("from public.kpi_table order by all").fetchall()
    assert len(before) > 24
    assert built.kpi_after_again == before


def test_rows_of_the_log(built: Built, connection: duckdb.DuckDBPyConnection) -> None:
    parse: dict[str, Callable[[str], Any]] = {"VARCHAR": str, "INTEGER": int, "DOUBLE": float}
    columns = columns_of("viewership_logs")
    want = [tuple(parse[kind](row[name]) for name, kind in columns.items()) for row in logs(built)]
    assert sorted(connection.execute("from warehouse.compat.viewership_logs").fetchall()) == sorted(want)


def test_rows_of_the_small_tables(built: Built, connection: duckdb.DuckDBPyConnection) -> None:
    def table(name: str) -> list[tuple[Any, ...]]:
        return sorted(connection.execute(f"from warehouse.compat.{name}").fetchall())

    def day(text: str) -> date:
        return date.fromisoformat(text if text[4] == "-" else "-".join(reversed(text.split("-"))))

    users = last_of(built.rows["demographics"], lambda r: r["user_id"])
    assert table("demographics") == sorted(tuple(row.values()) for row in users)
    bookings = last_of(built.rows["ad_revenue"], lambda r: (r["channel_id"], day(r["date"])))
    assert table("ad_revenue") == sorted(
        (r["channel_id"], r["channel_name"], day(r["date"]), float(r["ad_revenue"])) for r in bookings
    )
    assert table("channel_metadata") == [
        (*list(row.values())[:4], int(row["launch_year"])) for row in built.rows["channel_metadata"]
    ]
    created = datetime(2024, 2, 7, tzinfo=UTC).replace(tzinfo=None)
    assert table("processed_users_table") == sorted((r["user_id"], created) for r in built.rows["users"])


def test_catalogue_has_each_track_once(built: Built, connection: duckdb.DuckDBPyConnection) -> None:
    got = connection.execute(
        "select track_id, artists, track_name, popularity, duration_ms, explicit, loudness, key, genre"
        " from warehouse.compat.processed_songs_table"
    ).fetchall()
    assert sorted(got) == sorted(
        (r["track_id"], r["artists"], r["track_name"], int(r["popularity"]), int(r["duration_ms"]), False, -4.5, 5,
         r["track_genre"])
        for r in tracks(built).values()
    )  # fmt: skip


@pytest.mark.parametrize("view", sorted(SCHEMAS))
def test_columns_are_those_of_the_earlier_system(connection: duckdb.DuckDBPyConnection, view: str) -> None:
    described = connection.execute(f"describe warehouse.compat.{view}").fetchall()
    assert [(name, kind) for name, kind, *_ in described] == list(columns_of(view).items())


@pytest.mark.parametrize("path", sorted(HERE.glob("*.sql")), ids=lambda path: path.stem)
def test_query_fits_the_contract_in_its_own_dialect(path: Path) -> None:
    """Athena or Redshift: it parses there, and every column that it names stands in the view's contract."""
    columns = {}
    for contract in sorted((ROOT / "models/compat").glob("*.yml")):
        for model in yaml.safe_load(contract.read_text(encoding="utf-8"))["models"]:
            columns[model["name"]] = {column["name"]: "varchar" for column in model["columns"]}
    dialect = ENGINE_OF[path.stem.split("_")[0]]
    schema: dict[str, Any] = {"public": columns} if dialect == "redshift" else columns
    tree = sqlglot.parse_one(path.read_text(encoding="utf-8"), dialect=dialect)
    qualify(tree, schema=schema, dialect=dialect, validate_qualify_columns=True)
