"""What each account did on each day, and the audience that they make up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.columns import decimals
from ingestion.generate.hashing import Bools, Ints
from ingestion.generate.truth.advertising import Opportunities
from ingestion.generate.truth.groups import Groups, dates, ratio, texts
from ingestion.generate.truth.model import Playbacks
from ingestion.generate.truth.players import ANONYMOUS
from ingestion.generate.truth.read import Texts, days_of, merged, numbers_of, texts_of

DAY_MS = 86_400_000
REACH_MS = 60_000  # a minute in a day: somebody was reached
WEEK, FOUR_WEEKS = 7, 28


@dataclass(frozen=True)
class Days:
    """Every (account, day) on which one of several kinds of rows stands; parts: the groups' rows by kind."""

    account: Texts
    groups: Groups
    day: Ints
    bounds: Ints

    def part(self, kind: int) -> slice:
        """The rows of that kind."""
        return slice(int(self.bounds[kind]), int(self.bounds[kind + 1]))

    def within(self, kind: int, values: Ints) -> Ints:
        """Values of the rows of one kind, 0 for those of the others."""
        spread = np.zeros(int(self.bounds[-1]), dtype=np.int64)
        spread[self.part(kind)] = values
        return spread


def fct_account_day(plays: Playbacks, sessions: pa.Table, interactions: pa.Table, ads: Opportunities) -> pa.Table:
    """One row an account and day on which it did anything; those who did not sign in are no account."""
    opened = plays.take(ads.playback)
    accounts = [plays.account, texts_of(sessions["account_id"].combine_chunks())]
    accounts += [texts_of(interactions["account_id"].combine_chunks()), opened.account]
    days = [plays.day, days_of(sessions["event_date"].combine_chunks())]
    days += [days_of(interactions["event_date"].combine_chunks()), ads.day]
    account, day = merged(accounts), np.concatenate(days)
    found = Days(account, Groups(day, account.codes), day, np.cumsum([0, *map(len, days)]))
    groups = found.groups
    is_known = np.array([name != ANONYMOUS for name in account.names], dtype=bool)[account.codes[groups.first]]
    values = {**_played(found, plays), **_others(found, sessions, interactions, ads)}
    scales = {"ad_revenue_amount": 4, "impression_revenue_amount": 6}
    table = pa.table(
        {
            "event_date": dates(day[groups.first]),
            "account_id": texts(account.take(groups.first)),
            "subscription_plan": pa.array(_plans(found, plays), pa.string()),
            "is_last_play_complete": pa.array(_last_completions(found, plays), pa.bool_()),
            **{
                name: decimals(column, scales[name]) if name in scales else pa.array(column)
                for name, column in values.items()
            },
        }
    )
    return table.filter(pa.array(is_known))


def _played(found: Days, plays: Playbacks) -> dict[str, Ints]:
    own, player = plays, plays.player
    groups, started = found.groups, plays.is_started
    technical = np.array([*(name == "technical" for name in player.error_class.names), True])[player.error_class.codes]

    def total(values: Ints | Bools) -> Ints:
        return groups.sum(found.within(0, values.astype(np.int64)))

    def different(codes: Ints, where: Bools) -> Ints:
        return groups.distinct(found.within(0, codes), found.within(0, where.astype(np.int64)) == 1)

    everything = np.ones(len(own), dtype=bool)
    return {
        "attempts": total(everything),
        "plays": total(started),
        "valid_plays": total(own.is_valid),
        "complete_plays": total(started & (own.is_complete == 1)),
        "skipped_plays": total(own.is_skipped),
        "playing_ms": total(own.playing.values),
        "distinct_contents": different(own.content.codes, started),
        "distinct_devices": different(own.device_type.codes, everything),
        "technical_start_failures": total(player.is_start_failure & technical),
        "business_start_failures": total(player.is_start_failure & ~technical),
        "technical_playback_failures": total(player.is_playback_failure & technical),
        "exits_before_start": total(player.is_exit_before_start),
        "startup_ms": total(player.startup_ms.values),
        "startup_plays": total(player.startup_ms.known),
        "watched_ms": total(player.watched_ms.values),
        "stall_ms": total(player.stall_ms.values),
        "ad_revenue_amount": total(own.revenue.values),
    }


