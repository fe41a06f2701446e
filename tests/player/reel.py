"""One playback's events walked through one after the other: what played when, what stalled, paused, waited.

Plain procedure over integers of milliseconds. It shares nothing with the models, so that it can contradict them.
A reel is what lies between a start (or the first event) and the next end; a playback that is started again after
its end has several.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.player.event import AD_ENDS, RATE_UNIT, TIME_OUT_MS, Event
from tests.player.stretch import Piece, Stall, Stretch

SLACK_MS = 2_000  # a position may run ahead of the clock by this much before it is a jump
AFTER_SEEK_MS = 2_000  # a stall that begins within this time after a seek is caused by it
STARTS = ("video_play", "video_resume")
WAITS = ("starting", "paused", "stalled", "ad")


@dataclass
class Reel:
    """The walk."""

    shown_from: tuple[int, int] | None  # the place among the events from which on a frame is known to have been shown
    here: int  # the last known position
    rest: int = 0  # of a millisecond of content, in ten-thousandths
    is_reported: bool = False  # the first frame is the player's word: nothing plays before it
    rate: int = RATE_UNIT
    bitrate: int | None = None
    state: str = "starting"
    ad_type: str | None = None
    ad_id: str | None = None
    has_stood_in_ad: bool = False  # a position was known since the ad began
    has_stood_in_pause: bool = False  # and since the pause did
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
        if self.state == "stalled":
            self.stalls[-1].is_unfinished = True
        return self

    def hear(self, events: Sequence[Event]) -> None:
        """What events after the end say holds on: the speed, the bit rate."""
        for event in events:
            self.rate = event.rate or self.rate
            self.bitrate = self.bitrate if event.bitrate is None else event.bitrate

    def take(self, event: Event) -> None:
        """One event: what went on until it, then what it changes."""
        if self.last is not None:
            self._until(event.at)
        if event.before is not None or event.kind == "video_seek":
            self._reach(event)
        if self.state == "starting" and self._is_shown(event):
            self.state = "playing"
        self._change(event)
        self._note(event)

    def _until(self, at: int) -> None:
        assert self.last is not None
        since, is_silent = self.last.at, at - self.last.at > TIME_OUT_MS
        frame = self.shown_from[0] if self.shown_from is not None and self.is_reported else at
        if self.state == "starting" and since <= frame < at:
            self._pass(since, frame, is_silent)
            self.state, since = "playing", frame
        elif self.state == "stalled" and not self.stalls[-1].is_open and self.stalls[-1].until <= at:
            self._pass(since, self.stalls[-1].until, is_silent)
            self.state, since = "playing", self.stalls[-1].until
        self._pass(since, at, is_silent)

    def _pass(self, since: int, at: int, is_silent: bool) -> None:
        stall = self.stalls[-1] if self.state == "stalled" else None
        stretch = Stretch(since, at, self.state, self.rate, self.bitrate, self.ad_type, stall, is_silent)
        self.stretches.append(stretch)
        self.pending.append(stretch)

    def _is_shown(self, event: Event) -> bool:
        return self.shown_from is not None and event.place >= self.shown_from

    def _note(self, event: Event) -> None:
        self.last = event
        if event.rate is not None:
            self.rate = event.rate
        if event.bitrate is not None:
            self.bitrate = event.bitrate
        if event.after is not None:
            self.here, self.rest, self.is_blind = event.after, 0, False
            self.has_stood_in_ad = self.has_stood_in_pause = True
        elif event.kind == "video_seek":
            self.is_blind = True
        is_first = self.last_known is None
        if event.after is not None or event.kind == "video_seek" or is_first:
            self.last_known, self.here_rate = event, self.rate

    # ------------------------------------------------------------------ progress

    def _reach(self, event: Event) -> None:
        """A position is known, or a seek leaves one: say what played since the one before."""
        if event.before is None or self.is_blind or self.last_known is None:
            self._lay_by_clock()
        else:
            progress = event.before - self.here
            if progress < 0 or (progress - SLACK_MS) * RATE_UNIT > self._able_ms() * self.here_rate:
                self.has_jump = True
                if progress > 0 and self.shown_from is None and self.jumped_at is None:
                    self.jumped_at = self.last_known.at
                if progress > 0 and not self.is_reported:
                    self._count_start()
                self._lay_by_clock()
            elif progress > 0:
                self._lay_progress(event, progress)
                self._resume(event)
            if progress > 0:
                self._moved(event)
            self.pending = []
        if event.before is not None:
            self.here, self.rest = event.before, 0

    def _count_start(self) -> None:
        """The jump shows that something played: what seemed to be start-up was not."""
        for stretch in self.pending:
            stretch.state = "playing" if stretch.state == "starting" else stretch.state

    def _lay_progress(self, event: Event, progress: int) -> None:
        """Fill what was playing from the beginning; the rest shows that the waiting at the end was over."""
        assert self.last_known is not None
        left = progress * RATE_UNIT // self.here_rate
        spans: list[tuple[int, int, Stretch]] = []
        for stretch in self.pending:
            if stretch.state == "playing" and not stretch.is_silent and left > 0:
                length = min(left, stretch.end - stretch.start)
                spans.append((stretch.start, stretch.start + length, stretch))
                left -= length
        spans += self._resumed(left)
        if self.moved_at is None:
            self.moved_at = min((start for start, _, _ in spans), default=event.at)
        self._lay(sorted(spans, key=lambda span: span[0]), self.here_rate)

    def _able_ms(self) -> int:
        """The time in which the playhead may have moved: while it played, and in the waiting that lasted until now."""
        playing = [s for s in self.pending if s.state == "playing" and not s.is_silent]
        return sum(s.end - s.start for s in (*playing, *self._waiting()))

    def _waiting(self) -> list[Stretch]:
        """Start-up, and the pause, stall or ad that lasted until now: where the playhead may have moved after all, the
        last stretch first."""
        found, state = [], self.pending[-1].state if self.pending else ""
        for stretch in reversed(self.pending):
            if stretch.is_silent or stretch.state != state:
                state = ""  # what came before has not lasted until now
            if stretch.state in ("starting", state) and stretch.state in WAITS and not self._is_told(stretch):
                found.append(stretch)
        return [stretch for stretch in found if not stretch.is_silent]

    def _resumed(self, left: int) -> list[tuple[int, int, Stretch]]:
        """Lay what is left at the end of the waiting, or of the ad, that lasted until now."""
        spans = []
        for stretch in self._waiting():
            stretch.laid = min(left, stretch.end - stretch.start)
            left -= stretch.laid
            if stretch.laid > 0:
                spans.append((stretch.end - stretch.laid, stretch.end, stretch))
        return spans

    def _is_told(self, stretch: Stretch) -> bool:
        """Whether the player says that nothing played: before a reported first frame, in a stall of known length."""
        if stretch.state == "starting":
            return self.is_reported
        return stretch.stall is not None and not stretch.stall.is_open

    def _moved(self, event: Event) -> None:
        """The playhead has moved: a stall that waited for this is over, and an ad in which it stood."""
        if self.stalls:
            self.stalls[-1].is_open = False
        if self.state == "stalled" and self.stalls[-1].until <= event.at and event.kind != "video_buffer":
            self.state = "playing"
        if self.ad_type is not None and self.has_stood_in_ad:
            self.ad_type = None
            if self.state == "ad":
                self.state = self._going_on(event)

    def _resume(self, event: Event) -> None:
        """Progress from a position known in a pause shows that it is over."""
        if self.state == "paused" and self.has_stood_in_pause:
            self.state = self._going_on(event) if self.ad_type is None else "ad"

    def _going_on(self, event: Event) -> str:
        return "playing" if self._is_shown(event) else "starting"

    def _lay_by_clock(self) -> None:
        """No progress is known: all time in which it was playing counts, from the last known position on."""
        for stretch in self.pending:
            if stretch.state == "playing" and not stretch.is_silent:
                self._lay([(stretch.start, stretch.end, stretch)], stretch.rate)
        self.pending = []

    def _lay(self, spans: Sequence[tuple[int, int, Stretch]], rate: int) -> None:
        for start, end, stretch in spans:
            from_position = self.here
            self.here, self.rest = divmod(self.here * RATE_UNIT + self.rest + (end - start) * rate, RATE_UNIT)
            self.pieces.append(Piece(start, end, from_position, self.here, rate, stretch.bitrate))

    # ------------------------------------------------------------------ states

    def _change(self, event: Event) -> None:
        if event.kind in STARTS or (event.kind == "video_seek" and self.state != "paused"):
            self._leave(self._going_on(event))
        elif event.kind == "video_pause":
            self._leave("paused")
            self.has_stood_in_pause = False
        elif event.is_end:
            self._leave("ended")
        elif event.is_linear_ad:
            self._leave("paused" if self.state == "paused" else "ad")
            self.ad_type, self.ad_id, self.has_stood_in_ad = event.ad_type, event.ad[1], False
        elif event.kind in AD_ENDS and self.ad_type is not None and event.ad[1] == self.ad_id:
            self._leave("paused" if self.state == "paused" else self._going_on(event))
        elif event.kind == "video_buffer" and self.state in ("playing", "stalled"):
            self._stall(event)
        if event.kind == "video_seek":
            self.seek_at, self.ad_type = event.at, None

    def _leave(self, state: str) -> None:
        if self.stalls:
            self.stalls[-1].is_open, self.stalls[-1].until = False, self.stalls[-1].start
        self.state, self.ad_type = state, None

    def _stall(self, event: Event) -> None:
        if self.state == "playing":
            if event.stall == 0:
                return
            caused = self.seek_at is not None and event.at - self.seek_at <= AFTER_SEEK_MS
            self.stalls.append(Stall(event.at, caused, event.at))
        self.state = "stalled"
        self.stalls[-1].report(event)

    # ------------------------------------------------------------------ sums

    def paused(self) -> int:
        """Milliseconds of pauses, silence left out."""
        return sum(s.end - s.start - s.laid for s in self.stretches if s.state == "paused" and not s.is_silent)

    def in_ads(self) -> int:
        """Milliseconds of linear ads, silence left out."""
        return sum(s.end - s.start - s.laid for s in self.stretches if s.ad_type is not None and not s.is_silent)

    def waited_for_ads(self) -> int:
        """Milliseconds of linear ads before the playhead first moved, silence and all."""
        ads = [s for s in self.stretches if s.ad_type is not None and self.moved_at is not None]
        return sum(s.end - s.start - s.laid for s in ads if s.start < self.moved_at)

    def silent(self) -> int:
        """Milliseconds of silence over the time-out."""
        return sum(s.end - s.start for s in self.stretches if s.is_silent)

    def stalled(self, *, is_caused_by_seek: bool) -> int:
        """Milliseconds of the stalls of one kind, silence left out."""
        return sum(self._length(stall) for stall in self.stalls if stall.is_caused_by_seek == is_caused_by_seek)

    def _length(self, stall: Stall) -> int:
        return sum(s.end - s.start - s.laid for s in self.stretches if s.stall is stall and not s.is_silent)

    def stall_ends(self) -> list[int]:
        """When each counted stall was over; an unfinished one is over with the reel."""
        took_time = [
            s.end - s.laid
            for s in self.stretches
            if s.end > s.start and not s.is_silent and s.stall is not None and not s.stall.is_caused_by_seek
        ]
        is_open = bool(self.stalls) and self.stalls[-1].is_unfinished and not self.stalls[-1].is_caused_by_seek
        return [*took_time, self.last.at] if is_open and self.last is not None else took_time

    def stall_count(self) -> int:
        """Stalls after the first frame that took time, those caused by seeks left out."""
        mine = [stall for stall in self.stalls if not stall.is_caused_by_seek]
        took_time = {id(s.stall) for s in self.stretches if s.end > s.start and not s.is_silent}
        return sum(stall.is_unfinished or id(stall) in took_time for stall in mine)
