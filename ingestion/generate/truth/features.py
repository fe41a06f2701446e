"""What is known of each account at the end of each day, and the segments that this makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.columns import decimals
from ingestion.generate.hashing import Bools, Ints
from ingestion.generate.truth.entities import Account
from ingestion.generate.truth.groups import Groups, dates, ratio, texts
from ingestion.generate.truth.model import Playbacks
from ingestion.generate.truth.read import NULL, Texts, days_of, flags_of, numbers_of, texts_of

WEEK, FOUR_WEEKS, QUARTER = 7, 28, 90
FIRST_SATURDAY = 2  # 3 January 1970
SUMMED = (
    "attempts", "plays", "complete_plays", "skipped_plays", "playing_ms", "interactions", "searches", "net_likes",
    "app_sessions", "crash_count", "ad_impressions", "ad_skips", "ad_ms", "technical_start_failures",
    "business_start_failures", "technical_playback_failures", "exits_before_start", "startup_ms", "startup_plays",
    "watched_ms", "stall_ms",
)  # fmt: skip


@dataclass(frozen=True)
class AccountDays:
    """fct_account_day as columns."""

    table: pa.Table
    account: Texts
    day: Ints
    plan: Texts
    last_complete: Bools

    def number(self, name: str) -> Ints:
        """A column of whole numbers."""
        return numbers_of(self.table[name].combine_chunks()).values


def _read(table: pa.Table) -> AccountDays:
    text = {name: texts_of(table[name].combine_chunks()) for name in ("account_id", "subscription_plan")}
    return AccountDays(
        table,
        text["account_id"],
        days_of(table["event_date"].combine_chunks()),
        text["subscription_plan"],
        flags_of(table["is_last_play_complete"].combine_chunks()),
    )


def feature_churn_account_day(account_days: pa.Table, plays: Playbacks, accounts: Mapping[str, Account]) -> pa.Table:
    """By day on which anybody did anything, and account of the 90 days up to it."""
    every = _read(account_days)
    measures = {name: every.number(name) for name in (*SUMMED, "distinct_contents", "distinct_devices")}
    days = np.unique(every.day).tolist() or [0]  # of no day at all, a table without rows
    parts = []
    for day in days:
        known = _as_of(day, every, measures)
        names = known["account_id"].to_pylist()
        for name, column in {**_variety(day, names, plays), "tenure_days": _tenures(day, names, accounts)}.items():
            known = known.append_column(name, column)
        parts.append(known)
    return pa.concat_tables(parts)


def _variety(today: int, names: list[str], plays: Playbacks) -> dict[str, pa.Array]:
    """Different contents and genres of the plays, and devices of the playbacks, of these accounts in four weeks."""
    recent = (plays.day <= today) & (plays.day > today - FOUR_WEEKS)
    code = {name: number for number, name in enumerate(plays.account.names)}
    own = [code.get(name, NULL) for name in names]
    found = {}
    for kind, values, counts in (
        ("contents", plays.content, plays.is_started),
        ("genres", plays.genre, plays.is_started),
        ("devices", plays.device_type, np.ones(len(plays), dtype=bool)),
    ):
        rows = recent & counts & (values.codes != NULL)
        groups = Groups(plays.account.codes[rows])
        of_account = dict(
            zip(
                plays.account.codes[rows][groups.first].tolist(),
                groups.distinct(values.codes[rows]).tolist() if len(groups) else [],
                strict=True,
            )
        )
        found[f"distinct_{kind}"] = pa.array([of_account.get(one, 0) for one in own], pa.int64())
    return found


def _tenures(today: int, names: list[str], accounts: Mapping[str, Account]) -> pa.Array:
    """Days since each account registered, from that day on."""
    days = [accounts.get(name, Account()).registered_day for name in names]
    return pa.array([None if day is None or day > today else today - day for day in days], pa.int64())


def _as_of(today: int, every: AccountDays, measures: dict[str, Ints]) -> pa.Table:
    rows = np.flatnonzero((every.day <= today) & (every.day > today - QUARTER))
    rows = rows[np.argsort(every.day[rows], kind="stable")]
    age, account = today - every.day[rows], every.account.take(rows)
    groups = Groups(account.codes)
    own = {name: values[rows] for name, values in measures.items()}
    active, recent = own["plays"] > 0, age < FOUR_WEEKS
    is_weekend = (every.day[rows] - FIRST_SATURDAY) % WEEK < 2
    days = {length: groups.count(active & (age < length)) for length in (WEEK, FOUR_WEEKS, QUARTER)}
    found = {name: groups.sum(own[name], recent) for name in SUMMED}
    contents = groups.sum(own["distinct_contents"], recent)
    found["distinct_content_days"] = contents
    found["weekend_plays"] = groups.sum(own["plays"], recent & is_weekend)
    found["search_only_days"] = groups.count(recent & ~active & (own["searches"] > 0))
    found["most_devices"] = np.maximum(groups.greatest(np.where(recent, own["distinct_devices"], 0)), 0)
    last = groups.greatest(np.where(active, -age, -QUARTER))
    playing_week = groups.sum(own["playing_ms"], age < WEEK)
    above = 3 * (found["attempts"] + found["interactions"]) + 7 * contents
    below = 10 * days[FOUR_WEEKS]
    plan = _plans(groups, every.plan.take(rows))
    price, highest = _prices(groups, plan, every.plan.take(rows), recent)
    last_complete = np.zeros(len(groups), dtype=bool)
    last_complete[groups.of_row[active]] = every.last_complete[rows][active]  # in order of days, so the last one stays
    return pa.table(
        {
            "event_date": dates(np.full(len(groups), today)),
            "account_id": texts(account.take(groups.first)),
            "subscription_plan": pa.array(plan, pa.string()),
            "segment": pa.array(_segments(above, found["playing_ms"], days[FOUR_WEEKS]), pa.string()),
            "activity_level": pa.array([_level(count) for count in days[FOUR_WEEKS].tolist()], pa.string()),
            "monthly_price_amount": decimals([None if one is None else one * 100 for one in price], 4),
            "currency": pa.array([None if one is None else reference.PRICE_CURRENCY for one in price], pa.string()),
            "is_downgraded": pa.array(
                [one is not None and one < most for one, most in zip(price, highest, strict=True)], pa.bool_()
            ),
            "is_last_play_complete": pa.array(last_complete, mask=days[QUARTER] == 0),
            "known_days": pa.array(groups.greatest(age)),
            "recency_days": pa.array(-last, mask=days[QUARTER] == 0),
            **{f"active_days_{length}": pa.array(count) for length, count in days.items()},
            "playing_ms_7": pa.array(playing_week),
            **{name: pa.array(values) for name, values in found.items()},
            "completion_rate": ratio(found["complete_plays"], found["plays"]),
            "average_playing_ms": ratio(found["playing_ms"], found["plays"]),
            "playing_trend": ratio(4 * playing_week, found["playing_ms"]),
            "weekend_rate": ratio(found["weekend_plays"], found["plays"]),
            "engagement_score": ratio(above, below),
            "average_startup_ms": ratio(found["startup_ms"], found["startup_plays"]),
            "rebuffer_rate": ratio(found["stall_ms"], found["watched_ms"]),
            "exit_before_start_rate": ratio(found["exits_before_start"], found["attempts"]),
            "start_failure_rate": ratio(
                found["technical_start_failures"], found["attempts"] - found["business_start_failures"]
            ),
            "playback_failure_rate": ratio(found["technical_playback_failures"], found["plays"]),
            "skip_rate": ratio(found["skipped_plays"], found["plays"]),
            "ad_seconds_per_hour": ratio(found["ad_ms"] * 3_600, found["playing_ms"]),
            "active_day_rate": ratio(days[FOUR_WEEKS], np.full(len(groups), FOUR_WEEKS)),
            "plays_per_active_day": ratio(found["plays"], days[FOUR_WEEKS]),
        }
    )


def _plans(groups: Groups, plan: Texts) -> list[str]:
    """The latest plan of each account that is known; rows in order of days."""
    found = [reference.UNKNOWN] * len(groups)
    for group, name in zip(groups.of_row.tolist(), plan.to_list(), strict=True):
        if name != reference.UNKNOWN:
            found[group] = str(name)
    return found


def _prices(groups: Groups, plan: list[str], stated: Texts, recent: Bools) -> tuple[list[int | None], list[int]]:
    """Of each account the price of its plan, and the highest of the plans that it had in four weeks; in cents."""
    prices = reference.PLAN_PRICES_CENTS
    of_row = np.array([prices.get(str(name).lower(), -1) for name in stated.to_list()], dtype=np.int64)
    highest = groups.greatest(np.where(recent, of_row, -1)).tolist()
    return [prices.get(name.lower()) for name in plan], highest


def _segments(score: Ints, playing_ms: Ints, active_days: Ints) -> list[str]:
    """The first segment that the mean active day reaches. score: ten times the engagement score of all days."""
    found = []
    for points, playing, days in zip(score.tolist(), playing_ms.tolist(), active_days.tolist(), strict=True):
        reached = [
            name
            for name, least_score, least_minutes in reference.SEGMENTS
            if points >= 10 * least_score * days and playing >= 60_000 * least_minutes * days
        ]
        found.append(reached[0] if days else "inactive")
    return found


def _level(active_days: int) -> str:
    levels = [name for name, least in reference.ACTIVITY_LEVELS if active_days >= least]
    return levels[-1]


def kpi_segment_daily(features: pa.Table) -> pa.Table:
    """By day, segment, level of activity and plan: the accounts, and how long ago they played."""
    names = ("segment", "activity_level", "subscription_plan")
    text = {name: texts_of(features[name].combine_chunks()) for name in names}
    day, recency = (
        days_of(features["event_date"].combine_chunks()),
        numbers_of(features["recency_days"].combine_chunks()),
    )
    groups = Groups(day, *(values.codes for values in text.values()))
    ago = np.where(recency.known, recency.values, QUARTER)
    return pa.table(
        {
            "event_date": dates(day[groups.first]),
            **{name: texts(values.take(groups.first)) for name, values in text.items()},
            "accounts": pa.array(groups.count()),
            "active_accounts": pa.array(groups.count(ago == 0)),
            "fading_accounts": pa.array(groups.count((ago >= WEEK) & (ago < 2 * WEEK))),
            "dormant_accounts": pa.array(groups.count(ago >= 2 * WEEK)),
            **{
                name: pa.array(groups.sum(numbers_of(features[name].combine_chunks()).values))
                for name in ("plays", "playing_ms")
            },
        }
    )
