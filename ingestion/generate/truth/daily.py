"""The KPI tables that count by day: channel, content, demographic cell, device and region."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.generate import reference
from ingestion.generate.columns import decimals
from ingestion.generate.hashing import Ints
from ingestion.generate.truth.entities import Account
from ingestion.generate.truth.genres import Catalogue
from ingestion.generate.truth.groups import Groups, dates, ratio, texts
from ingestion.generate.truth.model import Playbacks
from ingestion.generate.truth.read import texts_of

HOUR_MS = 3_600_000


def measures(plays: Playbacks, groups: Groups) -> dict[str, Ints]:
    """Every additive measure of the groups; revenue and scores in ten-thousandths, rates in millionths."""
    started, live = plays.is_started, plays.is_started & plays.is_live
    complete = started & (plays.is_complete == 1)
    rated, scored = started & plays.reported_rate.known, started & plays.engagement.known
    seen = started & plays.duration.known & plays.playing.known
    return {
        "attempts": groups.count(),
        "plays": groups.count(started),
        "valid_plays": groups.count(plays.is_valid),
        "complete_plays": groups.count(complete),
        "skipped_plays": groups.count(plays.is_skipped),
        "imputed_plays": groups.count(started & plays.is_imputed),
        "live_plays": groups.count(live),
        "unique_accounts": groups.distinct(plays.account.codes, started),
        "playing_ms": groups.sum(plays.playing.values),
        "content_watched_ms": groups.sum(plays.watched.values, seen),
        "content_duration_ms": groups.sum(plays.duration.values, seen),
        "stall_count": groups.sum(plays.stalls.values),
        "ad_count": groups.sum(plays.ads.values),
        "ad_revenue_amount": groups.sum(plays.revenue.values),
        "reported_completion_rate_sum": groups.sum(plays.reported_rate.values, rated),
        "reported_completion_plays": groups.count(rated),
        "engagement_score_sum": groups.sum(plays.engagement.values, scored),
        "engagement_score_plays": groups.count(scored),
    }


SCALES = {"ad_revenue_amount": 4, "reported_completion_rate_sum": 6, "engagement_score_sum": 4}
RATIOS = {  # name -> numerator, denominator
    "completion_rate": ("complete_plays", "plays"),
    "skip_rate": ("skipped_plays", "plays"),
    "average_completion_rate": ("reported_completion_rate_sum", "reported_completion_plays"),
    "average_engagement_score": ("engagement_score_sum", "engagement_score_plays"),
    "average_playing_ms": ("playing_ms", "plays"),
    "average_viewed_rate": ("content_watched_ms", "content_duration_ms"),
}


def measured(values: Mapping[str, Ints], *names: str) -> dict[str, pa.Array]:
    """The named measures and ratios as columns of a table, in that order."""
    found: dict[str, pa.Array] = {}
    for name in names:
        if name in RATIOS:
            above, below = RATIOS[name]
            found[name] = ratio(values[above], values[below], SCALES.get(above, 0))
        elif name in SCALES:
            found[name] = decimals(values[name], SCALES[name])
        else:
            found[name] = pa.array(values[name])
    return found


def kpi_channel_daily(
    plays: Playbacks, channel_names: Mapping[str, str], bookings: Mapping[tuple[str, int], int]
) -> pa.Table:
    """By date and channel: playbacks on a channel, and days that only have booked revenue."""
    aired = plays.where(plays.has_channel)
    groups = Groups(aired.day, aired.channel.codes)
    ids = aired.channel.take(groups.first).to_list()
    keys = [(day, str(channel)) for day, channel in zip(aired.day[groups.first].tolist(), ids, strict=True)]
    place = {key: number for number, key in enumerate(keys)}
    every = sorted({*keys, *((day, channel) for channel, day in bookings)})
    # Days without a playback read a row of zeros that stands after the last group.
    rows = np.array([place.get(key, len(keys)) for key in every], dtype=np.int64)
    values = {name: np.append(column, 0)[rows] for name, column in measures(aired, groups).items()}
    channels = [channel for _, channel in every]
    return pa.table(
        {
            "event_date": dates(np.array([day for day, _ in every], dtype=np.int64)),
            "channel_id": pa.array(channels, pa.string()),
            "channel_name": pa.array([channel_names.get(channel, channel) for channel in channels], pa.string()),
            **measured(
                values, "attempts", "plays", "valid_plays", "complete_plays", "live_plays", "unique_accounts",
                "playing_ms", "stall_count", "ad_count", "ad_revenue_amount",
            ),
            "booked_ad_revenue_amount": decimals([bookings.get((channel, day)) for day, channel in every], 4),
            "currency": pa.array([reference.CURRENCY] * len(every), pa.string()),
            **measured(
                values, "reported_completion_rate_sum", "reported_completion_plays", "engagement_score_sum",
                "engagement_score_plays", "completion_rate", "average_completion_rate", "average_engagement_score",
                "average_playing_ms",
            ),
            "ad_revenue_per_hour_amount": ratio(values["ad_revenue_amount"] * HOUR_MS, values["playing_ms"], 4),
        }
    )  # fmt: skip


def kpi_content_daily(plays: Playbacks, known: Catalogue) -> pa.Table:
    """By date and content."""
    groups = Groups(plays.day, plays.content.codes)
    content = plays.content.take(groups.first)
    return pa.table(
        {
            "event_date": dates(plays.day[groups.first]),
            "content_id": texts(content),
            "title": pa.array([known.titles[code] for code in content.codes.tolist()], pa.string()),
            "media_kind": texts(plays.media_kind.take(groups.first)),
            **measured(
                measures(plays, groups), "attempts", "plays", "valid_plays", "complete_plays", "skipped_plays",
                "imputed_plays", "unique_accounts", "playing_ms", "content_watched_ms", "content_duration_ms",
                "completion_rate", "skip_rate", "average_playing_ms", "average_viewed_rate",
            ),
        }
    )  # fmt: skip


def kpi_demographic_daily(plays: Playbacks, accounts: Mapping[str, Account]) -> pa.Table:
    """By date, media kind, age group, gender and plan; cells of few accounts tell nothing."""
    people = [accounts.get(name, Account()) for name in plays.account.names]
    age = texts_of([one.age_group or reference.UNKNOWN for one in people]).take(plays.account.codes)
    gender = texts_of([one.gender or reference.UNKNOWN for one in people]).take(plays.account.codes)
    groups = Groups(plays.day, plays.media_kind.codes, age.codes, gender.codes, plays.plan.codes)
    values = measures(plays, groups)
    suppressed = pa.array(values["unique_accounts"] < reference.SMALL_CELL_ACCOUNTS)
    shown = measured(
        values, "plays", "complete_plays", "live_plays", "unique_accounts", "playing_ms",
        "reported_completion_rate_sum", "reported_completion_plays", "ad_revenue_amount", "completion_rate",
        "average_completion_rate", "average_playing_ms",
    )  # fmt: skip
    return pa.table(
        {
            "event_date": dates(plays.day[groups.first]),
            "media_kind": texts(plays.media_kind.take(groups.first)),
            "age_group": texts(age.take(groups.first)),
            "gender": texts(gender.take(groups.first)),
            "subscription_plan": texts(plays.plan.take(groups.first)),
            "is_suppressed": suppressed,
            **{name: pc.if_else(suppressed, pa.scalar(None, column.type), column) for name, column in shown.items()},
        }
    )


def kpi_device_region_daily(plays: Playbacks) -> pa.Table:
    """By date, media kind, device type, platform and region."""
    groups = Groups(
        plays.day, plays.media_kind.codes, plays.device_type.codes, plays.platform.codes, plays.region.codes
    )
    return pa.table(
        {
            "event_date": dates(plays.day[groups.first]),
            "media_kind": texts(plays.media_kind.take(groups.first)),
            "device_type": texts(plays.device_type.take(groups.first)),
            "platform": texts(plays.platform.take(groups.first)),
            "region": texts(plays.region.take(groups.first)),
            **measured(
                measures(plays, groups), "attempts", "plays", "complete_plays", "unique_accounts", "playing_ms",
                "stall_count", "engagement_score_sum", "engagement_score_plays", "completion_rate",
                "average_engagement_score", "average_playing_ms",
            ),
        }
    )  # fmt: skip
