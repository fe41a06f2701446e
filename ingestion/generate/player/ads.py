"""Advertisements: which stand in each break of a playback, and what becomes of each."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from ingestion.generate.hashing import Bools, Ints, Stream, below, bits, chance, wheel
from ingestion.generate.player.script import (
    BREAK,
    COMPLETE,
    COMPLETE_STOP,
    LEFT,
    LEGS,
    PLAYED,
    PREMIUM,
    Script,
)

PRE_ROLL, MID_ROLL, POST_ROLL, BANNER = range(4)
AD_TYPES = ("pre_roll", "mid_roll", "post_roll", "banner")
# What becomes of an opportunity. CUT: the viewer left in the middle of it.
SEEN, SKIPPED, BROKEN, UNFILLED, REFUSED, CUT = range(6)
FATE_WHEEL = wheel([0.72, 0.14, 0.02, 0.1, 0.02], 8)
LENGTHS_MS = np.array([6_000, 15_000, 20_000, 30_000])
SKIPPABLE_AFTER_MS = 5_000
ADS = 400  # different advertisements
BANNER_PLACE = 3  # no break has as many advertisements
MOST = LEGS + 1  # breaks of a playback: before, before each leg but the first, and after


@dataclass(frozen=True)
class Ads:
    """One row an opportunity, in order of playback and time.

    row: the playback. leg: the leg before which it stands; 0: the pre-roll, LEGS: the post-roll (a banner lies over the
    first leg, and interrupts nothing). ad: number of the advertisement. offset_ms, view_ms: from the break to the
    impression, and how long it was seen (0 if it was not; of a banner just above it). length_ms: of the advertisement.
    price: millionths; 0 without an impression. is_asked: was its request reported?
    """

    row: Ints
    leg: Ints
    place: Ints
    kind: Ints
    ad: Ints
    fate: Ints
    offset_ms: Ints
    latency_ms: Ints
    view_ms: Ints
    length_ms: Ints
    is_skippable: Bools
    is_clicked: Bools
    is_asked: Bools
    price: Ints

    @property
    def is_shown(self) -> Bools:
        """Was it rendered?"""
        return self.view_ms > 0

    @property
    def break_code(self) -> Ints:
        """Which break each belongs to: its leg, or that of all banners."""
        return np.where(self.kind == BANNER, MOST, self.leg)

    def quartiles(self) -> Ints:
        """How many of the quartiles 25, 50, 75 were reached."""
        return np.where(self.is_shown, np.minimum(4 * self.view_ms // self.length_ms, 3), 0)


def draw(seed: int, script: Script, plan: Ints) -> Ads:
    """The opportunities of the playbacks. plan: 0 free, 1 basic, 2 premium."""
    counts = _counts(seed, script, plan)
    row, leg = np.nonzero(counts)
    number = counts[row, leg]
    first = np.cumsum(number) - number
    of_break = np.repeat(np.arange(len(row)), number)
    place = np.arange(len(of_break)) - first[of_break]
    row, leg = row[of_break], leg[of_break]
    hashed = Stream(seed, "player/ad")(script.base[row] + (leg * 4 + place).astype(np.uint64))
    kind = np.where(leg == 0, PRE_ROLL, np.where(leg == LEGS, POST_ROLL, MID_ROLL))
    length = LENGTHS_MS[bits(hashed, 0, 2)]
    is_skippable = (bits(hashed, 2, 1) == 1) & (length > SKIPPABLE_AFTER_MS)
    fate = FATE_WHEEL[bits(hashed, 3, 8)]
    fate = np.where((fate == SKIPPED) & ~is_skippable, SEEN, fate)
    is_last = place == number[of_break] - 1
    fate = np.where((script.outcome[row] == LEFT) & is_last, CUT, fate)
    part = 1000 + below(hashed, length - 1500, 11, 12)
    skipped = SKIPPABLE_AFTER_MS + below(hashed, length - SKIPPABLE_AFTER_MS, 11, 12)
    view = np.select(
        [fate == SEEN, fate == SKIPPED, (fate == BROKEN) | (fate == CUT)], [length, skipped, part], default=0
    )
    latency = np.where(kind == PRE_ROLL, 20, 20 + below(hashed, 800, 23, 8))
    taken = latency + view
    before = np.cumsum(taken) - taken
    breaks = Ads(
        row=row,
        leg=leg,
        place=place,
        kind=kind,
        ad=(below(hashed, ADS, 31, 10) // 2 * 2 + place) % ADS,
        fate=fate,
        offset_ms=before - before[first[of_break]] + latency,
        latency_ms=latency,
        view_ms=view,
        length_ms=length,
        is_skippable=is_skippable,
        is_clicked=(view > 0) & (bits(hashed, 41, 5) == 0),
        is_asked=(bits(hashed, 46, 4) > 0) | (view == 0),
        price=np.where(view > 0, 2_000 + below(hashed, 28_000, 50, 12), 0),
    )
    banners = _banners(seed, script, plan)
    return Ads(*(np.concatenate([getattr(one, field.name) for one in (breaks, banners)]) for field in fields(Ads)))


def _banners(seed: int, script: Script, plan: Ints) -> Ads:
    """Non-linear advertisements over the first seconds of content: nothing tells how long they were seen."""
    hashed = Stream(seed, "player/banner")(script.base)
    row = np.flatnonzero(chance(hashed, 0.03) & script.is_played & ~script.is_play_lost & (plan != PREMIUM))
    own, same = hashed[row], row * 0
    return Ads(
        row=row,
        leg=same,
        place=same + BANNER_PLACE,
        kind=same + BANNER,
        ad=below(own, ADS, 8, 10),
        fate=same + CUT,
        offset_ms=500 + below(own, 2_000, 18, 12),
        latency_ms=same + 20,
        view_ms=same + 1,
        length_ms=same + 10_000,
        is_skippable=same > 0,
        is_clicked=bits(own, 30, 4) == 0,
        is_asked=same == 0,
        price=1_000 + below(own, 9_000, 34, 12),
    )


def _counts(seed: int, script: Script, plan: Ints) -> Ints:
    """Opportunities in each break: column 0 before the content, LEGS after it. None for premium accounts."""
    hashed = Stream(seed, "player/break")(script.base)
    counts = np.zeros((len(plan), MOST), dtype=np.int64)
    begins = ((script.outcome == PLAYED) | (script.outcome == LEFT)) & ~script.is_play_lost
    counts[:, 0] = np.where(begins, np.array([[0, 1, 1, 2], [0, 0, 0, 1], [0, 0, 0, 0]])[plan, bits(hashed, 0, 2)], 0)
    shift = 2 + np.arange(1, LEGS, dtype=np.uint64)
    counts[:, 1:LEGS] = (script.counts & (script.kind == BREAK))[:, 1:] * (
        1 + ((hashed[:, None] >> shift) & np.uint64(1)).astype(np.int64)
    )
    ends = script.is_played & ((script.end == COMPLETE) | (script.end == COMPLETE_STOP)) & (plan != PREMIUM)
    counts[:, LEGS] = ends & (bits(hashed, 10, 2) == 0) & script.has_positions
    return counts


def break_ms(ads: Ads, playbacks: int) -> Ints:
    """Milliseconds of each break, with what passes before each impression: (playbacks, MOST)."""
    return _summed(ads, ads.latency_ms + ads.view_ms, playbacks)


def shown_ms(ads: Ads, playbacks: int) -> Ints:
    """Milliseconds for which advertisements were seen in each break: (playbacks, MOST)."""
    return _summed(ads, ads.view_ms, playbacks)


def _summed(ads: Ads, values: Ints, playbacks: int) -> Ints:
    linear = np.where(ads.kind == BANNER, 0, values)
    total = np.bincount(ads.row * MOST + ads.leg, weights=linear, minlength=playbacks * MOST)
    return np.rint(total).astype(np.int64).reshape(playbacks, MOST)
