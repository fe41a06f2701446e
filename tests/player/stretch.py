"""What a reel is made of: stretches of time, what played in them, stalls. Integers of milliseconds."""

from __future__ import annotations

from dataclasses import dataclass

from tests.player.event import Event


@dataclass(frozen=True)
class Piece:
    """A stretch in which the playhead moved: wall clock and content, half-open."""

    start: int
    end: int
    from_position: int
    to_position: int
    rate: int
    bitrate: int | None


@dataclass
class Stretch:
    """Time between two events, with the state that held."""

    start: int
    end: int
    state: str
    rate: int
    bitrate: int | None
    ad_type: str | None
    stall: Stall | None
    is_silent: bool  # no event came for longer than the time-out
    laid: int = 0  # what was found to have played at its end after all


@dataclass
class Stall:
    """An interruption after the first frame: until its reported length is over, or open until the playhead moves."""

    start: int
    is_caused_by_seek: bool
    until: int
    is_open: bool = False
    is_unfinished: bool = False  # it lasts to the last event

    def report(self, event: Event) -> None:
        """Take in what an event says about it."""
        if event.stall is None:
            self.is_open = True
        else:
            self.until = max(self.until, event.at + event.stall)
