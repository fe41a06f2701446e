"""How a long run is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def told_to_stop(say: Callable[[], None] = lambda: None) -> Iterator[threading.Event]:
    """An event that the first Ctrl-C or SIGTERM sets, then `say` is called; the second raises KeyboardInterrupt."""
    told = threading.Event()

    def tell(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the shape of a signal's handler)
        if told.is_set():
            raise KeyboardInterrupt
        told.set()
        say()

    before = {number: signal.signal(number, tell) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
