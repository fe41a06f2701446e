"""Stretches of playing and their edges: when something played, and which parts of the content."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ingestion.generate.columns import decimals
from ingestion.generate.truth.groups import Groups, dates, texts
from ingestion.generate.truth.model import DAY_US, Playbacks
from ingestion.generate.truth.players import Running

RATE_UNIT = 10_000  # a playback rate of 1


def fct_playback_interval(plays: Playbacks, running: Running) -> pa.Table:
    """One row a stretch of playing without a break in clock, content and rate; over midnight it is one."""
    found = _joined(running)
    own = plays.take(found.row)
    is_log = ~own.player.watched_ms.known
    wall_ms = (found.end_us - found.start_us) // 1000
    rate = np.where(is_log, RATE_UNIT, (found.to_ms - found.from_ms) * RATE_UNIT // np.maximum(wall_ms, 1))
    table = pa.table(
        {
            "playback_id": texts(own.playback_id),
            "account_id": texts(own.account),
            "content_id": texts(own.content),
            "channel_id": texts(own.channel),
            "media_kind": texts(own.media_kind),
            "region": texts(own.region),
            "device_type": texts(own.device_type),
            "from_position_ms": pa.array(found.from_ms),
            "to_position_ms": pa.array(found.to_ms),
            "playback_rate": decimals(rate, 4),
            "playback_date": dates(own.day),
            "started_at": pa.array(found.start_us).cast(pa.timestamp("us")),
            "ended_at": pa.array(found.end_us).cast(pa.timestamp("us")),
        }
    )
    return table.sort_by([("playback_id", "ascending"), ("started_at", "ascending")])


def _joined(running: Running) -> Running:
    """The same times, those that follow on one another as one, by playback and start (a playback has one rate)."""
    one = running.take(np.lexsort((running.start_us, running.row)))
    begins = np.ones(len(one.row), dtype=bool)
    begins[1:] = (one.row[1:] != one.row[:-1]) | (one.start_us[1:] != one.end_us[:-1])
    begins[1:] |= one.from_ms[1:] != one.to_ms[:-1]
    first = np.flatnonzero(begins)
    last = np.append(first[1:], len(one.row))[: len(first)] - 1
    return Running(
        one.row[first], one.kind[first], one.start_us[first], one.end_us[last], one.from_ms[first], one.to_ms[last]
    )


def edge_audience(plays: Playbacks, running: Running) -> pa.Table:
    """By instant, kind, channel, region and device: starts less ends of what plays, each day from nought."""
    last_day = (running.end_us - 1) // DAY_US
    over = np.flatnonzero(last_day > running.start_us // DAY_US)  # at most once: nothing plays for over 24 hours
    midnight = last_day[over] * DAY_US
    end_us = running.end_us.copy()
    end_us[over] = midnight
    pieces = [(running.row, running.start_us, end_us), (running.row[over], midnight, running.end_us[over])]
    row, start_us, end_us = (np.concatenate(column) for column in zip(*pieces, strict=True))
    day = start_us // DAY_US
    instant, step = np.concatenate([start_us, end_us]), np.repeat([1, -1], len(row))
    twice = np.concatenate([row, row])
    kind, channel, region, device = (
        values.take(twice) for values in (plays.media_kind, plays.channel, plays.region, plays.device_type)
    )
    day = np.concatenate([day, day])
    groups = Groups(day, instant, kind.codes, channel.codes, region.codes, device.codes)
    net = groups.sum(step)
    first = groups.first[net != 0]
    return pa.table(
        {
            "event_date": dates(day[first]),
            "instant_at": pa.array(instant[first]).cast(pa.timestamp("us")),
            **{
                name: texts(values.take(first))
                for name, values in (
                    ("media_kind", kind), ("channel_id", channel), ("region", region), ("device_type", device),
                )
            },
            "net_starts": pa.array(net[net != 0]),
        }
    )  # fmt: skip


def edge_position(plays: Playbacks, running: Running) -> pa.Table:
    """By day of the playbacks, content and position: passes that begin there less those that end there, and the same of
    the playbacks that have seen what follows, each once."""
    rows = np.flatnonzero(running.from_ms < running.to_ms)
    row = np.concatenate([running.row[rows]] * 2)
    place = np.concatenate([running.from_ms[rows], running.to_ms[rows]])
    step = np.repeat([1, -1], len(rows))
    # How often each playback has what follows each of its positions: seen, where that is more than nought.
    own = Groups(row, place)
    owner, position, change = row[own.first], place[own.first], own.sum(step)
    times = np.cumsum(change)  # every playback ends at nought, so the sum begins anew with each
    seen = (times > 0).astype(np.int64) - (times - change > 0)
    day, content = plays.day[owner], plays.content.take(owner)
    groups = Groups(day, content.codes, position)
    every, unique = groups.sum(change), groups.sum(seen)
    kept = (every != 0) | (unique != 0)
    first = groups.first[kept]
    return pa.table(
        {
            "event_date": dates(day[first]),
            "content_id": texts(content.take(first)),
            "position_ms": pa.array(position[first]),
            "delta_all": pa.array(every[kept]),
            "delta_unique": pa.array(unique[kept]),
        }
    )
