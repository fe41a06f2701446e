"""Ad opportunities of the player, and the KPI table that sums them up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.columns import decimals
from ingestion.generate.hashing import Bools, Ints
from ingestion.generate.player.facts import OPPORTUNITIES
from ingestion.generate.truth.entities import Inputs
from ingestion.generate.truth.groups import Groups, dates, ratio, texts
from ingestion.generate.truth.model import DAY_US, Playbacks
from ingestion.generate.truth.playbacks import first_known
from ingestion.generate.truth.players import PREFIX, rows_of
from ingestion.generate.truth.read import Numbers, Texts, column, flags_of, joined, numbers_of, texts_of

HOUR_MS = 3_600_000
ALL = "all"
FLAGS = ("is_impression", "is_completed", "is_clicked", "is_skipped", "is_skippable")


@dataclass(frozen=True)
class Opportunities:
    """One row an opportunity; playback: its row in the playbacks. price: millionths."""

    table: pa.Table
    playback: Ints
    day: Ints
    quartiles: Ints
    ad_ms: Ints
    price: Numbers
    flags: dict[str, Bools]

    def text(self, name: str) -> Texts:
        """A column of texts."""
        return texts_of(column(self.table, name))


def read(inputs: Inputs, plays: Playbacks) -> Opportunities:
    """All opportunities, each with its playback."""
    table = joined(inputs.get(OPPORTUNITIES, ()))
    return Opportunities(
        table=table,
        playback=rows_of(plays, texts_of(column(table, "playback_id"))),
        day=numbers_of(column(table, "first_us")).values // DAY_US,
        quartiles=numbers_of(column(table, "quartiles")).values,
        ad_ms=numbers_of(column(table, "ad_ms")).values,
        price=numbers_of(column(table, "price_millionths")),
        flags={name: flags_of(column(table, name)) for name in (*FLAGS, "is_asked", "is_error")},
    )


def fct_ad_impression(found: Opportunities, plays: Playbacks) -> pa.Table:
    """One row an opportunity."""
    own, flags = plays.take(found.playback), found.flags
    reported = {
        "reported_requests": "is_asked",
        "reported_impressions": "is_impression",
        "reported_clicks": "is_clicked",
        "reported_skips": "is_skipped",
        "reported_completes": "is_completed",
        "reported_errors": "is_error",
    }
    return pa.table(
        {
            "playback_id": pa.array(
                [name if str(name).startswith(PREFIX) else None for name in own.playback_id.to_list()], pa.string()
            ),
            **{name: texts(found.text(name)) for name in ("ad_break_id", "ad_id", "ad_type", "advertiser_id")},
            "account_id": texts(own.account),
            "content_id": texts(own.content),
            "channel_id": texts(own.channel),
            "device_type": texts(own.device_type),
            "platform": texts(own.platform),
            "country": texts(own.country),
            "app_version": texts(first_known(own.player.app_version)),
            "currency": pa.array([reference.CURRENCY] * len(found.day), pa.string()),
            "price_amount": decimals(found.price.values, 6, ~found.price.known),
            "ad_duration_ms": pa.array(numbers_of(column(found.table, "ad_duration_ms")).values),
            "ad_ms": pa.array(found.ad_ms),
            **{name: pa.array(flags[flag].astype(np.int64)) for name, flag in reported.items()},
            **{name: pa.array(flags[name]) for name in FLAGS},
            "is_first_quartile": pa.array(found.quartiles >= 1),
            "is_midpoint": pa.array(found.quartiles >= 2),
            "is_third_quartile": pa.array(found.quartiles >= 3),
            "event_date": dates(found.day),
            "requested_at": pa.array(numbers_of(column(found.table, "first_us")).values).cast(pa.timestamp("us")),
        }
    )


def kpi_ad_daily(found: Opportunities, plays: Playbacks, bookings: Mapping[tuple[str, int], int]) -> pa.Table:
    """By date, channel and type of advertisement, or all of them: the latter with hours and booked revenue."""
    own, kind = plays.take(found.playback), found.text("ad_type")
    names = [*kind.names, ALL]
    twice = np.tile(np.arange(len(found.day)), 2)
    code = np.concatenate([kind.codes, np.full(len(found.day), len(kind.names))])
    day, channel = found.day[twice], own.channel.take(twice)
    groups = Groups(day, channel.codes, code)
    values = _measures(found, own, groups, twice)
    is_all = code[groups.first] == len(kind.names)
    channels = channel.take(groups.first).to_list()
    days = day[groups.first]
    keys = [(str(name), one) for name, one in zip(channels, days.tolist(), strict=True)]
    hours = _hours(plays)
    playing = np.array([hours.get(key, 0) for key in keys], dtype=np.int64) * is_all
    has_books = np.array([key in bookings for key in keys], dtype=bool) & is_all
    booked = np.array([bookings.get(key, 0) for key in keys], dtype=np.int64) * has_books
    revenue, impressions = values["impression_revenue_amount"], values["ad_impressions"]
    return pa.table(
        {
            "event_date": dates(days),
            "channel_id": pa.array(channels, pa.string()),
            "ad_type": pa.array([names[one] for one in code[groups.first].tolist()], pa.string()),
            "currency": pa.array([reference.CURRENCY] * len(groups), pa.string()),
            **{name: pa.array(column) for name, column in values.items() if name != "impression_revenue_amount"},
            "impression_revenue_amount": decimals(revenue, 6),
            "playing_ms": pa.array(playing, mask=~is_all),
            "booked_ad_revenue_amount": decimals(booked, 4, ~has_books),
            "booked_difference_amount": decimals(booked * 100 - revenue, 6, ~has_books),
            "fill_rate": ratio(impressions, values["ad_requests"]),
            "ad_completion_rate": ratio(values["ad_completes"], impressions),
            "click_through_rate": ratio(values["ad_clicks"], impressions),
            "ad_skip_rate": ratio(values["ad_skips"], values["skippable_impressions"]),
            "average_ad_frequency": ratio(impressions, values["ad_reached_accounts"]),
            "ecpm_amount": ratio(revenue * 1000, impressions, 6),
            "impression_revenue_per_hour_amount": ratio(revenue * HOUR_MS, playing, 6),
            "ad_seconds_per_hour": ratio(values["ad_ms"] * 3600, playing),
            "booked_matched_rate": ratio(revenue, booked, 2),
        }
    )


def _measures(found: Opportunities, own: Playbacks, groups: Groups, row: Ints) -> dict[str, Ints]:
    flags = {name: flag[row] for name, flag in found.flags.items()}
    shown, quartiles = flags["is_impression"], found.quartiles[row]
    return {
        "ad_requests": groups.count(),
        "ad_impressions": groups.count(shown),
        "ad_first_quartiles": groups.count(quartiles >= 1),
        "ad_midpoints": groups.count(quartiles >= 2),
        "ad_third_quartiles": groups.count(quartiles >= 3),
        "ad_completes": groups.count(flags["is_completed"]),
        "ad_clicks": groups.count(flags["is_clicked"]),
        "ad_skips": groups.count(flags["is_skipped"]),
        "skippable_impressions": groups.count(shown & flags["is_skippable"]),
        "ad_reached_accounts": groups.distinct(own.account.codes[row], shown),
        "ad_ms": groups.sum(found.ad_ms[row]),
        "impression_revenue_amount": groups.sum(found.price.values[row]),
    }


def _hours(plays: Playbacks) -> dict[tuple[str, int], int]:
    """(channel, day) -> milliseconds that the player played."""
    own = plays.where(plays.player.watched_ms.known)
    groups = Groups(own.day, own.channel.codes)
    names = own.channel.take(groups.first).to_list()
    keys = zip(map(str, names), own.day[groups.first].tolist(), strict=True)
    return dict(zip(keys, groups.sum(own.playing.values).tolist(), strict=True))
