"""The scripts on a clock: when each leg, advertisement and end stands, in milliseconds from the request."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.generate.hashing import Ints
from ingestion.generate.player.ads import BANNER, Ads, break_ms, shown_ms
from ingestion.generate.player.script import (
    BREAK,
    LEFT,
    LEGS,
    LOST,
    PAUSE_SEEK,
    PAUSED_STOP,
    SEEK_STALL,
    STALLED_STOP,
    TICK_MS,
    Script,
)


@dataclass(frozen=True)
class Layout:
    """Milliseconds from the request. frame: the first one (of a playback that began). gap: from the end of the last
    leg to the beginning of this one. begin, end: of each leg. leave: when the playback ends. tail: of the legs, before
    a post-roll. pre_roll: what was seen of advertisements before the first frame."""

    frame: Ints
    pre_roll: Ints
    begin: Ints
    end: Ints
    tail: Ints
    leave: Ints

    def break_at(self, ads: Ads) -> Ints:
        """When the break of each opportunity begins."""
        before = self.end[ads.row, np.maximum(np.minimum(ads.leg, LEGS - 1) - 1, 0)]
        over = np.where(ads.kind == BANNER, self.begin[ads.row, 0], 0)
        return np.where(ads.leg == 0, over, np.where(ads.leg == LEGS, self.tail[ads.row], before))


def lay(script: Script, ads: Ads) -> Layout:
    """Where everything of these scripts stands."""
    count = len(script.base)
    breaks, seen = break_ms(ads, count), shown_ms(ads, count)
    pre_roll = seen[:, 0]
    frame = script.startup_ms + pre_roll + script.early_pause_ms
    gap = np.where(script.kind == BREAK, breaks[:, :LEGS], script.gap_ms)
    gap += np.where((script.kind == SEEK_STALL) | (script.kind == PAUSE_SEEK), script.late_ms, 0)
    gap[:, 0] = 0
    gap = np.where(script.counts, gap, 0)
    lasts = script.ticks * TICK_MS
    end = frame[:, None] + np.cumsum(gap + lasts, axis=1)
    begin = end - lasts
    tail = end[np.arange(count), script.end_leg]
    has_tail = (script.end == PAUSED_STOP) | (script.end == STALLED_STOP)
    played = tail + breaks[:, LEGS] + np.where(has_tail, script.tail_ms, 0)
    waited = np.where(script.outcome == LOST, 0, script.wait_ms)
    # Whoever leaves in an advertisement does so while it runs.
    waited = np.where((script.outcome == LEFT) & (breaks[:, 0] > 0), breaks[:, 0], waited)
    return Layout(frame, pre_roll, begin, end, tail, np.where(script.is_played, played, waited))
