"""One playback's events walked through one after the other: what played when, what stalled, paused, waited.

Plain procedure over integers of milliseconds. It shares nothing with the models, so that it can contradict them.
A reel is what lies between a start (or the first event) and the next end; a playback that is started again after
its end has several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.player.event import AD_ENDS, RATE_UNIT, TIME_OUT_MS, Event

SLACK_MS = 2_000  # a position may run ahead of the clock by this much before it is a jump
AFTER_SEEK_MS = 2_000  # a stall that begins within this time after a seek is caused by it
STARTS = ("video_play", "video_resume")
WAITS = ("starting", "paused", "stalled")


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
    laid: int = 0  # what was found to have played at its end after all

    @property
    def is_silent(self) -> bool:
        return self.end - self.start > TIME_OUT_MS


@dataclass
class Stall:
    """An interruption after the first frame. `length` as reported."""

    start: int
    length: int | None
    is_caused_by_seek: bool
    end: int | None = None

    def covers(self, at: int) -> bool:
        """Whether another stall at this instant would be inside this one."""
        if self.end is not None:
            return at < self.end
        return self.length is None or at < self.start + self.length


@dataclass
class Reel:
    """The walk. `frame` is the instant of the first frame, None if there was none (yet)."""

    frame: int | None
    here: int | None  # the last known position
    rate: int = RATE_UNIT
    bitrate: int | None = None
    state: str = "starting"
    ad_type: str | None = None
    ad_id: str | None = None
    is_blind: bool = False  # a seek told no target: the next position says nothing about progress
    here_rate: int = RATE_UNIT
    last: Event | None = None
    last_known: Event | None = None
    seek_at: int | None = None
    has_jump: bool = False
    moved_at: int | None = None  # since when the first progress has been under way
    jumped_at: int | None = None  # the position before a jump, where nothing had been shown yet
    stretches: list[Stretch] = field(default_factory=list)
    pending: list[Stretch] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    stalls: list[Stall] = field(default_factory=list)

    def walk(self, events: Sequence[Event]) -> Reel:
        """Take the events in their order."""
        for event in events:
            self.take(event)
        self._lay_by_clock()
        return self

    def take(self, event: Event) -> None:
        """One event: what went on until it, then what it changes."""
        if self.last is not None:
            self._until(event.at)
        if event.before is not None or event.kind == "video_seek":
            self._reach(event)
        if self.state == "starting" and self._is_shown(event.at):
            self.state = "playing"
        self._change(event)
        self._note(event)

    def _until(self, at: int) -> None:
        assert self.last is not None
        stall = self.stalls[-1] if self.state == "stalled" else None
        stretch = Stretch(self.last.at, at, self.state, self.rate, self.bitrate, self.ad_type, stall)
        self.stretches.append(stretch)
        self.pending.append(stretch)

    def _is_shown(self, at: int) -> bool:
        return self.frame is not None and at >= self.frame

    def _note(self, event: Event) -> None:
        self.last = event
        if event.rate is not None:
            self.rate = event.rate
        if event.bitrate is not None:
            self.bitrate = event.bitrate
        if event.after is not None:
            self.here, self.is_blind = event.after, False
        elif event.kind == "video_seek":
            self.is_blind = True
        is_first = self.last_known is None and self.here is not None
        if event.after is not None or event.kind == "video_seek" or is_first:
            self.last_known, self.here_rate = event, self.rate

    # ------------------------------------------------------------------ progress

    def _reach(self, event: Event) -> None:
        """A position is known, or a seek leaves one: say what played since the one before."""
        if self.here is None:
            self.pending = []
        elif event.before is None or self.is_blind or self.last_known is None:
            self._lay_by_clock()
        else:
            progress, elapsed = event.before - self.here, event.at - self.last_known.at
            if progress < 0 or (progress - SLACK_MS) * RATE_UNIT > elapsed * self.here_rate:
                self.has_jump = True
                if self.state == "starting" and self.frame is None and self.jumped_at is None:
                    self.jumped_at = self.last_known.at
                self._lay_by_clock()
            elif progress > 0:
                self._lay_progress(event, progress)
            self.pending = []
        if event.before is not None:
            self.here = event.before

    def _lay_progress(self, event: Event, progress: int) -> None:
        """Fill what was playing from the beginning; the rest shows that the waiting at the end was over."""
        assert self.here is not None and self.last_known is not None
        left = progress * RATE_UNIT // self.here_rate
        if self.moved_at is None:
            self.moved_at = max(self.last_known.at, event.at - left)
        spans: list[tuple[int, int, Stretch]] = []
        for stretch in self.pending:
            if stretch.state == "playing" and not stretch.is_silent and left > 0:
                length = min(left, stretch.end - stretch.start)
                spans.append((stretch.start, stretch.start + length, stretch))
                left -= length
        late = self._resumed(left)
        spans += late
        if late:
            self._goes_on(min(start for start, _, _ in late))
        self._lay(sorted(spans, key=lambda span: span[0]), self.here_rate)

    def _resumed(self, left: int) -> list[tuple[int, int, Stretch]]:
        """Lay what is left at the end of the waiting, or of the ad, that lasted until now."""
        spans = []
        states = ("ad",) if self.state == "ad" else WAITS
        for stretch in reversed(self.pending):
            if left <= 0 or stretch.is_silent or stretch.state not in states:
                break
            length = min(left, stretch.end - stretch.start)
            stretch.laid = length
            spans.append((stretch.end - length, stretch.end, stretch))
            left -= length
        return spans

    def _goes_on(self, since: int) -> None:
        """A pause, a stall or an ad was over since then."""
        if self.state == "stalled" and self.stalls[-1].length is None:
            self.stalls[-1].end = max(since, self.stalls[-1].start)
        self.state, self.ad_type = "playing", None

    def _lay_by_clock(self) -> None:
        """No progress is known: all time in which it was playing counts, from the last known position on."""
        spans = []
        for stretch in self.pending:
            start = self._playing_since(stretch)
            if start is not None and start < stretch.end and not stretch.is_silent:
                spans.append((start, stretch.end, stretch))
        for start, end, stretch in spans:
            self._lay([(start, end, stretch)], stretch.rate)
        self.pending = []

    def _playing_since(self, stretch: Stretch) -> int | None:
        if stretch.state == "playing":
            return stretch.start
        if stretch.state == "starting" and self.frame is not None:
            return max(stretch.start, self.frame)
        if stretch.stall is not None and stretch.stall.length is not None:
            return max(stretch.start, stretch.stall.start + stretch.stall.length)
        return None

    def _lay(self, spans: Sequence[tuple[int, int, Stretch]], rate: int) -> None:
        if self.here is None:
            return
        done = 0
        for start, end, stretch in spans:
            from_position = self.here + done * rate // RATE_UNIT
            done += end - start
            to_position = self.here + done * rate // RATE_UNIT
            self.pieces.append(Piece(start, end, from_position, to_position, rate, stretch.bitrate))
        self.here += done * rate // RATE_UNIT

    # ------------------------------------------------------------------ states

    def _change(self, event: Event) -> None:
        if event.kind in STARTS or (event.kind == "video_seek" and self.state != "paused"):
            self._leave(event.at, "playing" if self._is_shown(event.at) else "starting")
        elif event.kind == "video_pause":
            self._leave(event.at, "paused")
        elif event.is_end:
            self._leave(event.at, "ended")
        elif event.is_linear_ad:
            self._leave(event.at, "ad")
            self.ad_type, self.ad_id = event.ad_type, event.ad[1]
        elif event.kind in AD_ENDS and self.state == "ad" and event.ad[1] == self.ad_id:
            self._leave(event.at, "playing" if self._is_shown(event.at) else "starting")
        elif event.kind == "video_buffer" and self.state in ("playing", "stalled"):
            self._stall(event)
        if event.kind == "video_seek":
            self.seek_at = event.at

    def _leave(self, at: int, state: str) -> None:
        if self.stalls and self.stalls[-1].end is None:
            stall = self.stalls[-1]
            stall.end = at if stall.length is None else min(at, stall.start + stall.length)
        self.state, self.ad_type = state, None

    def _stall(self, event: Event) -> None:
        self.state = "stalled"
        if self.stalls:
            stall = self.stalls[-1]
            if stall.covers(event.at):
                return
            if stall.end is None and stall.length is not None:
                stall.end = stall.start + stall.length
        caused = self.seek_at is not None and event.at - self.seek_at <= AFTER_SEEK_MS
        self.stalls.append(Stall(event.at, event.stall, caused))

    # ------------------------------------------------------------------ sums

    def spent(self, state: str, ad_type: str | None = None) -> int:
        """Milliseconds in a state, silence left out."""
        return sum(
            s.end - s.start - s.laid
            for s in self.stretches
            if s.state == state and not s.is_silent and (ad_type is None or s.ad_type == ad_type)
        )

    def silent(self) -> int:
        """Milliseconds of silence over the time-out."""
        return sum(s.end - s.start for s in self.stretches if s.is_silent)

    def stalled(self, *, is_caused_by_seek: bool) -> int:
        """Milliseconds of the stalls of one kind, silence left out."""
        return sum(self._length(stall) for stall in self.stalls if stall.is_caused_by_seek == is_caused_by_seek)

    def _length(self, stall: Stall) -> int:
        assert self.last is not None
        end = self.last.at if stall.end is None else stall.end
        if stall.end is None and stall.length is not None:
            end = min(end, stall.start + stall.length)
        quiet = sum(max(0, min(end, s.end) - max(stall.start, s.start)) for s in self.stretches if s.is_silent)
        return end - stall.start - quiet
