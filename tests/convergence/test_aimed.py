"""One history for each rule of convergence, small enough to be read: what the random histories might miss on a bad day.

Each aim has days, accounts, contents and a channel of its own, so that nothing but its rule can heal it. What lands
`after` the first run changes what stands, and the marts have to come out as one full refresh, and as the oracle says.
docs/decisions.md lists the mutations that this catches.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.convergence.engine import Batch, Warehouse, differences
from tests.convergence.history import DAY0
from tests.convergence.oracle import compared, truth_of

Row = dict[str, Any]
TABLES = ("fct_playback", "kpi_channel_daily")
MODELS = ["--select", *(f"+{name}" for name in (*TABLES, "edge_audience")), "--exclude", "config.materialized:view"]


def at(day: int, clock: str = "12:00") -> datetime:
    """An instant of a day of the history."""
    hour, minute = clock.split(":")
    return DAY0 + timedelta(days=day, hours=int(hour), minutes=int(minute))


def viewing(name: str, event_at: datetime, **values: Any) -> Row:
    """A television viewing of ten minutes by an account, on a channel and of a show that all bear the name."""
    return {"session_id": name, "user_id": name, "channel_id": name, "channel_name": name, "show_name": name,
            "event_at": event_at, "duration_minutes": 10, "region": "North", **values}  # fmt: skip


def listen(user: str, track: str, event_at: datetime) -> Row:
    """A listen whose length nobody reported."""
    return {"user_id": user, "track_id": track, "listened_at": event_at, "listened_ms": None}


def song(track: str, minutes: int) -> Row:
    """What the catalogue says of a track."""
    return {"track_id": track, "track_genre": "folk", "track_name": track, "duration_ms": minutes * 60_000}


@dataclass(frozen=True)
class Delivery:
    """Rows that land together. `arrived`: days after the first delivery of all; equal ones are ordered by `label`."""

    input: str
    rows: tuple[Row, ...]
    arrived: int
    label: str = ""


def first(kind: str, *rows: Row, arrived: int = 10, label: str = "a") -> Delivery:
    return Delivery(kind, rows, arrived, label)


def later(kind: str, *rows: Row, arrived: int = 20, label: str = "b") -> Delivery:
    return Delivery(kind, rows, arrived, label)


#: aim -> what lands before the first run, and what lands after it
AIMS: dict[str, tuple[list[Delivery], list[Delivery]]] = {
    "a listen ends where that of the next day begins": (
        [first("songs", song("cut", 60)), first("streams", listen("cut", "cut", at(1, "23:50")))],
        [later("streams", listen("cut", "cut", at(2, "00:05")))],
    ),
    "an audience lasts into the next day": (
        [first("viewership_logs", viewing("night", at(12, "00:10")))],
        [later("viewership_logs", viewing("night", at(11, "23:30"), duration_minutes=90))],
    ),
    "corrected books of a day without viewings": (
        [first("ad_revenue", {"channel_id": "books", "revenue_date": at(20).date(), "ad_revenue": Decimal(100)})],
        [later("ad_revenue", {"channel_id": "books", "revenue_date": at(20).date(), "ad_revenue": Decimal(200)})],
    ),
    "an account whose country comes later": (
        [first("streams", listen("abroad", "abroad", at(30)))],
        [later("users", {"user_id": "abroad", "user_age": 40, "user_country": "Ireland", "created_at": DAY0})],
    ),
    "a track whose length comes later": (
        [first("streams", listen("length", "length", at(40)))],
        [later("songs", song("length", 3))],
    ),
    "a length that comes later, of a listen that ends on the next day": (
        [first("streams", listen("reach", "reach", at(50, "23:50")), listen("reach", "other", at(51, "00:05")))],
        [later("songs", song("reach", 60))],
    ),
    "a channel whose name comes later": (
        [first("viewership_logs", viewing("name", at(60)))],
        [later("channel_metadata", {"channel_id": "name", "channel_name": "Prime", "genre": "News"})],
    ),
    "metadata that arrived before the mention and landed after it": (
        [first("viewership_logs", viewing("beaten", at(70)), arrived=20)],
        [later("channel_metadata", {"channel_id": "beaten", "channel_name": "Prime", "genre": "News"}, arrived=10)],
    ),
    "a correction": (
        [first("viewership_logs", viewing("newer", at(80)))],
        [later("viewership_logs", viewing("newer", at(80), duration_minutes=20))],
    ),
    "a version that arrived before the one that stands": (
        [first("viewership_logs", viewing("older", at(90)), arrived=20)],
        [later("viewership_logs", viewing("older", at(90), duration_minutes=20), arrived=10)],
    ),
    "two versions of one instant, landed in two runs": (
        [first("viewership_logs", viewing("instant", at(100)))],
        [later("viewership_logs", viewing("instant", at(100), duration_minutes=20), arrived=10)],
    ),
    "two versions of one instant, read in one run": (
        [
            first("viewership_logs", viewing("together", at(110), duration_minutes=20), label="b"),
            first("viewership_logs", viewing("together", at(110)), label="a"),
        ],
        [],
    ),
    "two versions in one batch": (
        [],
        [
            later("viewership_logs", *(viewing(f"twice{n}", at(120), duration_minutes=m) for m in (10, 20)))
            for n in range(3)
        ],
    ),
}  # fmt: skip


def batches(aim: int, part: int) -> Iterator[Batch]:
    """The batches of one part of an aim."""
    deliveries = list(AIMS.values())[aim][part]
    for number, one in enumerate(deliveries):
        yield Batch(
            f"{aim:02d}{one.label}{number}", one.input, DAY0 + timedelta(days=200 + one.arrived, seconds=aim), one.rows
        )


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_what_lands_later_reaches_all_that_it_changes(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "home")
    before, after = ([batch for aim in range(len(AIMS)) for batch in batches(aim, part)] for part in (0, 1))
    # Of two versions of one instant the one with the greater id is registered first, and both are read in one run.
    ahead = [batch for batch in before if batch.batch_id[2] == "b"]
    warehouse.land(ahead)
    warehouse.dbt("run", "--select", "int_batch")
    warehouse.land([batch for batch in before if batch not in ahead])
    warehouse.dbt("run", *MODELS)
    warehouse.land(after)
    # Facts ahead of the dates that they have to look at: they must wait for them.
    warehouse.dbt("run", "--select", "int_batch", "int_playback_event", "fct_playback")
    warehouse.dbt("run", *MODELS)
    got = warehouse.results()
    truth = truth_of([*before, *after])
    wrong = differences(*compared(warehouse, {name: truth[name] for name in TABLES}))
    assert not wrong, "\n".join(["against the oracle", *wrong])
    warehouse.dbt("run", "--full-refresh", *MODELS)
    found = differences(got, warehouse.results())
    assert not found, "\n".join(["against a full refresh", *found])
    assert len(got["marts.fct_playback"]) == 17
    warehouse.close()
