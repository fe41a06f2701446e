"""The truth: every KPI computed from the delivered rows with numpy and plain Python, without SQL.

`compute(inputs)` takes the accepted rows of each input, one Arrow table a delivery, in arrival order (a later delivery
arrived later), with the original or the contract's column names. Of player_events it takes not the rows but what
the plan knows of them (`ingestion.generate.player.facts`). It shares nothing with the dbt project: the definitions and
their constants are written a second time, here and in `ingestion.generate.reference`.

Readings where the definitions leave room: additive columns are 0, not null, where nothing was reported;
`is_imputed` is false for television; a television row without a genre counts in 'unknown'. kpi_data_quality_daily
holds the flags of playbacks only: what arrived when is nothing that the inputs say (see `landed.arrived`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from ingestion.generate.hashing import Bools
from ingestion.generate.truth import (
    account_days,
    activity,
    advertising,
    concurrency,
    daily,
    entities,
    executive,
    features,
    intervals,
    landed,
    players,
    quality,
    rankings,
    retention,
    weekly,
)
from ingestion.generate.truth.entities import Inputs
from ingestion.generate.truth.genres import catalogue, genre_credits
from ingestion.generate.truth.groups import dates, texts
from ingestion.generate.truth.model import END_REASONS, Figures, Playbacks, concatenated
from ingestion.generate.truth.playbacks import build
from ingestion.generate.truth.read import NULL, Numbers, Texts

KPI_TABLES = (
    "kpi_channel_daily",
    "kpi_content_daily",
    "kpi_genre_daily",
    "kpi_top_content_daily",
    "kpi_top_content_weekly",
    "kpi_hourly",
    "kpi_demographic_daily",
    "kpi_device_region_daily",
    "kpi_concurrency",
    "kpi_content_retention",
    "kpi_ad_daily",
    "kpi_event_mix_daily",
    "kpi_audience",
    "kpi_qoe_daily",
    "kpi_qoe_distribution_daily",
    "kpi_executive_daily",
    "kpi_segment_daily",
    "kpi_cohort_weekly",
    "kpi_data_quality_daily",
)
FACT_TABLES = (
    "fct_playback",
    "fct_playback_interval",
    "fct_ad_impression",
    "fct_interaction",
    "fct_app_session",
    "fct_account_day",
    "feature_churn_account_day",
    "edge_audience",
    "edge_position",
)


@dataclass(frozen=True)
class Truth:
    """tables: each KPI table and the facts by name, sorted by grain. ties: totals that tables must agree on."""

    tables: dict[str, pa.Table]
    ties: dict[str, Any]


def compute(inputs: Inputs) -> Truth:
    """The value of every KPI for these inputs."""
    accounts, contents = entities.accounts(inputs), entities.contents(inputs)
    plays = concatenated([build(inputs, accounts, contents), players.build(inputs, contents)])
    known = catalogue(plays.content, contents)
    bookings = entities.bookings(inputs)
    events, running = activity.sent(inputs), players.running(inputs, plays)
    opportunities = advertising.read(inputs, plays)
    sessions, interactions = activity.fct_app_session(events), activity.fct_interaction(inputs)
    account_day = account_days.fct_account_day(plays, sessions, interactions, opportunities)
    feature = features.feature_churn_account_day(account_day, plays, accounts)
    tables = {
        "kpi_channel_daily": daily.kpi_channel_daily(plays, entities.channel_names(inputs), bookings),
        "kpi_content_daily": daily.kpi_content_daily(plays, known),
        "kpi_genre_daily": rankings.kpi_genre_daily(plays, known),
        "kpi_top_content_daily": rankings.kpi_top_content_daily(plays, known),
        "kpi_hourly": rankings.kpi_hourly(plays, known),
        "kpi_demographic_daily": daily.kpi_demographic_daily(plays, accounts),
        "kpi_device_region_daily": daily.kpi_device_region_daily(plays),
        "kpi_concurrency": concurrency.kpi_concurrency(running),
        "kpi_content_retention": retention.kpi_content_retention(plays, running),
        "kpi_ad_daily": advertising.kpi_ad_daily(opportunities, plays, bookings),
        "kpi_event_mix_daily": activity.kpi_event_mix_daily(events),
        "kpi_audience": account_days.kpi_audience(plays),
        "kpi_qoe_daily": quality.kpi_qoe_daily(plays),
        "kpi_qoe_distribution_daily": quality.kpi_qoe_distribution_daily(plays),
        "kpi_top_content_weekly": weekly.kpi_top_content_weekly(plays, contents, known),
        "kpi_executive_daily": executive.kpi_executive_daily(plays, account_day, feature, opportunities),
        "kpi_segment_daily": features.kpi_segment_daily(feature),
        "kpi_cohort_weekly": weekly.kpi_cohort_weekly(account_day),
        "kpi_data_quality_daily": landed.flagged(plays),
        "fct_playback": playback_table(plays),
        "fct_playback_interval": intervals.fct_playback_interval(plays, running),
        "edge_audience": intervals.edge_audience(plays, running),
        "edge_position": intervals.edge_position(plays, running),
        "fct_app_session": sessions,
        "fct_interaction": interactions,
        "fct_account_day": account_day,
        "feature_churn_account_day": feature,
        "fct_ad_impression": advertising.fct_ad_impression(opportunities, plays),
    }
    started = plays.where(plays.is_started)
    allocated = int(genre_credits(started, known).weight.sum())
    return Truth(tables, _ties(plays, allocated, sum(bookings.values())))


def playback_table(plays: Playbacks) -> pa.Table:
    """One row a playback, in order of playback_id."""
    complete = pa.array(plays.is_complete == 1, mask=plays.is_complete == NULL)
    table = pa.table(
        {
            "playback_id": texts(plays.playback_id),
            "account_id": texts(plays.account),
            "content_id": texts(plays.content),
            "channel_id": texts(plays.channel),
            "media_kind": texts(plays.media_kind),
            "event_date": dates(plays.day),
            "started_at": pa.array(plays.started_us).cast(pa.timestamp("us")),
            "ended_at": pa.array(plays.ended_us, mask=~plays.playing.known).cast(pa.timestamp("us")),
            "playing_ms": whole(plays.playing),
            "content_watched_ms": whole(plays.watched),
            "content_duration_ms": whole(plays.duration),
            "stall_count": pa.array(plays.stalls.values),
            "ad_count": pa.array(plays.ads.values),
            "is_started": pa.array(plays.is_started),
            "is_valid": pa.array(plays.is_valid),
            "is_complete": complete,
            "is_skipped": pa.array(plays.is_skipped),
            "is_imputed": pa.array(plays.is_imputed),
            "end_reason": texts(Texts(plays.end_reason, END_REASONS)),
            "region": texts(plays.region),
            "country": texts(plays.country),
            "subscription_plan": texts(plays.plan),
            "is_plan_stated": pa.array(plays.is_plan_stated),
            "device_type": texts(plays.device_type),
            "platform": texts(plays.platform),
            "is_live": pa.array(plays.is_live),
            "local_hour": pa.array(plays.local_hour),
            **{field.name: _figure(getattr(plays.player, field.name)) for field in fields(Figures)},
        }
    )
    return table.sort_by("playback_id")


def whole(values: Numbers) -> pa.Array:
    """A column of integers."""
    return pa.array(values.values, mask=~values.known)


def _figure(values: Numbers | Texts | Bools) -> pa.Array:
    if isinstance(values, Numbers):
        return whole(values)
    return texts(values) if isinstance(values, Texts) else pa.array(values)


def _ties(plays: Playbacks, allocated_millionths: int, booked: int) -> dict[str, Any]:
    """Totals over everything, by media kind where it matters."""
    ties: dict[str, Any] = {
        "plays_allocated": allocated_millionths // 1_000_000,
        "booked_ad_revenue_ten_thousandths": booked,
        "ad_revenue_ten_thousandths": int(plays.revenue.values.sum()),
    }
    for code, name in enumerate(plays.media_kind.names):
        of_kind = plays.where(plays.media_kind.codes == code)
        ties[name] = {
            "attempts": len(of_kind),
            "plays": int(of_kind.is_started.sum()),
            "complete_plays": int((of_kind.is_started & (of_kind.is_complete == 1)).sum()),
            "accounts": len(np.unique(of_kind.account.codes)),
            "playing_ms": int(of_kind.playing.values.sum()),
        }
    return ties
