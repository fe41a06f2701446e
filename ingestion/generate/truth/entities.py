"""What is known of accounts, contents and channels: the latest row of each, in arrival order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.truth.read import column, days_of, joined, numbers_of

EPOCH = date(1970, 1, 1).toordinal()
Inputs = Mapping[str, Sequence[pa.Table]]  # input -> its accepted rows, one table a delivery, in arrival order


@dataclass(frozen=True)
class Account:
    """The latest attributes of an account; None where not known. registered_day: days since 1970."""

    gender: str | None = None
    age_group: str | None = None
    region: str | None = None
    country: str | None = None
    plan: str | None = None
    registered_day: int | None = None


@dataclass(frozen=True)
class Content:
    """A track or title of the catalogue. genres and single_artists are sorted, without repetition."""

    title: str
    artists: str | None = None
    duration_ms: int | None = None
    popularity: int | None = None
    genres: tuple[str, ...] = ()
    single_artists: tuple[str, ...] = field(default=())


def accounts(inputs: Inputs) -> dict[str, Account]:
    """account_id -> latest attributes, from demographics (tv:) and users (music:)."""
    found: dict[str, Account] = {}
    for row in _rows(inputs, "demographics"):
        found[f"tv:{row['user_id']}"] = Account(
            gender=row.get("gender"),
            age_group=row.get("age_group"),
            region=row.get("region"),
            plan=row.get("subscription_type"),
        )
    for row in _rows(inputs, "users"):
        age = row.get("user_age")
        group = None if age is None else reference.age_group(int(age))
        found[f"music:{row['user_id']}"] = Account(
            age_group=group, country=row.get("user_country"), registered_day=_day(row.get("created_at"))
        )
    return found


def contents(inputs: Inputs) -> dict[str, Content]:
    """content_id -> the track (music:) or title (video:)."""
    known = {f"music:{name}": track for name, track in _tracks(inputs).items()}
    for row in _rows(inputs, "titles"):
        parts = {part.strip() for part in str(row.get("genres") or "").split(";")}
        seconds = _whole(row.get("duration_seconds"))
        known[f"video:{row['title_id']}"] = Content(
            title=row["title"],
            duration_ms=None if seconds is None else seconds * 1000,
            genres=tuple(sorted(part for part in parts if part)),
        )
    return known


def _tracks(inputs: Inputs) -> dict[str, Content]:
    """track_id -> the track, from the latest delivery that has it: its genres from all its rows there."""
    found: dict[str, Content] = {}
    for delivery in inputs.get("songs", ()):
        genres: dict[str, set[str]] = {}
        last: dict[str, dict[str, object]] = {}
        for row in joined([delivery]).to_pylist():
            genres.setdefault(row["track_id"], set()).add(row["track_genre"].strip().lower())
            last[row["track_id"]] = row
        for track_id, row in last.items():
            found[track_id] = _content(row, genres[track_id])
    return found


def _content(row: Mapping[str, object], genres: set[str]) -> Content:
    artists = row.get("artists")
    parts = {part.strip() for part in str(artists).split(";")} if artists is not None else set()
    return Content(
        title=str(row["track_name"]),
        artists=None if artists is None else str(artists),
        duration_ms=_whole(row.get("duration_ms")),
        popularity=_whole(row.get("popularity")),
        genres=tuple(sorted(genres)),
        single_artists=tuple(sorted(part for part in parts if part)),
    )


def channel_names(inputs: Inputs) -> dict[str, str]:
    """channel_id -> name: of the latest metadata row, else of the latest log row that mentions the channel."""
    logs = joined(inputs.get("viewership_logs", ()))
    names = dict(zip(column(logs, "channel_id").to_pylist(), column(logs, "channel_name").to_pylist(), strict=True))
    for row in _rows(inputs, "channel_metadata"):
        names[row["channel_id"]] = row["channel_name"]
    return {channel: name for channel, name in names.items() if name is not None}


def bookings(inputs: Inputs) -> dict[tuple[str, int], int]:
    """(channel_id, days since 1970) -> booked revenue in ten-thousandths, the latest row of each."""
    table = joined(inputs.get("ad_revenue", ()))
    if table.num_rows == 0:
        return {}
    days = days_of(column(table, "revenue_date", "date")).tolist()
    amounts = numbers_of(column(table, "ad_revenue"), 4).values.tolist()
    channels = column(table, "channel_id").to_pylist()
    return {(channel, day): amount for channel, day, amount in zip(channels, days, amounts, strict=True)}


def _rows(inputs: Inputs, name: str) -> list[dict[str, Any]]:
    return list(joined(inputs.get(name, ())).to_pylist())


def _day(value: date | None) -> int | None:
    """Days since 1970 of a date or an instant."""
    return None if value is None else value.toordinal() - EPOCH


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