def _others(found: Days, sessions: pa.Table, interactions: pa.Table, ads: Opportunities) -> dict[str, Ints]:
    groups = found.groups

    def total(kind: int, values: Ints | Bools) -> Ints:
        return groups.sum(found.within(kind, values.astype(np.int64)))

    searches = np.array([name == "search" for name in interactions["interaction_type"].to_pylist()], dtype=bool)
    shown = ads.flags["is_impression"]
    return {
        "app_sessions": total(1, np.ones(sessions.num_rows, dtype=bool)),
        "session_active_ms": total(1, numbers_of(sessions["active_ms"].combine_chunks()).values),
        "crash_count": total(1, numbers_of(sessions["crash_count"].combine_chunks()).values),
        "interactions": total(2, np.ones(interactions.num_rows, dtype=bool)),
        "searches": total(2, searches),
        "net_likes": total(2, numbers_of(interactions["like_change"].combine_chunks()).values),
        "ad_impressions": total(3, shown),
        "ad_clicks": total(3, ads.flags["is_clicked"]),
        "ad_skips": total(3, ads.flags["is_skipped"]),
        "ad_ms": total(3, ads.ad_ms),
        "impression_revenue_amount": total(3, ads.price.values),
    }


def _plans(found: Days, plays: Playbacks) -> list[str]:
    """The plan of the last playback of each account and day that states one."""
    names = np.array(plays.plan.names)[plays.plan.codes] if len(plays) else np.array([], dtype=str)
    order = np.lexsort((plays.playback_id.codes, plays.started_us))
    plan = [reference.UNKNOWN] * len(found.groups)
    group = found.groups.of_row[found.part(0)]
    for row in order[plays.is_plan_stated[order]].tolist():
        plan[int(group[row])] = str(names[row])
    return plan


def _last_completions(found: Days, plays: Playbacks) -> list[bool | None]:
    """Was the last play of each account and day complete? Unknown (-1) is None."""
    order = np.lexsort((plays.playback_id.codes, plays.started_us))
    complete: list[bool | None] = [None] * len(found.groups)
    group = found.groups.of_row[found.part(0)]
    for row in order[plays.is_started[order]].tolist():
        value = int(plays.is_complete[row])
        complete[int(group[row])] = None if value < 0 else value == 1
    return complete


def kpi_audience(plays: Playbacks) -> pa.Table:
    """By date and group (all, a media kind, a channel): who played on it, in the week and the four weeks to it."""
    started = plays.where(plays.is_started)
    aired = started.where(started.has_channel)
    everything = Texts(np.zeros(len(started), dtype=np.int64), ["all"])
    parts = [
        _audience("all", started, everything),
        _audience("media_kind", started, started.media_kind),
        _audience("channel", aired, aired.channel),
    ]
    return pa.concat_tables(parts)


def _audience(kind: str, plays: Playbacks, value: Texts) -> pa.Table:
    groups = Groups(value.codes, plays.day)
    is_known = np.array([name != ANONYMOUS for name in plays.account.names], dtype=bool)[plays.account.codes]
    own = plays.where(is_known)
    single = Groups(value.codes[is_known], own.account.codes, own.day)  # one row an account and day
    minutes = single.sum(own.playing.values)
    of_value, account = value.codes[is_known][single.first], own.account.codes[single.first]
    day = own.day[single.first]
    found = {name: np.zeros(len(groups), dtype=np.int64) for name in COUNTS}
    for number, row in enumerate(groups.first.tolist()):
        age = plays.day[row] - day
        seen = (of_value == value.codes[row]) & (age >= 0) & (age < FOUR_WEEKS)
        reached = seen & (minutes >= REACH_MS)
        for suffix, days in (("", 1), ("_7", WEEK), ("_28", FOUR_WEEKS)):
            found[f"unique_accounts{suffix}"][number] = len(np.unique(account[seen & (age < days)]))
            found[f"reached_accounts{suffix}"][number] = len(np.unique(account[reached & (age < days)]))
        found["reached_account_days_28"][number] = int(reached.sum())
    playing = groups.sum(plays.playing.values)
    return pa.table(
        {
            "event_date": dates(plays.day[groups.first]),
            "group_kind": pa.array([kind] * len(groups), pa.string()),
            "group_value": texts(value.take(groups.first)),
            "plays": pa.array(groups.count()),
            "playing_ms": pa.array(playing),
            **{name: pa.array(column) for name, column in found.items()},
            "stickiness_rate": ratio(found["unique_accounts"], found["unique_accounts_28"]),
            "average_frequency": ratio(found["reached_account_days_28"], found["reached_accounts_28"]),
            "average_minute_audience": ratio(playing, np.full(len(groups), DAY_MS)),
        }
    )


COUNTS = (
    "unique_accounts", "unique_accounts_7", "unique_accounts_28", "reached_accounts", "reached_accounts_7",
    "reached_accounts_28", "reached_account_days_28",
)  # fmt: skip
