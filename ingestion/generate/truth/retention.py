"""kpi_content_retention: how many are still there at each twentieth of a content."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.hashing import Ints
from ingestion.generate.truth.groups import Groups, dates, ratio, texts
from ingestion.generate.truth.model import Playbacks
from ingestion.generate.truth.players import Running

STEP_PERCENT, STEPS = 5, 20


def kpi_content_retention(plays: Playbacks, running: Running) -> pa.Table:
    """By date of the playback, content and twentieth: plays that played that place, passes over it, and last places."""
    known = plays.is_started & plays.watched.known & (plays.duration.values > 0)
    own = plays.where(known)
    groups = Groups(own.day, own.content.codes)
    length = groups.greatest(own.duration.values)
    of_play = np.full(len(plays), -1, dtype=np.int64)
    of_play[known] = groups.of_row
    moved = np.flatnonzero(of_play[running.row] >= 0)
    row, low, high = running.row[moved], running.from_ms[moved], running.to_ms[moved]
    group = of_play[row]
    exits = _exits(row, running.start_us[moved], high, group, length)
    kind, count = own.media_kind.take(groups.first), groups.count()
    length_class = np.searchsorted(np.array(reference.LENGTH_CLASSES_MS), length, side="right") - 1
    alike = Groups(own.day[groups.first], kind.codes, length_class)
    tables = []
    for step in range(STEPS):
        place = length * STEP_PERCENT * step // 100
        over = (low <= place[group]) & (place[group] < high)
        there = np.bincount(
            np.unique(group[over] * len(plays) + row[over]) // max(len(plays), 1), minlength=len(groups)
        )
        passes = np.bincount(group[over], minlength=len(groups))
        class_plays, class_there = alike.sum(count)[alike.of_row], alike.sum(there)[alike.of_row]
        tables.append(
            pa.table(
                {
                    "event_date": dates(own.day[groups.first]),
                    "content_id": texts(own.content.take(groups.first)),
                    "percent_of_content": pa.array(np.full(len(groups), STEP_PERCENT * step)),
                    "media_kind": texts(kind),
                    "position_ms": pa.array(place),
                    "length_class": pa.array(length_class),
                    "content_duration_ms": pa.array(length),
                    "plays": pa.array(count),
                    "plays_there": pa.array(there.astype(np.int64)),
                    "passes": pa.array(passes.astype(np.int64)),
                    "exits": pa.array(exits[:, step]),
                    "class_plays": pa.array(class_plays),
                    "class_plays_there": pa.array(class_there),
                    "retention_rate": ratio(there, count),
                    "pass_rate": ratio(passes, count),
                    "class_retention_rate": ratio(class_there, class_plays),
                    "relative_retention": ratio(there * class_plays, count * class_there),
                }
            )
        )
    return pa.concat_tables(tables)


def _exits(row: Ints, start_us: Ints, high: Ints, group: Ints, length: Ints) -> Ints:
    """Last places by group and twentieth: where each playback's last stretch ended; the end counts in the last one."""
    order = np.lexsort((start_us, row))
    last = order[np.append(row[order][1:] != row[order][:-1], True)] if len(order) else order
    step = np.minimum(high[last] * STEPS // np.maximum(length[group[last]], 1), STEPS - 1)
    counted = np.bincount(group[last] * STEPS + step, minlength=len(length) * STEPS)
    return counted.reshape(len(length), STEPS).astype(np.int64)
