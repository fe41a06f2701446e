"""The television files read by plain Python: what counts of them. Shares no code and no SQL with the project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.analyses.files import Row, read_rows

METRO = {"North", "South", "East", "West"}
INDIA = METRO | {"Central", "Northeast", "Pan-India"}
DEVICE_TYPES = {"Mobile": "mobile", "Tablet": "tablet", "Smart TV": "tv", "Laptop": "desktop"}


@dataclass(frozen=True)
class Viewing:
    """One row of the log that counts. Nothing stated: None for measures, `unknown` for attributes."""

    session_id: str
    user_id: str
    channel_id: str
    show: str
    genre: str
    at: datetime
    playing_ms: int
    has_length: bool
    region: str
    plan: str
    device_type: str
    is_live: bool
    ad_revenue: Decimal
    engagement: Decimal | None
    stalls: int
    completion_rate: Decimal | None
    gender: str
    age_group: str

    @property
    def is_started(self) -> bool:
        """Whether something was seen: all but a stated length of nought."""
        return self.playing_ms > 0 or not self.has_length

    @property
    def local_hour(self) -> int:
        """Hour on the clock of the region."""
        zone = ZoneInfo("Asia/Kolkata") if self.region in INDIA else UTC
        return self.at.astimezone(zone).hour


@dataclass(frozen=True)
class Television:
    """All that the questions need. Dates are UTC."""

    attempts: list[Viewing]
    viewings: list[Viewing]  # the attempts that started
    channel_days: set[tuple[date, str]]  # with an attempt or a booking
    bookings: dict[tuple[date, str], Decimal]
    channel_names: dict[str, str]


def read_television(deliveries: Sequence[dict[str, list[Path]]]) -> Television:
    """Of rows with the same key the one that came last counts."""
    users: dict[str, Row] = {}
    logs: dict[tuple[str, ...], Row] = {}
    bookings: dict[tuple[date, str], Decimal] = {}
    described: dict[str, str] = {}
    mentioned: dict[str, str] = {}
    for files in deliveries:
        for row in read_rows(files["demographics"]):
            users[row["user_id"]] = row
        for row in read_rows(files["channel_metadata"]):
            described[row["channel_id"]] = row["channel_name"]
        for row in read_rows(files["viewership_logs"]):
            logs[row["session_id"], row["user_id"], row["channel_id"], row["timestamp"]] = row
            mentioned[row["channel_id"]] = row["channel_name"]
        for row in read_rows(files["ad_revenue"]):
            bookings[day_of(row["date"]), row["channel_id"]] = Decimal(row["ad_revenue"])
            mentioned[row["channel_id"]] = row["channel_name"]
    attempts = [viewing_of(row, users.get(row["user_id"], {})) for row in logs.values()]
    return Television(
        attempts=attempts,
        viewings=[v for v in attempts if v.is_started],
        channel_days={(v.at.date(), v.channel_id) for v in attempts} | set(bookings),
        bookings=bookings,
        channel_names=mentioned | described,
    )


def day_of(text: str) -> date:
    """Both spellings: 2026-01-05 and 05-01-2026."""
    return (
        date.fromisoformat(text) if text[4] == "-" else datetime.strptime(text, "%d-%m-%Y").replace(tzinfo=UTC).date()
    )


def start_of(row: Row) -> datetime:
    return datetime.strptime(row["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


def viewing_of(row: Row, user: Row) -> Viewing:
    """A row of the log, completed by its user's demographics."""
    score, percent = row["engagement_score"], row["completion_percentage"]
    return Viewing(
        session_id=row["session_id"],
        user_id=row["user_id"],
        channel_id=row["channel_id"],
        show=row["show_name"],
        genre=row["genre"] or "unknown",
        at=start_of(row),
        playing_ms=int(row["duration_minutes"] or 0) * 60_000,
        has_length=bool(row["duration_minutes"]),
        region=row["region"] or user.get("region") or "unknown",
        plan=row["subscription_type"] or user.get("subscription_type") or "unknown",
        device_type=DEVICE_TYPES.get(row["device"], "unknown"),
        is_live=row["is_live"] == "True",
        ad_revenue=Decimal(row["ad_revenue"] or 0),
        engagement=Decimal(score) if score else None,
        stalls=int(row["buffer_count"] or 0),
        completion_rate=Decimal(percent) / 100 if percent else None,
        gender=user.get("gender") or "unknown",
        age_group=user.get("age_group") or "unknown",
    )
