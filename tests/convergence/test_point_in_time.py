"""Churn features of a day do not change with what happens later: the future is permuted, and nothing moves."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.convergence.engine import Batch, Warehouse

FIRST = datetime(2026, 1, 1, 8)  # noqa: DTZ001 - the marts keep UTC without zone
DAYS = 12
KNOWN_DAYS = 8
ACCOUNTS = 6
Row = dict[str, Any]


def playback(account: str, day: int, number: int, minutes: int) -> list[Row]:
    """A playback of one morning, from request to stop, and a like in between."""
    at = FIRST + timedelta(days=day, minutes=45 * number)
    shared = {
        "account_id": account, "playback_id": f"P{day}-{number}", "session_id": f"S{day}-{account}",
        "content_id": f"T{number}", "device_type": "tv", "content_duration_ms": 1_800_000,
    }  # fmt: skip
    return [
        {**shared, "event_type": "session_start", "event_at": at, "playback_id": None},
        {**shared, "event_type": "video_play", "event_at": at, "position_ms": 0, "startup_ms": 500 * number},
        {**shared, "event_type": "user_like", "event_at": at + timedelta(seconds=20)},
        {
            **shared,
            "event_type": "video_stop",
            "event_at": at + timedelta(minutes=minutes, seconds=number),
            "position_ms": minutes * 60_000,
        },
    ]


def plan(seed: int) -> list[tuple[str, int, int, int]]:
    """(account, day, number, minutes) of six playbacks a day."""
    r = random.Random(seed)
    return [
        (f"U{r.randrange(ACCOUNTS)}", day, number, r.randrange(1, 30)) for day in range(DAYS) for number in range(6)
    ]


def features(warehouse: Warehouse, batch_id: str, rows: list[Row]) -> dict[bool, list[tuple[Any, ...]]]:
    """{whether the day is known: rows} of a warehouse that has nothing but these events."""
    warehouse.reset()
    warehouse.land([Batch(batch_id, "player_events", FIRST + timedelta(days=DAYS + 1), tuple(rows))])
    warehouse.dbt("run", "--select", "+feature_churn_account_day")
    last = (FIRST + timedelta(days=KNOWN_DAYS - 1)).date()
    found = warehouse.query("from marts.feature_churn_account_day order by event_date, account_id")
    return {known: [row for row in found if (row[0] <= last) == known] for known in (True, False)}


@pytest.mark.slow
def test_a_permuted_future_changes_no_feature_of_the_past(tmp_path: Path) -> None:
    past = [one for one in plan(3) if one[1] < KNOWN_DAYS]
    future = [one for one in plan(3) if one[1] >= KNOWN_DAYS]
    accounts = [account for account, *_ in future]
    random.Random(5).shuffle(accounts)
    permuted = [(account, *one[1:]) for account, one in zip(accounts, future, strict=True)]
    warehouse = Warehouse(tmp_path / "home")
    as_it_was = features(warehouse, "one", [row for one in past + future for row in playback(*one)])
    otherwise = features(warehouse, "two", [row for one in past + permuted for row in playback(*one)])
    without = features(warehouse, "three", [row for one in past for row in playback(*one)])
    warehouse.close()
    assert as_it_was[True] == otherwise[True] == without[True]
    assert len(as_it_was[True]) > KNOWN_DAYS * 3
    assert as_it_was[False] != otherwise[False], "the permutation changed something"
    assert not without[False]
