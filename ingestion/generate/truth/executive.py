"""kpi_executive_daily: a day at a glance, and the same weekday of the week before."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.columns import decimals
from ingestion.generate.hashing import Bools, Ints
from ingestion.generate.truth.advertising import Opportunities
from ingestion.generate.truth.groups import dates, ratio
from ingestion.generate.truth.model import Playbacks
from ingestion.generate.truth.read import days_of, numbers_of

WEEK, DORMANT_DAYS = 7, 14
SCALES = {"ad_revenue_amount": 4, "impression_revenue_amount": 6, "revenue_amount": 6}


def kpi_executive_daily(plays: Playbacks, account_days: pa.Table, features: pa.Table, ads: Opportunities) -> pa.Table:
    """By day on which anything was played or done."""
    active_day = days_of(account_days["event_date"].combine_chunks())
    day = np.unique(np.concatenate([plays.day, active_day]))

    def of_plays(values: Ints | Bools) -> Ints:
        return _total(day, plays.day, values)

    def of_accounts(name: str) -> Ints:
        return _total(day, active_day, numbers_of(account_days[name].combine_chunks()).values)

    played = numbers_of(account_days["plays"].combine_chunks()).values > 0
    found = {
        "unique_accounts": _total(day, active_day, played),
        "app_sessions": of_accounts("app_sessions"),
        "interactions": of_accounts("interactions"),
        "attempts": of_plays(plays.day * 0 + 1),
        "plays": of_plays(plays.is_started),
        "complete_plays": of_plays(plays.is_started & (plays.is_complete == 1)),
        "playing_ms": of_plays(plays.playing.values),
        "watched_ms": of_plays(plays.player.watched_ms.values),
        "stall_ms": of_plays(plays.player.stall_ms.values),
        "ad_revenue_amount": of_plays(plays.revenue.values),
        "impression_revenue_amount": _total(day, ads.day, ads.price.values),
    }
    found["revenue_amount"] = found["ad_revenue_amount"] * 100 + found["impression_revenue_amount"]
    found |= _lately(day, features)
    return pa.table(
        {
            "event_date": dates(day),
            **{name: _column(name, values) for name, values in found.items()},
            **_week_before(day, found),
            "currency": pa.array([reference.CURRENCY] * len(day), pa.string()),
            "completion_rate": ratio(found["complete_plays"], found["plays"]),
            "stickiness_rate": ratio(found["unique_accounts"], found["unique_accounts_28"]),
            "average_playing_ms": ratio(found["playing_ms"], found["plays"]),
            "rebuffer_rate": ratio(found["stall_ms"], found["watched_ms"]),
            "revenue_per_account_amount": ratio(found["revenue_amount"], found["unique_accounts"], 6),
        }
    )


def _total(day: Ints, of_row: Ints, values: Ints | Bools) -> Ints:
    """The sum of the rows of each day; every row's day is one of them."""
    sums = np.zeros(len(day), dtype=np.int64)
    np.add.at(sums, np.searchsorted(day, of_row), values.astype(np.int64))
    return sums


def _lately(day: Ints, features: pa.Table) -> dict[str, Ints]:
    """Accounts with a play in a week and in four weeks, and those without one for a fortnight."""
    known = {name: numbers_of(features[name].combine_chunks()) for name in ("recency_days", "active_days_28")}
    as_of, recency = days_of(features["event_date"].combine_chunks()), known["recency_days"]
    return {
        "unique_accounts_7": _total(day, as_of, recency.known & (recency.values < WEEK)),
        "unique_accounts_28": _total(day, as_of, known["active_days_28"].values > 0),
        "dormant_accounts": _total(day, as_of, ~recency.known | (recency.values >= DORMANT_DAYS)),
    }


def _week_before(day: Ints, found: dict[str, Ints]) -> dict[str, pa.Array]:
    place = {one: number for number, one in enumerate(day.tolist())}
    before = [place.get(one - WEEK) for one in day.tolist()]
    columns = {}
    for name in ("unique_accounts", "plays", "playing_ms", "revenue_amount"):
        values = [None if row is None else int(found[name][row]) for row in before]
        columns[f"week_before_{name}"] = decimals(values, 6) if name in SCALES else pa.array(values, pa.int64())
    return columns


def _column(name: str, values: Ints) -> pa.Array:
    return decimals(values, SCALES[name]) if name in SCALES else pa.array(values)
