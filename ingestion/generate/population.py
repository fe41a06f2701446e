"""Who exists on which day: growth, churn, and the daily curve of activity."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from ingestion.generate.columns import Grown
from ingestion.generate.hashing import Bools, Floats, Ints, Stream, UInts, bits, unit

SECONDS_A_DAY = 86_400
# Relative activity by local hour: a trough before dawn, a rise at breakfast and lunch, the peak at 20-21.
DAILY_CURVE = (3, 2, 1, 1, 1, 2, 4, 6, 7, 6, 6, 6, 8, 8, 7, 7, 8, 9, 11, 14, 16, 16, 12, 7)
WEEK_CURVE = (0.95, 0.92, 0.93, 0.96, 1.05, 1.15, 1.12)  # Monday first


@dataclass(frozen=True)
class Growth:
    """A number that grows by `permille` thousandths of its base each day; index i exists from `first_day(i)` on."""

    base: int
    permille: int

    def size(self, day: int) -> int:
        """How many exist on that day (days count from 0, days before the start are as the start)."""
        return self.base + self.base * self.permille * max(day, 0) // 1000

    def first_day(self, index: Ints) -> Ints:
        """The day on which each index appears; 0 for those of the base."""
        step = max(self.base * self.permille, 1)
        return np.asarray(np.maximum(0, -((-1000 * (index - self.base + 1)) // step)))


def _click_table(points: int = 4096) -> Ints:
    """Second of the local day at each of `points` + 1 equal steps of the daily curve."""
    edges = np.concatenate([[0.0], np.cumsum(DAILY_CURVE)])
    steps = np.linspace(0.0, edges[-1], points + 1)
    return np.asarray(np.interp(steps, edges, np.arange(25) * 3600.0).astype(np.int64))


CLICK_TABLE = _click_table()


def local_second(hashed: UInts) -> Ints:
    """Second of the local day, distributed as the daily curve (uses the low 28 bits)."""
    step = bits(hashed, 0, 12)
    low = CLICK_TABLE[step]
    return np.asarray(low + (((CLICK_TABLE[step + 1] - low) * bits(hashed, 12, 16)) >> 16))


def zone_offset_seconds(zone: str, day: date) -> int:
    """Seconds that the zone's clock is ahead of UTC at noon UTC of that date."""
    offset = datetime(day.year, day.month, day.day, 12, tzinfo=UTC).astimezone(ZoneInfo(zone)).utcoffset()
    return int((offset or timedelta()).total_seconds())


def start_seconds(hashed: UInts, offset_seconds: Ints | int) -> Ints:
    """Second of the UTC day at which something starts whose place is `offset_seconds` ahead of UTC."""
    return (local_second(hashed) - offset_seconds) % SECONDS_A_DAY


@dataclass
class Population:
    """Accounts of one kind: index i joins by growth and leaves by a constant hazard of its own."""

    seed: int
    name: str
    growth: Growth
    hazards: Floats  # probability of leaving per day, by hazard class
    hazard_class: Grown
    _order: Ints = field(init=False, default_factory=lambda: np.zeros(0, dtype=np.int64))
    _leaves: Grown = field(init=False)

    def __post_init__(self) -> None:
        self._leaves = Grown(self._leaving_days)

    def _leaving_days(self, count: int) -> Ints:
        index = np.arange(count)
        hazard = self.hazards[self.hazard_class(count)]
        lifetime = -np.log(unit(Stream(self.seed, f"{self.name}/lifetime")(index))) / hazard
        return np.asarray(self.growth.first_day(index) + 1 + lifetime.astype(np.int64))

    def is_alive(self, day: int) -> Bools:
        """For each account that ever joined by that day: is it still there?"""
        return np.asarray(self._leaves(self.growth.size(day)) > day)

    def active(self, day: int) -> Ints:
        """The accounts of that day, in an order that does not change from day to day."""
        size = self.growth.size(day)
        order = self._order_of(size)
        order = order[order < size]
        return np.asarray(order[self.is_alive(day)[order]])

    def _order_of(self, size: int) -> Ints:
        """At least the first `size` accounts in the order of their hashes, sorted once for many days."""
        if size > len(self._order):
            self._order = np.argsort(Stream(self.seed, f"{self.name}/rank")(np.arange(size + size // 4)), kind="stable")
        return self._order


def pick_accounts(hashed: UInts, active: Ints) -> Ints:
    """One account for each hash; the square makes few accounts heavy users and most light ones."""
    share = unit(hashed, 32)
    return np.asarray(active[(share * share * len(active)).astype(np.int64)])
