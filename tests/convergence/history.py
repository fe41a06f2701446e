"""Random histories: batches of every input, with repeats, corrections, late rows and conflicts, in any order."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.convergence.engine import Batch
from tests.player.events import deliveries_of, player_rows

Row = dict[str, Any]
DAY0 = datetime(2026, 3, 1)  # noqa: DTZ001 - the marts keep UTC without zone
DAYS = 9
GENRES = ["folk", "jazz", "pop", "rock"]
REGIONS = ["North", "South", "Pan-India", "Atlantis", None]


def history(seed: int, size: int = 50) -> list[Batch]:
    """Batches in the order in which they are registered; arrivals are in another order.

    About `size` television rows and `size` listens over nine days, crowded around midnights, plus several
    deliveries of every entity. Some rows come again unchanged, some with other values, some days late.
    """
    r = random.Random(seed)
    batches: list[Batch] = []

    def add(kind: str, arrived_at: datetime, rows: list[Row]) -> None:
        if rows:
            batches.append(Batch(f"{len(batches):03d}{kind[:4]}{seed}", kind, arrived_at, tuple(rows)))

    for kind, make in (("viewership_logs", _viewing), ("streams", _listen)):
        events = [make(r) for _ in range(size)]
        for arrived_at, rows in _deliveries(r, events, kind):
            add(kind, arrived_at, rows)
    entities: dict[str, Callable[[random.Random], list[Row]]] = {
        "demographics": _demographics,
        "users": _users,
        "songs": _songs,
        "channel_metadata": _channels,
        "ad_revenue": _ad_revenue,
    }
    for kind, entity in entities.items():
        for _ in range(r.randrange(2, 5)):
            add(kind, DAY0 + timedelta(seconds=r.randrange((DAYS + 6) * 86400)), entity(r))
    if r.random() < 0.5:
        batches.sort(key=lambda b: b.arrived_at)
        for _ in range(r.randrange(6)):
            i, j = r.randrange(len(batches)), r.randrange(len(batches))
            batches[i], batches[j] = batches[j], batches[i]
    else:
        r.shuffle(batches)
    again = [
        Batch(f"again{b.batch_id}", b.input, b.arrived_at + timedelta(days=r.randrange(3)), b.rows)
        for b in r.sample(batches, 3)
    ]
    return batches + again


def player_history(seed: int, playbacks: int = 30) -> list[Batch]:
    """Deliveries of player events over the same nine days: playbacks, their sessions and ads, and interactions."""
    r = random.Random(seed)
    rows = player_rows(r, DAY0, DAYS, playbacks)
    for row in rows:
        if row["event_type"] == "ad_impression":
            row |= {"price_amount": r.choice([None, Decimal("0.012500")]), "currency": r.choice(["INR", "USD"])}
    return [
        Batch(f"{number:03d}player{seed}", "player_events", arrived_at, tuple(arrived))
        for number, (arrived_at, arrived) in enumerate(deliveries_of(r, rows + _interactions(r, playbacks)))
    ]


def _interactions(r: random.Random, count: int) -> list[Row]:
    """Likes and what ends them, of few accounts and contents, so that they meet."""
    kinds = ["user_like", "user_like", "user_unlike", "user_dislike", "user_share"]
    return [
        {"event_id": f"I{number}", "event_type": r.choice(kinds), "account_id": f"U{r.randrange(3)}",
         "content_id": f"C{r.randrange(2)}", "event_at": _instant(r)}
        for number in range(count)
    ]  # fmt: skip


def _instant(r: random.Random) -> datetime:
    if r.random() < 0.35:  # crowd the midnights
        return DAY0 + timedelta(days=r.randrange(1, DAYS), seconds=r.randrange(-400, 400))
    return DAY0 + timedelta(seconds=r.randrange(DAYS * 86400))


def _deliveries(r: random.Random, events: list[Row], kind: str) -> list[tuple[datetime, list[Row]]]:
    at = "event_at" if kind == "viewership_logs" else "listened_at"
    by_day: dict[date, list[Row]] = {}
    for event in events:
        late = r.choice([0, 0, 0, 0, 1, 2, 8])
        by_day.setdefault((event[at] + timedelta(days=late)).date(), []).append(event)
    out = []
    for day, rows in by_day.items():
        if r.random() < 0.4:  # the same playback, other values
            rows.append(_corrected(r, r.choice(rows), kind))
        if r.random() < 0.4:  # what arrived on other days
            rows += r.sample(events, min(len(events), r.randrange(1, 4)))
        parts = r.randrange(1, 3)
        for part in range(parts):
            arrived_at = datetime.combine(day, datetime.min.time()) + timedelta(days=1, seconds=r.randrange(86400))
            out.append((arrived_at, rows[part::parts]))
    return out


def _corrected(r: random.Random, row: Row, kind: str) -> Row:
    if kind == "streams":
        return {**row, "listened_ms": r.choice([None, 0, 20_000, 200_000])}
    return {
        **row,
        "duration_minutes": r.randrange(0, 200),
        "ad_revenue": Decimal(r.randrange(0, 99)) / 4,
        "region": r.choice(REGIONS),
    }


def _viewing(r: random.Random) -> Row:
    return {
        "session_id": f"S{r.randrange(40)}",
        "user_id": f"U{r.randrange(6)}",
        "channel_id": f"CH{r.randrange(3)}",
        "channel_name": r.choice(["One", "Uno"]),
        "show_name": f"Show_{r.randrange(4)}",
        "genre": r.choice(["News", "Movies", None]),
        "event_at": _instant(r),
        "duration_minutes": r.choice([0, 1, 7, 90, 700, 1440]),
        "region": r.choice(REGIONS),
        "subscription_type": r.choice(["Free", "Premium", None]),
        "device": r.choice(["Mobile", "Smart TV", "Toaster", None]),
        "platform": r.choice(["Android", "Web", None]),
        "is_live": r.choice([True, False, None]),
        "ads_watched": r.choice([0, 2, None]),
        "ad_revenue": r.choice([None, Decimal("1.2500"), Decimal("86.1000")]),
        "engagement_score": r.choice([None, Decimal("0.3600")]),
        "buffer_count": r.choice([0, 3, None]),
        "completion_percentage": r.choice([None, Decimal("80.0900"), Decimal("99.0000"), Decimal("100.0000")]),
    }


def _listen(r: random.Random) -> Row:
    return {
        "user_id": str(r.randrange(6)),
        "track_id": f"t{r.randrange(8)}",
        "listened_at": _instant(r).replace(second=0) + timedelta(seconds=r.choice([0, 0, 20, 45])),
        "listened_ms": r.choice([None, None, None, r.randrange(0, 400) * 1000]),
    }


def _demographics(r: random.Random) -> list[Row]:
    return [
        {
            "user_id": f"U{r.randrange(6)}",
            "gender": r.choice(["Male", "Female", None]),
            "age_group": r.choice(["18-25", "60+"]),
            "region": r.choice(REGIONS),
            "subscription_type": r.choice(["Basic", None]),
        }
        for _ in range(r.randrange(1, 6))
    ]


def _users(r: random.Random) -> list[Row]:
    return [
        {"user_id": str(r.randrange(6)), "user_name": "Somebody", "user_age": r.choice([17, 40, 61, None]),
         "user_country": r.choice(["United States", "Ireland", "Ruritania"]), "created_at": DAY0}
        for _ in range(r.randrange(1, 6))
    ]  # fmt: skip


def _songs(r: random.Random) -> list[Row]:
    rows: list[Row] = []
    for track in r.sample(range(8), r.randrange(1, 7)):
        rows += [
            {
                "track_id": f"t{track}",
                "track_genre": genre,
                "track_name": f"Song {r.randrange(3)}",
                "artists": r.choice([None, "Ann", "Ann;Bob", "Bob;Cid;Ann"]),
                "popularity": r.choice([None, 10, 50]),
                "duration_ms": r.choice([None, 60_000, 180_000, 1_500_000, 86_400_000]),
            }
            for genre in r.sample(GENRES, r.choice([1, 1, 2, 3]))
        ]
    return rows


def _channels(r: random.Random) -> list[Row]:
    return [
        {
            "channel_id": f"CH{i}",
            "channel_name": r.choice(["First", "Prime"]),
            "genre": "News",
            "language": "Hindi",
            "launch_year": 2010,
        }
        for i in r.sample(range(4), r.randrange(1, 4))
    ]


def _ad_revenue(r: random.Random) -> list[Row]:
    return [
        {"channel_id": f"CH{r.randrange(4)}", "revenue_date": (DAY0 + timedelta(days=r.randrange(DAYS))).date(),
         "ad_revenue": Decimal(r.randrange(10_000)) / 4}
        for _ in range(r.randrange(1, 9))
    ]  # fmt: skip
