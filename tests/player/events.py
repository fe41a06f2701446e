"""Random histories of players: accounts, sessions, playbacks of every kind of event, and what goes wrong on the way.

A player is acted out (it plays, pauses, stalls, seeks, shows ads, fails), then its events are lost, doubled, corrected,
and delivered in any order, some of them days late. Everything follows from the random numbers given.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from tests.player.event import AD_ENDS, Row

ACCOUNTS = 5
CONTENTS = 5
RATES = ["0.5", "1", "1", "2"]
#: What may happen next while something plays, by the method of Player that acts it out; weights beside it.
ACTIONS = {
    "play_on": 40, "pause": 8, "stall": 8, "seek": 8, "ad": 6, "quality": 6, "rate_change": 3, "jump": 3, "silence": 2,
    "error": 2, "end": 6, "again": 4, "noise": 4,
}  # fmt: skip
AD_TYPES = ["mid_roll", "mid_roll", "post_roll", "banner", None]
ENDS = [["video_stop"], ["video_stop"], ["video_complete"], ["video_complete", "video_stop"]]
NOISE = ["video_play", "video_pause", "video_resume", "video_buffer", "video_seek", "ad_complete", "ad_impression"]


@dataclass
class Player:
    """One playback being acted out; `rows` are what it sends."""

    r: random.Random
    base: Row  # who, where and what
    day0: datetime
    at_ms: int
    position_ms: int
    knows_position: float  # chance that an event tells the position
    is_wild: bool  # it sends what contradicts itself, too
    rate: Decimal = Decimal(1)
    has_ended: bool = False
    rows: list[Row] = field(default_factory=list)
    taken: set[tuple[str, int]] = field(default_factory=set)

    def send(self, kind: str, *, has_position: bool | None = None, **told: object) -> None:
        """An event at this moment; a second one of the same kind at the same instant is not sent."""
        if (kind, self.at_ms) in self.taken:
            return
        self.taken.add((kind, self.at_ms))
        if has_position is None:
            has_position = self.r.random() < self.knows_position
        if self.rate != 1 and kind.startswith("video_"):
            told.setdefault("playback_rate", self.rate)
        row = {**self.base, "event_type": kind, "event_at": self.day0 + timedelta(milliseconds=self.at_ms), **told}
        if has_position:
            row.setdefault("position_ms", max(0, self.position_ms))
        self.rows.append(row)

    def wait(self, most_s: int) -> None:
        """Time goes by; whole seconds mostly, so that events meet at one instant."""
        self.at_ms += self.r.choice([1000, 1000, 1000, 1, 997]) * self.r.randrange(most_s + 1)

    def play_on(self) -> None:
        """Some seconds of playing, told by a heartbeat whose position is not always exact."""
        before = self.at_ms
        self.wait(40)
        self.position_ms += int((self.at_ms - before) * self.rate)
        if self.r.random() < 0.2:
            self.position_ms = max(0, self.position_ms + self.r.choice([-900, -1, 1, 700, 2000]))
        self.send("video_heartbeat", dropped_frames=self.r.choice([None, None, 0, 3]))

    def pause(self) -> None:
        """A pause, not always with its end, heartbeats in it."""
        self.send("video_pause")
        self.wait(100)
        if self.r.random() < 0.3:
            self.send("video_heartbeat")
            self.wait(100)
        if self.r.random() < 0.7:
            self.send(self.r.choice(["video_resume", "video_play"]))

    def stall(self) -> None:
        """Buffering, with or without its length, sometimes said twice."""
        before = self.at_ms
        self.wait(6)
        self.position_ms += int((self.at_ms - before) * self.rate)
        self.buffer(self.r.randrange(1, 6000))

    def buffer(self, lasts_ms: int) -> None:
        """The position stands still for so long; wild players name any length."""
        told = self.r.choice([None, lasts_ms, lasts_ms])
        if self.is_wild:
            told = self.r.choice([None, 0, 1500, 60_000])
        self.send("video_buffer", stall_ms=told)
        within = lasts_ms // 2
        if self.r.random() < 0.2:
            self.at_ms += within
            self.send("video_buffer", stall_ms=None if told is None else max(0, told - within))
            self.at_ms -= within
        self.at_ms += lasts_ms
        if self.r.random() < 0.5:
            self.send(self.r.choice(["video_resume", "video_heartbeat"]))

    def seek(self) -> None:
        """A seek that tells both ends, one, or none; often followed by buffering."""
        target = self.r.choice([0, self.r.randrange(600_000), max(0, self.position_ms + self.r.randrange(-9000, 9000))])
        told = self.r.choice(["both", "both", "both", "to", "position", "from" if self.is_wild else "both"])
        fields: dict[str, object] = {}
        if told in ("both", "from"):
            fields["seek_from_ms"] = max(0, self.position_ms)
        if told in ("both", "to"):
            fields["seek_to_ms"] = target
        if told == "position":
            fields["position_ms"] = target
        if self.knows_position == 0:
            fields = {}
        self.send("video_seek", has_position=False, **fields)
        self.position_ms = target
        if self.r.random() < 0.5:
            self.buffer(self.r.choice([1, 1200, 4000]))

    def ad(self, kind: str | None = None) -> None:
        """An ad or two of one break, with some of its steps."""
        break_id, kind = f"B{self.at_ms}", kind or self.r.choice(AD_TYPES)
        for number in range(self.r.choice([1, 1, 2])):
            named = {"ad_break_id": break_id, "ad_id": f"A{number}", "ad_type": kind}
            ad_position = self.r.random() < 0.4 and self.knows_position > 0
            self.send("ad_request", has_position=False, **named)
            self.send("ad_impression", has_position=ad_position, **named)
            for quartile in (25, 50):
                self.wait(5)
                if self.r.random() < 0.5:
                    self.send("ad_quartile", has_position=False, quartile=quartile, **named)
            if self.r.random() < 0.3:
                self.send(self.r.choice(["ad_click", "video_heartbeat"]), **named)
                self.wait(3)
            if self.r.random() < 0.85:
                self.send(self.r.choice(AD_ENDS), has_position=ad_position, **named)
        self.at_ms += 1

    def quality(self) -> None:
        """Another bit rate."""
        self.send("video_quality_change", bitrate_kbps=self.r.choice([None, 800, 2400, 5000]))

    def rate_change(self) -> None:
        """Another speed, told with the position where positions are told."""
        self.rate = Decimal(self.r.choice(RATES))
        self.send("video_heartbeat", has_position=self.knows_position > 0, playback_rate=self.rate)

    def jump(self) -> None:
        """The position moves and nobody says why."""
        self.position_ms = max(0, self.position_ms + self.r.choice([-60_000, -5_000, 2_500, 90_000]))

    def silence(self) -> None:
        """Nothing for about an hour, or for exactly the time-out."""
        self.at_ms += self.r.choice([3_599_999, 3_600_000, 3_600_001, 4_000_000, 1_800_000])
        self.send("video_heartbeat")

    def error(self) -> None:
        """An error, fatal or not."""
        is_fatal = self.r.choice([True, False, None])
        self.has_ended = self.has_ended or is_fatal is True
        self.send(
            "video_error",
            is_fatal=is_fatal,
            error_code=self.r.choice([None, "X-9", "DRM-403"]),
            error_class=self.r.choice([None, None, "business"]),
        )
        self.wait(3)

    def end(self) -> None:
        """Stop or complete, or both."""
        for kind in self.r.choice(ENDS):
            self.send(kind)
            self.wait(2)
        self.has_ended = True

    def again(self) -> None:
        """An end, and a new start under the same id."""
        self.end()
        self.wait(500)
        if self.r.random() < 0.5:
            self.position_ms = self.r.choice([0, self.position_ms, 30_000])
        self.has_ended = False
        self.send("video_play")
        self.wait(5)

    def noise(self) -> None:
        """An event that fits nowhere."""
        kind = self.r.choice(NOISE)
        extra: Row = {"ad_id": "A9", "ad_type": "mid_roll"} if kind.startswith("ad_") else {}
        self.send(kind, has_position=False if kind == "video_seek" else None, **extra)

    def act(self) -> list[Row]:
        """From the request on until nothing more happens."""
        waits_ms = self.r.choice([0, 4, 1200, 3000])
        told = waits_ms if self.r.random() < 0.5 else None
        if self.is_wild:
            told = self.r.choice([None, 0, 1200, 9000])
        self.send("video_play", startup_ms=told, bitrate_kbps=self.r.choice([None, 3000]))
        if self.r.random() < 0.2:
            self.ad("pre_roll")
        elif self.r.random() < 0.2:
            self.r.choice([self.pause, self.seek, self.error])()
        self.at_ms += waits_ms
        for _ in range(self.r.randrange(12)):
            self.do_something()
            if self.has_ended and not self.is_wild:
                return self.rows
        if self.r.random() < 0.6:
            self.end()
        return self.rows

    def do_something(self) -> None:
        """One of the acts."""
        chosen = self.r.choices(list(ACTIONS), list(ACTIONS.values()))[0]
        if chosen != "noise" or self.is_wild:
            getattr(self, chosen)()


def player_rows(r: random.Random, day0: datetime, days: int, playbacks: int, *, is_wild: bool = False) -> list[Row]:
    """Events of that many playbacks and of their sessions and listens, as they happened; each has an `event_id`."""
    rows: list[Row] = []
    for number in range(playbacks):
        rows += _visit(r, day0, days, number, is_wild=is_wild)
    for number, row in enumerate(rows):
        row["event_id"] = f"E{number:05d}"
    return rows


def _instant_ms(r: random.Random, days: int, number: int) -> int:
    """Some moment, often near a midnight; no two playbacks start at the same one."""
    if r.random() < 0.4:
        return (86_400 * r.randrange(1, days) + r.randrange(-1500, 300)) * 1000 + number
    return r.randrange(days * 86_400) * 1000 + number


def _visit(r: random.Random, day0: datetime, days: int, number: int, *, is_wild: bool) -> list[Row]:
    account = r.choice([None, *(f"U{i}" for i in range(ACCOUNTS))])
    begins, session = _instant_ms(r, days, number), r.choice([None, f"S{number % 7}", f"S{number}", f"S{number}"])
    base: Row = {
        "account_id": account,
        "session_id": session,
        "playback_id": None if r.random() < 0.3 else f"P{number}",
        "content_id": f"C{r.randrange(CONTENTS)}",
        "is_live": r.choice([None, None, True]),
        "content_duration_ms": r.choice([None, 60_000, 600_000]),
        "app_version": r.choice([None, "7.1", "7.2"]),
        "device_type": r.choice(["mobile", "tv", None]),
        "region": r.choice(["North", "Atlantis", None]),
    }
    player = Player(r, base, day0, begins, r.choice([0, 0, 0, 125_000]), r.choice([1.0, 1.0, 1.0, 0.0]), is_wild)
    rows = player.act()
    here = {"account_id": account, "session_id": session}
    if session is not None and r.random() < 0.7:
        early = timedelta(milliseconds=begins - r.choice([0, 3000, -2000]))
        rows.append({**here, "event_type": "session_start", "event_at": day0 + early})
    if session is not None and r.random() < 0.5:
        late = timedelta(milliseconds=player.at_ms + r.choice([-5000, 0, 8000, 5_000_000]))
        rows.append({**here, "event_type": "session_end", "event_at": day0 + late})
    if account is not None and r.random() < 0.3:
        rows.append(_listen(r, day0 + timedelta(milliseconds=begins + 1_000 * r.randrange(300)), account))
    return rows


def _listen(r: random.Random, at: datetime, account: str) -> Row:
    return {
        "event_type": "listen", "event_at": at, "account_id": account, "content_id": f"T{r.randrange(4)}",
        "listened_ms": r.choice([None, 0, 20_000, 200_000]), "content_duration_ms": r.choice([None, 180_000]),
    }  # fmt: skip


def deliveries_of(r: random.Random, rows: list[Row]) -> list[tuple[datetime, list[Row]]]:
    """The rows as they arrive: some lost, doubled, corrected, without an id, on another day, in any order."""
    kept = [row for row in rows if r.random() > 0.07]
    by_day: dict[date, list[Row]] = {}
    for row in kept:
        day = row["event_at"] + timedelta(days=r.choice([0, 0, 0, 0, 0, 0, 0, 1, 8]))
        chance = r.random()
        if chance < 0.3 and any(row.get(name) for name in ("account_id", "session_id", "playback_id")):
            row = {**row, "event_id": None}  # then those ids, the kind and the instant tell it from others
        by_day.setdefault(day.date(), []).append(row)
        if chance > 0.93:
            again = row if chance < 0.96 else _corrected(r, row)
            by_day.setdefault((day + timedelta(days=r.randrange(4))).date(), []).append(again)
    found = []
    for day, arrived in by_day.items():
        r.shuffle(arrived)
        for part in range(parts := r.randrange(1, 3)):
            midnight = datetime.combine(day, datetime.min.time())
            found.append((midnight + timedelta(days=1, seconds=r.randrange(86_400)), arrived[part::parts]))
    return found


def _corrected(r: random.Random, row: Row) -> Row:
    """The same event with other values; it stays where and when it was."""
    if row["event_type"] == "listen":
        return {**row, "listened_ms": r.choice([None, 40_000])}
    if row.get("position_ms") is None:
        return {**row, "app_version": "7.3"}
    return {**row, "position_ms": row["position_ms"] + r.choice([0, 400, 50_000])}
