"""kpi_data_quality_daily: what arrived on each day, and the flags of playbacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.hashing import Ints
from ingestion.generate.truth.groups import dates
from ingestion.generate.truth.logs import TRACK
from ingestion.generate.truth.model import DAY_US, Playbacks
from ingestion.generate.truth.read import column, instants_of

PLAYER, MUSIC, TELEVISION = "player_events", "streams", "viewership_logs"
HOUR_US = 3_600_000_000
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (instants are UTC without a zone)


@dataclass(frozen=True)
class Arrival:
    """One batch as it was landed. event_us: when each accepted row happened, of an input of events."""

    input: str
    arrived_at: datetime
    rows_read: int
    rows_accepted: int
    rows_duplicate: int
    rows_quarantined: int
    event_us: Ints


def event_instants(name: str, table: pa.Table) -> Ints:
    """When the rows of an input of events happened; nothing of the other inputs."""
    instants = {PLAYER: ("event_at",), MUSIC: ("listened_at", "listen_time"), TELEVISION: ("event_at", "timestamp")}
    return instants_of(column(table, *instants[name])) if name in instants else np.array([], dtype=np.int64)


def arrived(arrivals: Iterable[Arrival]) -> pa.Table:
    """By day of arrival, input and metric: rows."""
    found: Counter[tuple[int, str, str]] = Counter()
    for one in arrivals:
        at_us = round((one.arrived_at.replace(tzinfo=None) - EPOCH).total_seconds() * 1_000_000)
        late = int((at_us - one.event_us > reference.LATE_AFTER_HOURS * HOUR_US).sum())
        counts = {
            "read": one.rows_read,
            "accepted": one.rows_accepted,
            "duplicate": one.rows_duplicate,
            "quarantined": one.rows_quarantined,
            "late": late,
        }
        for metric, rows in counts.items():
            found[at_us // DAY_US, one.input, metric] += rows
    return _table(found)


def flagged(plays: Playbacks) -> pa.Table:
    """By day on which playbacks started, input and flag: playbacks."""
    player = plays.player
    flags = {
        "longer_than_content": plays.playing.known
        & plays.duration.known
        & (plays.playing.values > plays.duration.values),
        "imputed_length": plays.is_imputed,
        "without_session_start": player.is_without_session_start,
        "after_session_end": player.is_after_session_end,
        "position_jump": player.is_position_jump,
        "stop_after_complete": player.is_stop_after_complete,
    }
    is_track = plays.media_kind.codes == TRACK
    source = np.where(player.watched_ms.known, PLAYER, np.where(is_track, MUSIC, TELEVISION))
    found: Counter[tuple[int, str, str]] = Counter()
    for name, flag in flags.items():
        rows = np.flatnonzero(flag)
        found.update(
            (day, str(kind), f"flag_{name}")
            for day, kind in zip(plays.day[rows].tolist(), source[rows].tolist(), strict=True)
        )
    return _table(found)


def _table(found: Counter[tuple[int, str, str]]) -> pa.Table:
    rows = sorted((key, count) for key, count in found.items() if count)
    return pa.table(
        {
            "event_date": dates(np.array([key[0] for key, _ in rows], dtype=np.int64)),
            "input": pa.array([key[1] for key, _ in rows], pa.string()),
            "metric": pa.array([key[2] for key, _ in rows], pa.string()),
            "row_count": pa.array([count for _, count in rows], pa.int64()),
        }
    )
