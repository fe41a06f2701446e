"""Rows of the contract player_events as events: what the reference reads, in integers of milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
DAY_MS = 86_400_000
TIME_OUT_MS = 3_600_000
RATE_UNIT = 10_000  # playback rates are integers of ten-thousandths
AD_ENDS = ("ad_complete", "ad_skip", "ad_error")
LINEAR = ("pre_roll", "mid_roll", "post_roll")
NATURAL_KEY = (
    "session_id", "playback_id", "account_id", "event_type", "event_at", "position_ms", "content_id", "ad_id"
)  # fmt: skip
#: At one instant events are taken in this order.
ORDER = (
    "video_play", "video_resume", "video_seek", "video_buffer", "video_quality_change", "video_heartbeat",
    "ad_request", "ad_impression", "ad_quartile", "ad_click", "ad_skip", "ad_complete", "ad_error",
    "video_error", "video_pause", "video_complete", "video_stop",
)  # fmt: skip


@dataclass(frozen=True)
class Delivery:
    """Rows that arrived at once; `name` decides between equal instants."""

    arrived_at: datetime
    name: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Event:
    """One canonical event. Times and positions in ms, rate in ten-thousandths; None where it says nothing."""

    at: int
    kind: str
    event_id: str
    position: int | None = None
    seek_from: int | None = None
    seek_to: int | None = None
    rate: int | None = None
    startup: int | None = None
    stall: int | None = None
    bitrate: int | None = None
    dropped: int | None = None
    is_fatal: bool | None = None
    error_code: str | None = None
    error_class: str | None = None
    ad_type: str | None = None
    ad: tuple[str | None, str | None] = (None, None)

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands among the events, up to those of one kind at one instant."""
        return self.at, ORDER.index(self.kind)

    @property
    def before(self) -> int | None:
        """Where the playhead is when the event happens."""
        return self.seek_from if self.kind == "video_seek" else self.position

    @property
    def after(self) -> int | None:
        """Where the playhead goes on."""
        if self.kind == "video_seek" and self.seek_to is not None:
            return self.seek_to
        return self.position

    @property
    def is_end(self) -> bool:
        """Whether the event ends a playback."""
        return self.kind in ("video_stop", "video_complete") or (self.kind == "video_error" and self.is_fatal is True)

    @property
    def is_linear_ad(self) -> bool:
        """Whether an ad begins that takes the place of the content."""
        return self.kind == "ad_impression" and self.ad_type in LINEAR


def ms_of(instant: datetime) -> int:
    """Milliseconds since 1970 of a naive UTC instant, rounded down."""
    delta = instant.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * DAY_MS) + delta.seconds * 1000 + delta.microseconds // 1000


def newest(deliveries: Iterable[Delivery]) -> list[Row]:
    """One row for each event: of several with the same id the one that arrived last."""
    kept: dict[tuple[Any, ...], Row] = {}
    for delivery in sorted(deliveries, key=lambda d: (d.arrived_at, d.name)):
        for row in delivery.rows:
            given = row.get("event_id")
            key = (given,) if given is not None else tuple(row.get(name) for name in NATURAL_KEY)
            kept[key] = row
    return list(kept.values())


def content_of(row: Row) -> str | None:
    """The content with its namespace."""
    if row.get("content_id") is None:
        return None
    return ("music:" if kind_of(row) == "track" else "video:") + str(row["content_id"])


def kind_of(row: Row) -> str:
    """The kind of media: given, else a listen is of a track and everything else of a video."""
    return row.get("media_kind") or ("track" if row["event_type"] == "listen" else "video")


def event_of(row: Row) -> Event:
    """The event of a row."""
    rate = row.get("playback_rate")
    return Event(
        at=ms_of(row["event_at"]),
        kind=row["event_type"],
        event_id=row.get("event_id") or "",
        position=row.get("position_ms") if row["event_type"].startswith("video_") else None,
        seek_from=row.get("seek_from_ms"),
        seek_to=row.get("seek_to_ms"),
        rate=None if rate is None else int(Decimal(rate) * RATE_UNIT),
        startup=row.get("startup_ms"),
        stall=row.get("stall_ms"),
        bitrate=row.get("bitrate_kbps"),
        dropped=row.get("dropped_frames"),
        is_fatal=row.get("is_fatal"),
        error_code=row.get("error_code"),
        error_class=row.get("error_class"),
        ad_type=row.get("ad_type"),
        ad=(row.get("ad_break_id"), row.get("ad_id")),
    )
