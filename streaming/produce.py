"""Sending records to a broker at a rate, with an exact count at the end however it ends."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from streaming.feed import Record
from streaming.targets import Tally, Target

#: Records handed over at once. Many, because Kinesis takes one of a key per request.
BATCH_RECORDS = 5_000
#: With a rate: how long a record may wait for company, in seconds, and the arrears that are made up for at most.
TICK_SECONDS = 0.1
ARREARS_SECONDS = 1.0


def produce(
    records: Iterable[Record],
    target: Target,
    rate: float | None = None,
    stop: threading.Event | None = None,
    on_batch: Callable[[Tally], None] = lambda _: None,
    tally: Tally | None = None,
) -> Tally:
    """Send records to `target` until there are no more or `stop` is set; what was read is settled then.

    rate: records a second, None: as fast as the broker takes them; on_batch is told how far it is; tally: counts to
    go on with, which the caller can still read when this raises.

    Raises:
        StreamError: the broker cannot be used; the tally has what was acknowledged until then.
    """
    told = Tally() if tally is None else tally
    for batch in batches(iter(records), rate, stop or threading.Event()):
        for record in batch:
            told.read[record.input] += 1
        target.send(batch, told)
        on_batch(told)
    target.finish(told)
    on_batch(told)
    return told


def batches(
    records: Iterator[Record],
    rate: float | None,
    stop: threading.Event,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[list[Record]]:
    """Records in batches: as many as are due at `rate`, or as many as fit. Ends early once `stop` is set."""
    started, given = clock(), 0
    while not stop.is_set():
        wanted = BATCH_RECORDS
        if rate is not None:
            sleep(TICK_SECONDS)
            # A broker that was away for long is not to be flooded: arrears beyond a second are let go.
            started = max(started, clock() - given / rate - max(ARREARS_SECONDS, 2 / rate))
            wanted = min(wanted, int((clock() - started) * rate) - given)
            if wanted < 1:
                continue
        batch = list(islice(records, wanted))
        given += len(batch)
        if batch:
            yield batch
        if len(batch) < wanted:
            return
