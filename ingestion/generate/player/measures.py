"""What a warehouse must find in the events of each playback: figures of the script, never of its events.

The readings of the definitions where a script leaves room: a playback whose request was lost begins at its first
heartbeat; a jump of the playhead that nothing reports was played on from where it was last seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.generate.hashing import Bools, Ints, Stream, below, chance
from ingestion.generate.player.ads import BANNER, Ads
from ingestion.generate.player.layout import Layout
from ingestion.generate.player.script import (
    COMPLETE_STOP,
    ERROR,
    FAILED,
    LEFT,
    LOST,
    PAUSED_STOP,
    PAUSES,
    QUALITY,
    SEEK_STALL,
    SEEKS,
    STALL,
    STALLED_STOP,
    TICK_MS,
    Script,
)

NULL = -1
LOST_BEAT_RATE = 0.01
EXIT_AFTER_STALL_MS = 10_000
# How the last event says that a playback ended; NULL where none does.
ENDS = ("complete", "stop", "error")
END_OF = np.array([0, 0, 1, 2, NULL, 1, 1, NULL])  # by script.end
END_OF_ATTEMPT = np.array([NULL, 2, 1, NULL])  # by script.outcome, of those that never began


@dataclass(frozen=True)
class Measures:
    """One row a playback; -1 is null. start_ms, end_ms: from the request. bitrate_kbit: sum of kbps x seconds.

    stretch_*: the times in which the playhead moved, as (playback, from, to) in milliseconds from the request, with
    the content from and to. lost_heartbeats: of all playbacks.
    """

    start_ms: Ints
    end_ms: Ints
    is_started: Bools
    playing_ms: Ints
    content_watched_ms: Ints
    watched_ms: Ints
    startup_ms: Ints
    stall_count: Ints
    stall_ms: Ints
    seek_stall_ms: Ints
    seek_count: Ints
    pause_ms: Ints
    max_position_ms: Ints
    bitrate_kbit: Ints
    bitrate_ms: Ints
    quality_change_count: Ints
    quality_up_count: Ints
    quality_down_count: Ints
    dropped_frame_count: Ints
    ad_count: Ints
    ad_ms: Ints
    end: Ints
    is_start_failure: Bools
    is_playback_failure: Bools
    is_exit_before_start: Bools
    is_position_jump: Bools
    is_stop_after_complete: Bools
    is_exit_after_stall: Bools
    stretch_row: Ints
    stretch_from_ms: Ints
    stretch_to_ms: Ints
    stretch_content_from_ms: Ints
    stretch_content_to_ms: Ints
    lost_heartbeats: int


def measure(seed: int, script: Script, ads: Ads, layout: Layout) -> Measures:
    """The figures of these scripts."""
    started, counts = script.is_played, script.counts
    lost = script.is_play_lost
    late = np.where(lost, script.beat, 0)  # ticks of the first leg that nobody heard of
    playing = (np.where(counts, script.ticks, 0).sum(axis=1) - late) * TICK_MS
    start = np.where(lost, layout.frame + late * TICK_MS, -script.failed_ms)
    stretches = _stretches(script, layout, late)
    in_pause = np.where(counts & np.isin(script.kind, PAUSES), script.gap_ms, 0).sum(axis=1)
    # Neither watched nor paused: silence, and what lies between a failed try and the next one.
    apart = np.where(script.is_silent, script.gap_ms, 0).sum(axis=1)
    in_pause -= apart
    apart += script.failed_ms // 2
    in_pause += (np.where(counts & (script.kind == PAUSES[1]), script.late_ms, 0)).sum(axis=1)
    in_pause += script.early_pause_ms + np.where(script.is_played & (script.end == PAUSED_STOP), script.tail_ms, 0)
    is_stalled_end = script.is_played & (script.end == STALLED_STOP)
    stalls = counts & (script.kind == STALL)
    kbit = np.where(counts, script.kbps * script.ticks, 0)
    kbit[:, 0] -= script.kbps[:, 0] * late
    known = started & (script.kbps[:, 0] >= 0)
    changes = counts & (script.kind == QUALITY)
    rise = np.diff(script.kbps, axis=1, prepend=script.kbps[:, :1])
    beat = heartbeats(seed, script)
    dropped = np.bincount(beat.row, weights=beat.dropped, minlength=len(started)).astype(np.int64)
    shown = np.bincount(ads.row, weights=ads.is_shown, minlength=len(started)).astype(np.int64)
    seen = np.rint(
        np.bincount(ads.row, weights=np.where(ads.kind == BANNER, 0, ads.view_ms), minlength=len(started))
    ).astype(np.int64)
    return Measures(
        start_ms=start,
        end_ms=layout.leave,
        is_started=started,
        playing_ms=np.where(started, playing, 0),
        content_watched_ms=_watched(len(started), *stretches),
        watched_ms=layout.leave - start - in_pause - apart,
        startup_ms=np.where(started & ~lost & (script.early_pause_ms == 0), script.startup_ms, NULL),
        stall_count=stalls.sum(axis=1) + is_stalled_end,
        stall_ms=np.where(stalls, script.gap_ms, 0).sum(axis=1) + np.where(is_stalled_end, script.tail_ms, 0),
        seek_stall_ms=np.where(counts & (script.kind == SEEK_STALL), script.gap_ms, 0).sum(axis=1),
        seek_count=(counts & np.isin(script.kind, SEEKS)).sum(axis=1),
        pause_ms=in_pause,
        max_position_ms=np.where(started, _furthest(script, *stretches), NULL),
        bitrate_kbit=np.where(known, kbit.sum(axis=1) * TICK_MS // 1000, 0),
        bitrate_ms=np.where(known, playing, 0),
        quality_change_count=changes.sum(axis=1),
        quality_up_count=(changes & (rise > 0)).sum(axis=1),
        quality_down_count=(changes & (rise < 0)).sum(axis=1),
        dropped_frame_count=np.where(dropped > 0, dropped, NULL),
        ad_count=shown,
        ad_ms=seen,
        end=np.where(started, END_OF[script.end], END_OF_ATTEMPT[script.outcome]),
        is_start_failure=script.outcome == FAILED,
        is_playback_failure=started & (script.end == ERROR),
        is_exit_before_start=(script.outcome == LEFT) | (script.outcome == LOST),
        is_position_jump=np.asarray(script.jumps.any(axis=1)),
        is_stop_after_complete=started & (script.end == COMPLETE_STOP),
        is_exit_after_stall=_leaves_after_stall(script, layout, stalls) | is_stalled_end,
        stretch_row=stretches[0],
        stretch_from_ms=stretches[1],
        stretch_to_ms=stretches[2],
        stretch_content_from_ms=stretches[3],
        stretch_content_to_ms=stretches[4],
        lost_heartbeats=beat.lost,
    )


@dataclass(frozen=True)
class Heartbeats:
    """The heartbeats that arrive: playback, leg, number (1 ..) within the leg, ticks into it, frames dropped."""

    row: Ints
    leg: Ints
    number: Ints
    ticks: Ints
    dropped: Ints
    lost: int


def heartbeats(seed: int, script: Script) -> Heartbeats:
    """All heartbeats but the lost ones; the first and the last of a leg are never lost, so that no measure of time
    changes (the frames that a lost one reports as dropped are lost with it)."""
    row, leg = np.nonzero(script.beats)
    count = script.beats[row, leg]
    first = np.cumsum(count) - count
    of_leg = np.repeat(np.arange(len(row)), count)
    number = np.arange(len(of_leg)) - first[of_leg] + 1
    place = (leg[of_leg] * 4096 + number).astype(np.uint64)
    hashed = Stream(seed, "player/heartbeat")(script.base[row][of_leg] + place)
    lost = chance(hashed, LOST_BEAT_RATE) & (number > 1) & (number < count[of_leg])
    row, leg = row[of_leg], leg[of_leg]
    dropped = np.where(chance(hashed, 0.06, 16, 8), 1 + below(hashed, 40, 24, 8), 0)
    kept = np.flatnonzero(~lost)
    row, leg, number, dropped = row[kept], leg[kept], number[kept], dropped[kept]
    return Heartbeats(row, leg, number, number * script.beat[row], dropped, int(lost.sum()))


def _stretches(script: Script, layout: Layout, late: Ints) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """(playback, from, to, content from, content to), in order; a leg after a jump is two of them."""
    row, leg = np.nonzero(script.counts)
    skipped = np.where(leg == 0, late[row], 0)
    begin, ticks, wall = script.begin[row, leg], script.ticks[row, leg], layout.begin[row, leg]
    jumped = script.jumps[row, leg]
    # What was played up to the first sign of life after a jump counts from where the playhead was last seen.
    unseen = np.where(jumped, np.minimum(script.beat[row], ticks), 0)
    before = np.maximum(leg - 1, 0)
    seen = script.begin[row, before] + script.ticks[row, before]
    lead = np.flatnonzero(jumped)
    unit = script.unit_ms
    row_all = np.concatenate([row, row[lead]])
    offset = np.concatenate([skipped + unseen, 0 * lead])
    until = np.concatenate([ticks, unseen[lead]])
    content = np.concatenate([begin + skipped + unseen, seen[lead]])
    start = np.concatenate([wall, wall[lead]])
    begin_ms, end_ms = start + offset * TICK_MS, start + until * TICK_MS
    order = np.lexsort((begin_ms, row_all))
    order = order[end_ms[order] > begin_ms[order]]
    content_from = content * unit[row_all]
    content_to = (content + until - offset) * unit[row_all]
    return row_all[order], begin_ms[order], end_ms[order], content_from[order], content_to[order]


def _watched(playbacks: int, row: Ints, _from: Ints, _to: Ints, content_from: Ints, content_to: Ints) -> Ints:
    """Length of the union of the content of each playback: every part of it once."""
    order = np.lexsort((content_from, row))
    row, low, high = row[order], content_from[order], content_to[order]
    stride = np.int64(1) << 40  # further than any position, so that one playback's content ends before the next one's
    reached = np.maximum.accumulate(high + row * stride) if len(row) else high
    covered = np.concatenate([[0], reached[:-1]])[: len(row)] - row * stride
    fresh = np.maximum(high - np.maximum(low, covered), 0)
    return np.rint(np.bincount(row, weights=fresh, minlength=playbacks)).astype(np.int64)


def _leaves_after_stall(script: Script, layout: Layout, stalls: Bools) -> Bools:
    """Whether somebody left, without an end or an error, soon after the last stall."""
    over = np.where(stalls, layout.begin, np.iinfo(np.int32).min).max(axis=1)
    left = script.is_played & ~np.isin(END_OF[script.end], (ENDS.index("complete"), ENDS.index("error")))
    return np.asarray(left & (layout.leave - over <= EXIT_AFTER_STALL_MS))


def _furthest(script: Script, row: Ints, _from: Ints, _to: Ints, _content_from: Ints, content_to: Ints) -> Ints:
    """The furthest position of the playhead, targets of seeks included."""
    unit = script.unit_ms
    begins = np.where(script.counts, script.begin, 0)
    begins[:, 0] += np.where(script.is_play_lost, script.beat, 0)
    ends = np.where(script.counts, script.begin + script.ticks, 0)
    furthest = np.maximum(begins.max(axis=1), ends.max(axis=1)) * unit
    np.maximum.at(furthest, row, content_to)
    return np.asarray(furthest)
