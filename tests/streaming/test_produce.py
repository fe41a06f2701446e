"""The pace and the stop of a producer, with a clock of its own."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from threading import Event

import pytest

from streaming.feed import Record
from streaming.produce import BATCH_RECORDS, batches, produce
from streaming.stopping import told_to_stop
from streaming.targets import Tally


class Clock:
    """Time that passes only by sleeping, and by what a broker takes."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Taker:
    """A broker that settles what it has only when it is asked to finish."""

    def __init__(self) -> None:
        self.held: list[Record] = []

    def send(self, records: Sequence[Record], tally: Tally) -> None:
        self.held += records

    def finish(self, tally: Tally) -> None:
        for record in self.held:
            tally.acknowledged[record.input] += 1


def endless() -> Iterator[Record]:
    while True:
        yield Record("streams", "k", b"{}")


@pytest.mark.parametrize("rate", [0.5, 3, 250, 20_000])
def test_the_rate_is_kept(rate: float) -> None:
    clock, given = Clock(), 0
    for batch in batches(endless(), rate, Event(), clock, clock.sleep):
        given += len(batch)
        if clock.now >= 120:
            break
    assert abs(given - rate * 20) <= max(1, rate * 0.2)


def test_a_broker_that_was_away_is_not_flooded() -> None:
    clock = Clock()
    source = batches(endless(), 100, Event(), clock, clock.sleep)
    next(source)
    clock.now += 600
    assert len(next(source)) <= 120


def test_without_a_rate_batches_are_full_and_the_last_is_the_rest() -> None:
    records = [Record("streams", str(n), b"{}") for n in range(BATCH_RECORDS + 7)]
    assert [len(batch) for batch in batches(iter(records), None, Event())] == [BATCH_RECORDS, 7]
    assert list(batches(iter([]), None, Event())) == []


def test_after_a_stop_nothing_is_read_and_all_that_was_read_is_settled() -> None:
    stop, records, told = Event(), endless(), []

    def on_batch(tally: Tally) -> None:
        told.append(tally.read.total())
        if len(told) == 3:
            stop.set()

    tally = produce(records, Taker(), None, stop, on_batch)
    assert tally.read.total() == tally.acknowledged.total() == 3 * BATCH_RECORDS
    assert tally.unsettled == 0


def test_the_first_signal_asks_and_the_second_gives_up() -> None:
    said: list[str] = []
    before = signal.getsignal(signal.SIGINT)
    with told_to_stop(lambda: said.append("stopping")) as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.is_set()
        assert said == ["stopping"]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) == before
