"""Small input files with what the earlier systems got wrong, and the last row of each key by plain Python."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.analyses.files import Row, write_rows

REGIONS = ["North", "South", "Pan-India"]
GENDERS = ["Male", "Female", "Other"]
START = datetime(2026, 1, 26, 21, 30, tzinfo=UTC)


def moments(r: random.Random, count: int, step_minutes: int) -> list[str]:
    """Different instants over a few days, so that every hour has some."""
    return [
        f"{START + timedelta(minutes=step_minutes * n, seconds=r.randrange(60)):%Y-%m-%d %H:%M:%S}"
        for n in r.sample(range(count), count)
    ]


def viewings(r: random.Random) -> list[Row]:
    return [
        {
            "session_id": f"S{n % 90}", "user_id": f"U{r.randrange(30)}", "channel_id": (c := f"CH{r.randrange(4)}"),
            "channel_name": f"Name of {c}", "show_name": f"Show {r.randrange(6)}", "genre": r.choice(["News", "Kids"]),
            "timestamp": at, "duration_minutes": str(r.randrange(1, 90)), "region": r.choice(REGIONS),
            "subscription_type": "Free", "device": "Smart TV", "platform": "Web",
            "is_live": r.choice(["True", "False"]),
            "ads_watched": str(r.randrange(5)), "ad_revenue": f"{r.randrange(9000) / 100}", "engagement_score": "0.5",
            "buffer_count": "1", "completion_percentage": f"{r.randrange(2000, 10001) / 100}",
        }
        for n, at in enumerate(moments(r, 150, 41))
    ]  # fmt: skip


def users_of_television(r: random.Random) -> list[Row]:
    """Fewer than there are viewers, many of them twice."""
    return [
        {"user_id": f"U{r.randrange(20)}", "gender": r.choice(GENDERS), "age_group": "18-25",
         "region": r.choice(REGIONS), "subscription_type": "Basic"}
        for _ in range(40)
    ]  # fmt: skip


def revenue() -> list[Row]:
    """The same days in both spellings of a date."""
    return [
        {"channel_id": f"CH{c}", "channel_name": f"Name of CH{c}", "date": date, "ad_revenue": f"{amount + c}"}
        for date, amount in (("2026-01-30", 100.25), ("2026-01-31", 200.5), ("30-01-2026", 300.75))
        for c in range(3)
    ]


def channels() -> list[Row]:
    return [
        {
            "channel_id": f"CH{c}",
            "channel_name": name,
            "genre": "News",
            "language": "Hindi",
            "launch_year": f"{2000 + c}",
        }
        for c, name in enumerate(["One", "Two", "Three"])
    ]


def catalogue(r: random.Random) -> list[Row]:
    """Fourteen tracks; some in two genres, some with equal popularity or title, one cast longer than 255 characters."""
    rows: list[Row] = []
    for n in range(14):
        artists = ";".join(f"Singer {k} of the Opera" for k in range(16)) if n == 13 else f"Artist {n % 5};Guest"
        row = {
            "track_id": f"T{n}", "artists": artists, "album_name": "Album", "track_name": f"Song {n % 6}",
            "popularity": "99" if n in (3, 9, 13) else str(r.randrange(60)),
            "duration_ms": str(r.randrange(90, 400) * 1000),
            "explicit": "False", "danceability": "0.5", "energy": "0.25", "key": "5", "loudness": "-4.5", "mode": "1",
            "speechiness": "0.1", "acousticness": "0.2", "instrumentalness": "0.0", "liveness": "0.3", "valence": "0.4",
            "tempo": "120.5", "time_signature": "4",
        }  # fmt: skip
        rows += [
            {**row, "track_genre": genre} for genre in (["pop", "rock"] if n % 3 == 0 else [["pop", "opera"][n % 2]])
        ]
    return rows


def listens(r: random.Random) -> list[Row]:
    """Of fourteen known tracks and two unknown ones."""
    return [
        {"user_id": str(r.randrange(12)), "track_id": f"T{r.randrange(16)}", "listen_time": at}
        for at in moments(r, 260, 17)
    ]


def music_users() -> list[Row]:
    return [
        {
            "user_id": str(n),
            "user_name": f"Person {n}",
            "user_age": "30",
            "user_country": "India",
            "created_at": "2024-02-07",
        }
        for n in range(12)
    ]


def corrected(rows: list[Row], every: int, **values: str) -> list[Row]:
    """Some rows again with other values, and the row before each unchanged."""
    return [row for n in range(1, len(rows), every) for row in (rows[n - 1], {**rows[n], **values})]


def write_deliveries(folder: Path) -> tuple[list[Path], list[Path]]:
    """What is delivered first, and what comes a day later."""
    r = random.Random(20)
    first = {
        "viewership_logs": viewings(r), "demographics": users_of_television(r), "ad_revenue": revenue(),
        "channel_metadata": channels(), "songs": catalogue(r), "streams": listens(r), "users": music_users(),
    }  # fmt: skip
    later = {
        "viewership_logs": corrected(
            first["viewership_logs"], 7, duration_minutes="88", is_live="True", region="South"
        ),
        "demographics": corrected(first["demographics"], 9, gender="Other"),
        "ad_revenue": corrected(first["ad_revenue"], 4, ad_revenue="1234.5"),
        "streams": corrected(first["streams"], 10),
        # every genre of a track comes again with it
        "songs": [{**row, "popularity": "99"} for row in first["songs"] if row["track_id"] in ("T4", "T10")],
    }
    return (
        [write_rows(folder / "first" / f"{name}.csv", rows) for name, rows in first.items()],
        [write_rows(folder / "later" / f"{name}.csv", rows) for name, rows in later.items()],
    )


def last_of(rows: Sequence[Row], key: Callable[[Row], Any]) -> list[Row]:
    """Of rows with the same key the last one."""
    return list({key(row): row for row in rows}.values())
