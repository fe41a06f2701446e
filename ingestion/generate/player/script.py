"""What happens in each playback: how it begins, its legs of playing, what stands between them, how it ends.

A leg is a stretch in which the playhead moves. Legs and positions are counted in ticks: a tick is 40 ms of wall clock,
and 40 ms times the rate of content, so that positions, playing times and bit rates are whole numbers at every rate.
Matrices have one row a playback and one column a leg.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ingestion.generate.hashing import Bools, Ints, Stream, UInts, below, bits, chance, wheel

LEGS = 6  # at most
TICK_MS = 40
TIME_OUT_MS = 3_600_000  # of silence: what is longer than that counts for nothing
RATES = ("1", "1.25", "1.5", "2")
UNIT_MS = np.array([40, 50, 60, 80])  # content in a tick, by rate
RATE_WHEEL = wheel([0.9, 0.04, 0.04, 0.02], 8)
BEATS = np.array([250, 500, 750, 1500, 1500, 1500, 1500, 1500])  # ticks between two heartbeats: 10, 20, 30, 60 s
LEAST = 100  # ticks of the shortest leg, 4 s: longer than a seek may be blamed for a stall

# How an attempt begins.
PLAYED, FAILED, LEFT, LOST = range(4)
OUTCOME_WHEEL = wheel([0.925, 0.025, 0.035, 0.015], 8)

# What stands before a leg.
START, PAUSE, STALL, SEEK, SEEK_STALL, QUALITY, BREAK, JUMP, PAUSE_SEEK, SOFT_ERROR = range(10)
KIND_WHEEL = wheel([0, 0.26, 0.2, 0.18, 0.06, 0.12, 0.08, 0.02, 0.03, 0.05], 8)
# Instead, where a player reports no positions: nothing would tell what it waits for.
WITHOUT_POSITIONS = np.array([START, PAUSE, STALL, PAUSE, STALL, QUALITY, QUALITY, QUALITY, PAUSE, SOFT_ERROR])
PAUSES, SEEKS, STALLS = (PAUSE, PAUSE_SEEK), (SEEK, SEEK_STALL, PAUSE_SEEK), (STALL, SEEK_STALL)
LEG_WHEEL = wheel([0.35, 0.25, 0.15, 0.1, 0.08, 0.07], 8)

# How a playback that has begun ends.
COMPLETE, COMPLETE_STOP, STOP, ERROR, SILENT, PAUSED_STOP, STALLED_STOP, PAUSED_SILENT = range(8)
END_WHEEL = wheel([0, 0, 0.55, 0.04, 0.25, 0.06, 0.05, 0.05], 8)
END_OF_CONTENT_WHEEL = wheel([0.7, 0.15, 0.1, 0, 0.05, 0, 0, 0], 8)

# How the end of a stall or a pause is told: its length, an event, both, or nothing but the playhead's move.
BY_LENGTH, BY_EVENT, BY_BOTH, BY_MOVE = range(4)
TOLD_WHEEL = wheel([0.3, 0.4, 0.1, 0.2], 8)

PREMIUM = 2  # code of the plan without advertisements

# Errors: two technical ones and two of business that end a playback, and one that ends nothing.
ERROR_CODES = ("NET-504", "DEC-3016", "GEO-451", "ENT-402", "NET-408")
FIRST_OF_BUSINESS, SOFT_CODE = 2, 4


@dataclass(frozen=True)
class Script:
    """P playbacks. (P,) columns, then (P, LEGS) matrices of which the first `legs` columns of a row count.

    length: ticks of the content. first: position of the request. has_positions: does its player report them?
    is_play_lost: its request never arrived. early_pause_ms: a pause before the first frame (0: none).
    failed_ms: how long before its request a first try began that failed half-way (0: none). wait_ms: how long
    one that never began was waited for. tail_ms: pause or stall before a stop. gap_ms, late_ms: length of a pause or a
    stall; what passes between a seek and its stall, or in a pause after its seek. kbps: -1 where not reported.
    """

    base: UInts
    rate: Ints
    length: Ints
    beat: Ints
    has_positions: Bools
    outcome: Ints
    first: Ints
    startup_ms: Ints
    early_pause_ms: Ints
    failed_ms: Ints
    wait_ms: Ints
    is_business: Bools
    is_play_lost: Bools
    end: Ints
    tail_ms: Ints
    legs: Ints
    kind: Ints
    begin: Ints
    ticks: Ints
    gap_ms: Ints
    late_ms: Ints
    told: Ints
    kbps: Ints

    @property
    def unit_ms(self) -> Ints:
        """Milliseconds of content in a tick, by playback."""
        return UNIT_MS[self.rate]

    @property
    def is_played(self) -> Bools:
        """Was a frame shown?"""
        return np.asarray(self.outcome == PLAYED)

    @property
    def fatal_code(self) -> Ints:
        """The error that ended each playback, or kept it from beginning: a code of ERROR_CODES; -1 for none."""
        is_fatal = (self.outcome == FAILED) | (self.is_played & (self.end == ERROR))
        code = bits(self.base, 40, 1) + np.where(self.is_business, FIRST_OF_BUSINESS, 0)
        return np.where(is_fatal, code, -1)

    @property
    def counts(self) -> Bools:
        """Which cells of the matrices count."""
        return np.arange(LEGS) < self.legs[:, None]

    @property
    def beats(self) -> Ints:
        """Heartbeats within each leg: one stands at the end of a leg only where nothing else would show that end."""
        shown = np.where(_is_last(self) & (self.end == SILENT)[:, None], self.ticks, self.ticks - 1)
        return np.where(self.counts, np.maximum(shown, 0) // self.beat[:, None], 0)

    @property
    def is_silent(self) -> Bools:
        """Pauses in which a device sleeps for longer than the time-out."""
        return np.asarray(self.counts & (self.kind == PAUSE) & (self.gap_ms > TIME_OUT_MS))

    @property
    def jumps(self) -> Bools:
        """Legs before which the playhead moved without an event that says so."""
        return np.asarray(self.counts & (self.kind == JUMP))

    @property
    def end_leg(self) -> Ints:
        """The last leg's column (0 for a playback without any)."""
        return np.maximum(self.legs - 1, 0)


