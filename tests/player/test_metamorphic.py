"""Histories changed in ways that must not matter, or matter in a known way: on the reference."""

from __future__ import annotations

import random
from datetime import datetime

import pytest

from tests.player.event import DAY_MS, Delivery
from tests.player.events import deliveries_of, player_rows
from tests.player.oracle import playbacks_of
from tests.player.variants import ADDITIVE, outcome, renamed, shifted, split

SEEDS = range(20)
DAY0 = datetime(2026, 3, 1)  # noqa: DTZ001 - contract rows hold naive UTC


def history(seed: int, *, is_wild: bool = False) -> list[Delivery]:
    r = random.Random(seed)
    arrivals = deliveries_of(r, player_rows(r, DAY0, 9, 40, is_wild=is_wild))
    return [Delivery(at, f"{number:03d}", rows) for number, (at, rows) in enumerate(arrivals)]


@pytest.mark.parametrize("seed", SEEDS)
def test_all_clocks_a_week_later_shift_dates_only(seed: int) -> None:
    before, after = playbacks_of(history(seed)), playbacks_of(shifted(history(seed)))
    assert [outcome(p) for p in before] == [outcome(p, shift_ms=7 * DAY_MS) for p in after]


@pytest.mark.parametrize("seed", SEEDS)
def test_renamed_ids_change_nothing(seed: int) -> None:
    before, after = playbacks_of(history(seed)), playbacks_of(renamed(history(seed), "Q"))
    got = sorted((outcome(p, mark="Q") for p in after), key=repr)
    assert got == sorted((outcome(p) for p in before), key=repr)


def test_one_more_heartbeat_changes_nothing() -> None:
    more = 0
    for seed in SEEDS:
        deliveries = history(seed)
        with_more = split(deliveries, seed)
        more += len(with_more[-1].rows)
        for one, other in zip(playbacks_of(deliveries), playbacks_of(with_more), strict=True):
            assert outcome(one) == outcome(other), (seed, one.key)
    assert more > 50


@pytest.mark.parametrize("seed", SEEDS)
def test_twice_the_accounts_double_what_adds_up(seed: int) -> None:
    one = playbacks_of(history(seed))
    two = playbacks_of([*history(seed), *renamed(history(seed), "Q")])
    assert len(two) == 2 * len(one)
    for name in ADDITIVE:
        sums = [sum(p.measures[name] or 0 for p in found) for found in (one, two)]
        assert sums[1] == 2 * sums[0], name
