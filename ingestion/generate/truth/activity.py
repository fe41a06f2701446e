"""What accounts do besides playing: events by type, likes, sessions of the application."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.hashing import Bools, Ints
from ingestion.generate.player.facts import INTERACTIONS, SENT
from ingestion.generate.truth.entities import Inputs
from ingestion.generate.truth.groups import Groups, dates, texts
from ingestion.generate.truth.model import DAY_US
from ingestion.generate.truth.playbacks import first_known
from ingestion.generate.truth.players import ANONYMOUS, PREFIX, TIME_OUT_US
from ingestion.generate.truth.read import NULL, Texts, column, instants_of, joined, numbers_of, pack, texts_of

LIKES = ("user_like", "user_unlike", "user_dislike")


def _family(event_type: str) -> str:
    word = event_type.partition("_")[0]
    return "session" if word == "device" else word


@dataclass(frozen=True)
class Sent:
    """Every event that the players sent, once."""

    table: pa.Table

    def text(self, name: str) -> Texts:
        """A column of texts."""
        return texts_of(column(self.table, name))

    @cached_property
    def at_us(self) -> Ints:
        """When each happened."""
        return instants_of(column(self.table, "event_at"))

    @cached_property
    def kind(self) -> Texts:
        """event_type."""
        return self.text("event_type")

    def is_of(self, family: str) -> Bools:
        """Is it of this family?"""
        return np.array([_family(name) == family for name in self.kind.names], dtype=bool)[self.kind.codes]


def sent(inputs: Inputs) -> Sent:
    """The events of the inputs."""
    return Sent(joined(inputs.get(SENT, ())))


def kpi_event_mix_daily(events: Sent) -> pa.Table:
    """By date, type and country: events and the accounts that sent them."""
    day, country, account = events.at_us // DAY_US, first_known(events.text("country")), events.text("account_id")
    groups = Groups(day, events.kind.codes, country.codes)
    kind = texts(events.kind.take(groups.first))
    return pa.table(
        {
            "event_date": dates(day[groups.first]),
            "event_type": kind,
            "event_family": pa.array([_family(name) for name in kind.to_pylist()], pa.string()),
            "country": texts(country.take(groups.first)),
            "event_count": groups.count(),
            "active_accounts": groups.distinct(account.codes, account.codes != NULL),
        }
    )


def fct_interaction(inputs: Inputs) -> pa.Table:
    """One row an interaction, with the change of the account's likes of the content."""
    table = joined(inputs.get(INTERACTIONS, ()))
    kind, account, content, session, country = (
        texts_of(column(table, name)) for name in ("event_type", "account_id", "content_id", "session_id", "country")
    )
    at_us = numbers_of(column(table, "event_us")).values
    device = [reference.DEVICE_TYPES.get(name or "") for name in texts_of(column(table, "device")).to_list()]
    return pa.table(
        {
            "account_id": pa.array([f"{PREFIX}{name}" for name in account.to_list()], pa.string()),
            "session_id": texts(session),
            "content_id": pa.array([name and f"video:{name}" for name in content.to_list()], pa.string()),
            "interaction_type": pa.array([str(name).partition("_")[2] for name in kind.to_list()], pa.string()),
            "device_type": texts(first_known(texts_of(device))),
            "country": texts(first_known(country)),
            "like_change": pa.array(_like_changes(kind, account, content, at_us)),
            "interacted_at": pa.array(at_us).cast(pa.timestamp("us")),
            "event_date": dates(at_us // DAY_US),
        }
    )


def _like_changes(kind: Texts, account: Texts, content: Texts, at_us: Ints) -> Ints:
    """1 where a like begins, -1 where it ends: a like is a state of account and content."""
    change = np.zeros(len(at_us), dtype=np.int64)
    names = np.array([*kind.names, ""])[kind.codes]
    rows = np.flatnonzero(np.isin(names, LIKES))
    order = rows[np.lexsort((at_us[rows], content.codes[rows], account.codes[rows]))]
    liked: dict[tuple[int, int], bool] = {}
    for row in order.tolist():
        key = (int(account.codes[row]), int(content.codes[row]))
        likes = names[row] == LIKES[0]
        change[row] = int(likes) - int(liked.get(key, False))
        liked[key] = bool(likes)
    return change


def fct_app_session(events: Sent) -> pa.Table:
    """One row a session: with an id its events, without one what an account does on a device on a day, up to a
    silence over the time-out."""
    session, account, device = events.text("session_id"), events.text("account_id"), events.text("device_id")
    day, kind = events.at_us // DAY_US, events.kind
    unnamed = session.codes == NULL
    named_owner = np.where(unnamed, NULL, session.codes)
    owner = pack(
        named_owner,
        np.where(unnamed, account.codes, NULL),
        np.where(unnamed, device.codes, NULL),
        np.where(unnamed, day, 0),
    )
    ids = events.text("event_id")
    order = np.lexsort((ids.codes, events.at_us, owner))
    order = order[~(unnamed & (account.codes == NULL) & (device.codes == NULL))[order]]
    owner, at_us, unnamed = owner[order], events.at_us[order], unnamed[order]
    silence = np.diff(at_us, prepend=at_us[:1]) // 1000
    begins = np.diff(owner, prepend=-1) != 0
    begins |= unnamed & (silence > TIME_OUT_US // 1000)
    number = np.cumsum(begins) - 1
    first = np.flatnonzero(begins)
    groups = Groups(number)
    types = np.array([*kind.names, ""])[kind.codes][order]
    is_end = types == "session_end"
    end_us = np.full(len(first), np.iinfo(np.int64).min)
    np.maximum.at(end_us, number[is_end], at_us[is_end])
    has_end = groups.count(is_end) > 0
    last_us = np.full(len(first), np.iinfo(np.int64).min)
    np.maximum.at(last_us, number, at_us)
    is_late = has_end[number] & (at_us > end_us[number])
    counts = ~begins & (silence <= TIME_OUT_US // 1000) & ~is_late
    is_video = events.is_of("video")[order]
    content = events.text("content_id").take(order)
    named = events.text("playback_id").take(order).to_list()
    # Without an id the content tells the playbacks of a session apart.
    crashes = numbers_of(column(events.table, "app_crashes")).values
    playback = texts_of([name or f"of {title}" for name, title in zip(named, content.to_list(), strict=True)])
    start = order[first]
    names = session.take(start).to_list()
    accounts = groups.greatest(account.codes[order])
    device_type = [reference.DEVICE_TYPES.get(one or "") for one in events.text("device_type").take(start).to_list()]
    return pa.table(
        {
            "session_id": pa.array(
                [one or f"{PREFIX}{other}" for one, other in zip(names, ids.take(start).to_list(), strict=True)],
                pa.string(),
            ),
            "account_id": pa.array(
                [ANONYMOUS if code == NULL else PREFIX + account.names[code] for code in accounts.tolist()], pa.string()
            ),
            "device_type": texts(first_known(texts_of(device_type))),
            "app_version": texts(first_known(events.text("app_version").take(start))),
            "country": texts(first_known(events.text("country").take(start))),
            "event_count": pa.array(groups.count()),
            "playback_count": pa.array(groups.distinct(playback.codes, is_video)),
            "content_count": pa.array(groups.distinct(content.codes, is_video)),
            "device_count": pa.array(groups.distinct(device.codes[order], device.codes[order] != NULL)),
            "interaction_count": pa.array(groups.count(events.is_of("user")[order])),
            "device_change_count": pa.array(groups.count(types == "device_change")),
            "crash_count": pa.array(groups.greatest(crashes[order])),
            "late_event_count": pa.array(groups.count(is_late)),
            "active_ms": pa.array(groups.sum(np.where(counts, silence, 0))),
            "is_start_reported": pa.array(types[first] == "session_start"),
            "is_end_reported": pa.array(has_end),
            "event_date": dates(at_us[first] // DAY_US),
            "started_at": pa.array(at_us[first]).cast(pa.timestamp("us")),
            "ended_at": pa.array(np.where(has_end, end_us, last_us)).cast(pa.timestamp("us")),
        }
    )
