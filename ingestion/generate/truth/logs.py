"""The rows of the two sources, deduplicated, in one form."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.hashing import Bools, Ints
from ingestion.generate.truth.entities import Inputs
from ingestion.generate.truth.read import (
    Numbers,
    Texts,
    column,
    flags_of,
    instants_of,
    joined,
    newest_rows,
    numbers_of,
    texts_of,
)

TRACK, VIDEO = 0, 1  # codes of the media kinds, in binary order of their names
MEDIA_KINDS = ["track", "video"]
MINUTE_MS = 60_000


@dataclass(frozen=True)
class Log:
    """The deduplicated rows of one source, with what the source itself says; times in microseconds."""

    kind: int
    user: Texts
    item: Texts
    channel: Texts
    started_us: Ints
    reported_ms: Numbers
    completion: Numbers  # ten-thousandths of a percent
    engagement: Numbers  # ten-thousandths
    revenue: Numbers  # ten-thousandths
    stalls: Numbers
    ads: Numbers
    is_live: Bools
    genre: Texts
    region: Texts
    plan: Texts
    device: Texts
    platform: Texts
    playback_id: list[str]

    def __len__(self) -> int:
        return len(self.started_us)


def television_log(inputs: Inputs) -> Log:
    """The rows of viewership_logs, the latest of each natural key."""
    table = joined(inputs.get("viewership_logs", ()))
    text = {name: texts_of(column(table, name)) for name in ("session_id", "user_id", "channel_id")}
    started = instants_of(column(table, "event_at", "timestamp"))
    rows = newest_rows(*(texts.codes for texts in text.values()), started)
    table, started = table.take(rows), started[rows]
    minutes = numbers_of(column(table, "duration_minutes"))
    key = ("session_id", "user_id", "channel_id")
    return Log(
        kind=VIDEO,
        user=text["user_id"].take(rows),
        item=texts_of(column(table, "show_name")),
        channel=text["channel_id"].take(rows),
        started_us=started,
        reported_ms=Numbers(minutes.values * MINUTE_MS, minutes.known),
        completion=numbers_of(column(table, "completion_percentage"), 4),
        engagement=numbers_of(column(table, "engagement_score"), 4),
        revenue=numbers_of(column(table, "ad_revenue"), 4),
        stalls=numbers_of(column(table, "buffer_count")),
        ads=numbers_of(column(table, "ads_watched")),
        is_live=flags_of(column(table, "is_live")),
        genre=texts_of(column(table, "genre")),
        region=texts_of(column(table, "region")),
        plan=texts_of(column(table, "subscription_type")),
        device=texts_of(column(table, "device")),
        platform=texts_of(column(table, "platform")),
        playback_id=_hashed("tv", *(text[name].take(rows).to_list() for name in key), started.tolist()),
    )


def music_log(inputs: Inputs) -> Log:
    """The rows of streams, the latest of each natural key."""
    table = joined(inputs.get("streams", ()))
    user, track = texts_of(column(table, "user_id")), texts_of(column(table, "track_id"))
    started = instants_of(column(table, "listened_at", "listen_time"))
    rows = newest_rows(user.codes, track.codes, started)
    user, track, started = user.take(rows), track.take(rows), started[rows]
    nothing = numbers_of(pa.nulls(len(rows)))
    blank = texts_of(pa.nulls(len(rows)))
    return Log(
        kind=TRACK,
        user=user,
        item=track,
        channel=texts_of([reference.NOT_APPLICABLE] * len(rows)),
        started_us=started,
        reported_ms=numbers_of(column(table.take(rows), "listened_ms")),
        completion=nothing,
        engagement=nothing,
        revenue=nothing,
        stalls=nothing,
        ads=nothing,
        is_live=np.zeros(len(rows), dtype=bool),
        genre=blank,
        region=blank,
        plan=blank,
        device=blank,
        platform=blank,
        playback_id=_hashed("music", user.to_list(), track.to_list(), started.tolist()),
    )


def _hashed(source: str, *parts: Sequence[object]) -> list[str]:
    return [
        hashlib.md5("|".join((source, *map(str, part))).encode(), usedforsecurity=False).hexdigest()
        for part in zip(*parts, strict=True)
    ]
