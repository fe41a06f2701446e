"""One day of the player: its events by topic, and what is known of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.generate.player.block import build
from ingestion.generate.player.facts import SENT, SENT_COLUMNS, known
from ingestion.generate.player.tables import TOPICS, topics
from ingestion.generate.player.world import World

BLOCK_SESSIONS = 1 << 12  # sessions worked on at a time


@dataclass(frozen=True)
class PlayerDay:
    """events: rows of player_events of the sessions that start on that day, one topic after the other, each in order
    of time within a block. facts: the plan's own knowledge of them, by table. kinds: what is not as it was: heartbeats
    that never arrived, sessions by a wrong clock."""

    events: pa.Table
    facts: dict[str, pa.Table]
    kinds: dict[str, int]


def play(world: World, day: int, week_factor: float) -> PlayerDay:
    """The events and facts of that day."""
    total = world.count(day, week_factor)
    blocks = [
        build(world, day, np.arange(first, min(first + BLOCK_SESSIONS, total)))
        for first in range(0, max(total, 1), BLOCK_SESSIONS)
    ]
    kinds = {
        "lost_heartbeat": sum(block.measures.lost_heartbeats for block in blocks),
        "skewed_session": sum(int(block.sessions.is_skewed.sum()) for block in blocks),
    }
    events = _joined([topics(block) for block in blocks])
    every = pa.concat_tables([events[topic] for topic in TOPICS], promote_options="default")
    facts = _joined([known(block) for block in blocks])
    # What was sent at all: events are counted, and what they say is not looked at.
    return PlayerDay(every, {**facts, SENT: every.select(SENT_COLUMNS)}, kinds)


def _joined(parts: list[dict[str, pa.Table]]) -> dict[str, pa.Table]:
    return {name: pa.concat_tables([part[name] for part in parts]) for name in parts[0]}
