"""kpi_concurrency: how many playbacks run at once, minute by minute."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ingestion.generate.hashing import Ints
from ingestion.generate.truth.groups import dates, ratio
from ingestion.generate.truth.logs import MEDIA_KINDS
from ingestion.generate.truth.model import DAY_US
from ingestion.generate.truth.players import Running

MINUTE_US = 60_000_000
MINUTES_A_DAY = 1440


def kpi_concurrency(running: Running) -> pa.Table:
    """By date, media kind (one, or all) and minute: greatest number and area of the half-open playing intervals."""
    tables = [_sweep("all", running.start_us, running.end_us)]
    for code, name in enumerate(MEDIA_KINDS):
        own = running.kind == code
        tables.append(_sweep(name, running.start_us[own], running.end_us[own]))
    return pa.concat_tables(tables).sort_by([(key, "ascending") for key in ("event_date", "media_kind", "minute_at")])


def _sweep(name: str, start: Ints, end: Ints) -> pa.Table:
    days = np.unique(np.concatenate([start, end]) // DAY_US)
    minutes = (days[:, None] * MINUTES_A_DAY + np.arange(MINUTES_A_DAY)).ravel() if len(days) else days
    # Every edge and every start of a minute is an instant; the number does not change between two instants. Nothing
    # runs between two days without an edge: a playback of at most 24 hours has an edge on each of its days.
    instants, which = np.unique(np.concatenate([start, end, minutes * MINUTE_US]), return_inverse=True)
    change = np.zeros(len(instants), dtype=np.int64)
    np.add.at(change, which[: len(start)], 1)
    np.add.at(change, which[len(start) : 2 * len(start)], -1)
    number = np.cumsum(change)
    minute = instants // MINUTE_US
    until = np.minimum(np.append(instants[1:], 0), (minute + 1) * MINUTE_US)
    if len(until):
        until[-1] = (minute[-1] + 1) * MINUTE_US
    first = np.unique(minute, return_index=True)[1]
    peak = np.maximum.reduceat(number, first) if len(first) else number
    area = np.add.reduceat(number * (until - instants), first) // 1000 if len(first) else number
    return _table(name, minutes, peak, area)


def _table(name: str, minutes: Ints, peak: Ints, area_ms: Ints) -> pa.Table:
    return pa.table(
        {
            "event_date": dates(minutes // MINUTES_A_DAY),
            "media_kind": pa.array([name] * len(minutes), pa.string()),
            "minute_at": pa.array(minutes * MINUTE_US).cast(pa.timestamp("us")),
            "concurrent_peak": peak,
            "concurrent_ms": area_ms,
            "concurrent_average": ratio(area_ms, np.full(len(minutes), 60_000)),
        }
    )
