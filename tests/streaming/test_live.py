"""Live figures against the same sums by hand: windows, rules, late events, and a run that is killed and repeated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.settings import CHECKOUT, Settings
from streaming.live import FIGURES, newest
from tests.ingestion.helpers import land_one, settings_of, write
from tests.streaming.jobs import DYING, events

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("spark")]

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACTIVITY, POPULARITY, ANOMALIES = FIGURES
Event = dict[str, Any]


def event(account: str, seconds: float, content: str = "c", kind: str = "video_heartbeat", **more: Any) -> Event:
    """An event of a player so many seconds after noon."""
    at = NOON + timedelta(seconds=seconds)
    return {
        "event_type": kind, "event_at": at.isoformat(), "account_id": account, "session_id": f"s-{account}",
        "playback_id": f"p-{account}-{content}", "content_id": content, "device_type": "mobile", "country": "IE",
        "position_ms": 1000, **more,
    }  # fmt: skip


def first() -> Iterator[Event]:
    """Half an hour in which three accounts break one rule each, and three come up to the limit."""
    yield event("ann", 0, "film", "video_play", position_ms=0)
    yield event("ann", 100, "film", position_ms=100_000)
    yield event("ann", 299, "film", "video_complete", position_ms=200_000)
    yield event("ann", 300, "film", "video_play", position_ms=None)
    yield event("bob", 10, "film", "video_play", position_ms=5_000)
    yield from (event("busy", 600 + n / 10) for n in range(101))
    yield from (event("brisk", 600 + n / 10) for n in range(100))
    yield from (event("broken", 660 + n, kind="video_error") for n in range(6))
    yield from (event("unlucky", 660 + n, kind="video_error") for n in range(5))
    yield from (event("hopper", 720 + n, f"h{n}") for n in range(21))
    yield from (event("chooser", 720 + n, f"h{n}") for n in range(20))
    yield event("ann", 1_800, "film")
    yield event("ahead", 3_600 + 1_200, "film")  # its clock is twenty minutes ahead


def second() -> Iterator[Event]:
    """What came later: in time for the windows that are open, and too late."""
    yield event("ann", 1_400, "film")
    yield event("ann", 200, "film")


def landed(settings: Settings, name: str, made: Iterator[Event]) -> None:
    lines = [json.dumps({**one, "event_id": f"{name}-{number}"}) for number, one in enumerate(made)]
    path = write(settings.home / "files", f"{name}.ndjson", "\n".join(lines) + "\n")
    manifest = land_one(settings, path, arrived_at=NOON + timedelta(hours=1), input="player_events")
    assert manifest.rows_accepted == len(lines)


def run(settings: Settings, die: str = "") -> tuple[int, str]:
    """`media stream live --once`: its exit code and what it said."""
    path = os.pathsep.join([str(DYING), str(CHECKOUT)])
    home = str(settings.home)
    done = subprocess.run(
        [sys.executable, "-m", "ingestion.cli", "stream", "live", "--once"], cwd=CHECKOUT, start_new_session=True,
        env={**os.environ, "MEDIA_HOME": home, "MEDIA_RAW": home, "PYTHONPATH": path, "DIE_AT": die},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=280,
    )  # fmt: skip
    return done.returncode, done.stdout


def figures(settings: Settings, figure: Any, columns: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        return connection.execute(f"select {columns} from ({newest(settings.raw, figure)}) order by all").fetchall()


def clock(minutes: int) -> str:
    return f"{NOON + timedelta(minutes=minutes):%H:%M}"


def test_figures_of_what_has_landed(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    old = write(tmp_path, "live/anomaly/updated_date=2020-01-01/q-1.parquet", "old")
    landed(settings, "first", first())
    # Before any query has ended its batch: what is too late is judged by the batch before, which has to be the same.
    code, said = run(settings, die="rename:1")
    assert code == -9, said[-3000:]
    code, said = run(settings)
    assert code == 0, said[-3000:]
    assert not old.exists()

    at = "strftime(window_start_at, '%H:%M')"
    measures = "events, unique_contents, unique_sessions, completions, average_position_ms"
    ann = [row for row in figures(settings, ACTIVITY, f"account_id, {at}, {measures}") if row[0] == "ann"]
    assert ann == [
        ("ann", clock(0), 3, 1, 1, 1, 100_000.0),
        ("ann", clock(5), 1, 1, 1, 0, None),
        ("ann", clock(30), 1, 1, 1, 0, 1_000.0),
    ]
    measures = "events, unique_accounts, plays, completions, completion_rate, max_position_ms"
    film = [row for row in figures(settings, POPULARITY, f"content_id, {at}, {measures}") if row[0] == "film"]
    assert film == [
        ("film", clock(0), 5, 2, 3, 1, 1 / 3, 200_000),
        ("film", clock(30), 1, 1, 0, 0, None, 1_000),
    ]
    assert figures(settings, ANOMALIES, f"anomaly, account_id, {at}, events") == [
        ("high_activity", "busy", clock(10), 101),
        ("high_errors", "broken", clock(11), 6),
        ("rapid_browsing", "hopper", clock(12), 21),
    ]

    landed(settings, "second", second())
    code, said = run(settings)
    assert code == 0, said[-3000:]
    ann = [row for row in figures(settings, ACTIVITY, f"account_id, {at}, events") if row[0] == "ann"]
    assert ann == [("ann", clock(0), 3), ("ann", clock(5), 1), ("ann", clock(20), 1), ("ann", clock(30), 1)]
    (end,) = events(said, "stopped")
    assert end["too_late"] == {"user_activity": 1, "content_popularity": 1, "anomaly": 1}