def _is_last(script: Script) -> Bools:
    return np.asarray(np.arange(LEGS) == (script.legs - 1)[:, None])


def draw(seed: int, counter: Ints, length_ms: Ints, plan: Ints, has_positions: Bools, has_bitrate: Bools) -> Script:
    """The script of the playbacks with these counters. length_ms: of their contents, a multiple of 60,000. has_*: what
    the players report."""
    base, more = Stream(seed, "player/playback")(counter), Stream(seed, "player/playback/more")(counter)
    cells = base[:, None] + np.arange(LEGS, dtype=np.uint64)
    leg, detail = Stream(seed, "player/leg")(cells), Stream(seed, "player/leg/detail")(cells)
    rate = np.where(has_positions, RATE_WHEEL[bits(base, 0, 8)], 0)
    length = length_ms // UNIT_MS[rate]
    beat = BEATS[bits(base, 8, 3)]
    kind = KIND_WHEEL[bits(leg, 0, 8)]
    kind[:, 0] = START
    kind = np.where(has_positions[:, None], kind, WITHOUT_POSITIONS[kind])
    kind = np.where((kind == BREAK) & (plan == PREMIUM)[:, None], QUALITY, kind)
    outcome = OUTCOME_WHEEL[bits(base, 11, 8)]
    # Without positions, whoever stops has started: only silence tells of an attempt that came to nothing.
    outcome = np.where((outcome == LEFT) & ~has_positions, LOST, outcome)
    first = np.where(has_positions & chance(base, 0.1, 19, 8), below(more, length * 3 // 4), 0)
    legs = np.where(outcome == PLAYED, LEG_WHEEL[bits(base, 27, 8)] + 1, 0)
    wanted = _wanted(leg, length, legs, chance(base, 0.12, 35, 8))
    legs, kind, begin, ticks = _walk(detail, length, beat, first, legs, kind, wanted)
    end, ticks = _ending(more, length, beat, legs, begin, ticks)
    early = chance(more, 0.01, 48, 8) & (outcome == PLAYED) & has_positions
    again = Stream(seed, "player/playback/again")(counter)
    fails = chance(again, 0.02) & (outcome == PLAYED) & ~early
    gap = _gaps(detail, kind)
    # Nothing but the resume tells when a device woke up.
    told = np.where(gap > TIME_OUT_MS, BY_EVENT, TOLD_WHEEL[bits(leg, 56, 8)])
    script = Script(
        base=base,
        rate=rate,
        length=length,
        beat=beat,
        has_positions=has_positions,
        outcome=outcome,
        first=first,
        startup_ms=200 + below(base, 1800, 43, 10) + np.where(bits(base, 53, 3) == 0, below(more, 7000, 32, 12), 0),
        early_pause_ms=np.where(early, 1000 + below(more, 20_000, 32, 12), 0),
        failed_ms=np.where(fails, 2 * (200 + below(again, 700, 16, 12)), 0),
        wait_ms=300 + below(more, 15_000, 32, 12),
        is_business=chance(more, 0.3, 56, 8),
        is_play_lost=chance(base, 0.015, 56, 8) & ~early & ~fails,
        end=end,
        tail_ms=500 + below(more, 40_000, 32, 12),
        legs=legs,
        kind=kind,
        begin=begin,
        ticks=ticks,
        gap_ms=gap,
        late_ms=np.where(kind == PAUSE_SEEK, 1000 + below(leg, 30_000, 44, 12), below(leg, 1997, 44, 12)),
        told=np.where(has_positions[:, None], told, BY_EVENT),
        kbps=np.where(has_bitrate[:, None], _kilobits(leg, kind), -1),
    )
    return _settled(script)


def _wanted(leg: UInts, length: Ints, legs: Ints, to_the_end: Bools) -> Ints:
    """Ticks wanted for each leg: half a minute at most, or a part of the content; some stay to its end."""
    short = LEAST + below(leg, 650, 8, 12)
    part = LEAST + below(leg, np.maximum(length // (4 * np.maximum(legs, 1)), 1)[:, None], 20, 16)
    wanted = np.where(bits(leg, 36, 3) == 0, short, part)
    is_last = np.arange(LEGS) == (legs - 1)[:, None]
    return np.where(is_last & to_the_end[:, None], length[:, None], wanted)


def _walk(
    detail: UInts, length: Ints, beat: Ints, first: Ints, legs: Ints, kind: Ints, wanted: Ints
) -> tuple[Ints, Ints, Ints, Ints]:
    """Number of legs, kinds, first positions and ticks: each leg begins where the last one ended, or at a target.

    Whoever reaches the end of the content has no more legs.
    """
    kind, begin, ticks = kind.copy(), np.zeros_like(kind), np.zeros_like(kind)
    place, done = first.copy(), np.zeros(len(first), dtype=bool)
    target = below(detail, np.maximum(length - 2 * LEAST, 1)[:, None], 0, 24)
    shift = LEAST + below(detail, 4000, 24, 12)
    for turn in range(LEGS):
        done |= turn >= legs
        ahead, back = place + shift[:, turn], place - beat - shift[:, turn]
        can_jump = (place + beat <= length) & np.where(turn % 2 == 1, ahead + 2 * LEAST <= length, back >= 0)
        kind[:, turn] = np.where((kind[:, turn] == JUMP) & ~can_jump, QUALITY, kind[:, turn])
        place = np.where(np.isin(kind[:, turn], SEEKS), target[:, turn], place)
        place = np.where(kind[:, turn] == JUMP, ahead if turn % 2 == 1 else back, place)
        room = length - place
        stay = np.minimum(wanted[:, turn], room)
        stay = np.where(room - stay < LEAST, room, stay)
        begin[:, turn], ticks[:, turn] = np.where(done, 0, place), np.where(done, 0, stay)
        legs = np.where(done, np.minimum(legs, turn), legs)
        place = place + stay
        done |= place == length
    return legs, kind, begin, ticks


def _ending(more: UInts, length: Ints, beat: Ints, legs: Ints, begin: Ints, ticks: Ints) -> tuple[Ints, Ints]:
    """How each ends, and the ticks, of which those that end in silence are known up to a heartbeat only."""
    row, last = np.arange(len(legs)), np.maximum(legs - 1, 0)
    reached = begin[row, last] + ticks[row, last] == length
    end = np.where(reached, END_OF_CONTENT_WHEEL[bits(more, 24, 8)], END_WHEEL[bits(more, 24, 8)])
    has_room = begin[row, last] + beat <= length
    end = np.where((end == SILENT) & ~has_room, STOP, end)
    known = np.maximum(ticks[row, last] // beat, 1) * beat
    ticks = ticks.copy()
    ticks[row, last] = np.where((end == SILENT) & (legs > 0), known, ticks[row, last])
    return end, ticks


def _gaps(detail: UInts, kind: Ints) -> Ints:
    """Milliseconds of a pause (most are short, few are longer than the time-out) or of a stall."""
    pause = 1500 + np.where(bits(detail, 36, 3) == 0, below(detail, 1_200_000, 40, 12), below(detail, 90_000, 40, 12))
    asleep = (kind == PAUSE) & (bits(detail, 53, 7) == 0)
    pause = np.where(asleep, TIME_OUT_MS + 1 + below(detail, TIME_OUT_MS, 40, 12), pause)
    stall = 120 + below(detail, 9000, 40, 12)
    return np.where(np.isin(kind, PAUSES), pause, np.where(np.isin(kind, STALLS), stall, 0))


def _kilobits(leg: UInts, kind: Ints) -> Ints:
    """Bit rate of each leg, a multiple of 25 (so that times 40 ms it is whole); it changes where the quality does."""
    kbps = (24 + below(leg, 300, 40, 8)) * 25
    for turn in range(1, LEGS):
        kbps[:, turn] = np.where(kind[:, turn] == QUALITY, kbps[:, turn], kbps[:, turn - 1])
    return kbps


def _settled(script: Script) -> Script:
    """The script without what cannot be told: a move that no heartbeat shows, a lost request before anything moved."""
    unseen = (script.told == BY_MOVE) & (script.beats == 0)
    has_beat = script.is_played & (script.beats[:, 0] > 0)
    return replace(
        script,
        told=np.where(unseen, BY_EVENT, script.told),
        is_play_lost=script.is_play_lost & has_beat & script.has_positions,
    )
