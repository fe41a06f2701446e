"""Every playback, once, with the flags that the definitions give it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.hashing import Bools, Ints
from ingestion.generate.truth.entities import Account, Content, Inputs
from ingestion.generate.truth.logs import MEDIA_KINDS, TRACK, VIDEO, Log, music_log, television_log
from ingestion.generate.truth.model import COMPLETE, DAY_US, NEXT_CONTENT, STOP, Figures, Playbacks
from ingestion.generate.truth.read import NULL, Numbers, Texts, numbers_of, texts_of

QUARTER_HOUR_US = 900_000_000  # offsets of time zones change, and differ, by whole quarters of an hour


def build(inputs: Inputs, accounts: Mapping[str, Account], contents: Mapping[str, Content]) -> Playbacks:
    """The playbacks of the two logs. contents: the catalogue by content_id."""
    logs = [television_log(inputs), music_log(inputs)]
    kind = np.concatenate([np.full(len(log), log.kind) for log in logs])
    user = [value for log in logs for value in log.user.to_list()]
    item = [value for log in logs for value in log.item.to_list()]
    prefix = ["music:" if value == TRACK else "tv:" for value in kind.tolist()]
    account = texts_of([p + str(value) for p, value in zip(prefix, user, strict=True)])
    content = texts_of([p + str(value) for p, value in zip(prefix, item, strict=True)])
    playback_id = texts_of([value for log in logs for value in log.playback_id])
    started = np.concatenate([log.started_us for log in logs])
    duration = _durations(content, contents)
    reported = _numbers(logs, lambda log: log.reported_ms)
    gap = _gaps(kind, account.codes, started, playback_id.codes)
    playing = _playing(kind, reported, duration, gap)
    watched = Numbers(
        np.where(duration.known, np.minimum(playing.values, duration.values), playing.values), playing.known
    )
    completion = _numbers(logs, lambda log: log.completion)
    is_complete = _complete(completion, watched, duration)
    is_started = ~reported.known | (reported.values > 0)
    end_reason = np.where(
        is_complete == 1,
        COMPLETE,
        np.where(reported.known | (kind == VIDEO), STOP, np.where(playing.known, NEXT_CONTENT, NULL)),
    )
    short = playing.known & (playing.values < reference.VALID_PLAYING_MS)
    who = _of_account(account, accounts)
    region = first_known(_texts(logs, lambda log: log.region), who(lambda a: a.region), who(lambda a: a.country))
    country = first_known(
        texts_of([reference.REGION_COUNTRIES.get(name or "") for name in region.to_list()]), who(lambda a: a.country)
    )
    device = [
        reference.DEVICE_TYPES.get((name or "").lower()) for name in _texts(logs, lambda log: log.device).to_list()
    ]
    return Playbacks(
        media_kind=Texts(kind, MEDIA_KINDS),
        playback_id=playback_id,
        account=account,
        content=content,
        channel=_texts(logs, lambda log: log.channel),
        started_us=started,
        day=started // DAY_US,
        playing=playing,
        duration=duration,
        watched=watched,
        is_started=is_started,
        is_valid=is_started & playing.known & ~short,
        is_complete=is_complete,
        # A playback that is not complete, and has an end reason, was stopped or left for the next content.
        is_skipped=is_started & (is_complete != 1) & short & (end_reason != NULL),
        is_imputed=(kind == TRACK) & ~reported.known,
        is_live=np.concatenate([log.is_live for log in logs]),
        end_reason=end_reason,
        # A completion in ten-thousandths of a percent is the same integer as its rate in millionths.
        reported_rate=completion,
        engagement=_numbers(logs, lambda log: log.engagement),
        revenue=_numbers(logs, lambda log: log.revenue),
        stalls=_numbers(logs, lambda log: log.stalls),
        ads=_numbers(logs, lambda log: log.ads),
        genre=_texts(logs, lambda log: log.genre),
        region=region,
        country=country,
        plan=first_known(_texts(logs, lambda log: log.plan), who(lambda a: a.plan)),
        is_plan_stated=_texts(logs, lambda log: log.plan).codes != NULL,
        device_type=first_known(texts_of(device)),
        platform=first_known(_texts(logs, lambda log: log.platform)),
        local_hour=local_hours(started, region),
        ended_us=started + playing.values * 1000,
        player=_unknown_figures(len(started), reported.known & (reported.values == 0)),
    )


def _unknown_figures(count: int, is_exit: Bools) -> Figures:
    """Figures of playbacks of which only the length is known: of length 0, they were left before the start."""
    nothing, blank = numbers_of(pa.nulls(count)), texts_of(pa.nulls(count))
    empty = {Numbers.__name__: nothing, Texts.__name__: blank, "Bools": np.zeros(count, dtype=bool)}
    values: dict[str, Any] = {field.name: empty[str(field.type)] for field in fields(Figures)}
    return Figures(**{**values, "is_exit_before_start": is_exit})


def _numbers(logs: Sequence[Log], pick: Callable[[Log], Numbers]) -> Numbers:
    parts = [pick(log) for log in logs]
    return Numbers(np.concatenate([p.values for p in parts]), np.concatenate([p.known for p in parts]))


def _texts(logs: Sequence[Log], pick: Callable[[Log], Texts]) -> Texts:
    return texts_of([value for log in logs for value in pick(log).to_list()])


def first_known(*choices: Texts) -> Texts:
    """The first of the choices that is known, else 'unknown'."""
    columns = [choice.to_list() for choice in choices]
    values = [
        next((value for value in row if value is not None), reference.UNKNOWN) for row in zip(*columns, strict=True)
    ]
    return texts_of(values)


def _of_account(account: Texts, accounts: Mapping[str, Account]) -> Callable[[Callable[[Account], str | None]], Texts]:
    """A function that gives one attribute of the account of each playback."""
    known = [accounts.get(name, Account()) for name in account.names]

    def attribute(pick: Callable[[Account], str | None]) -> Texts:
        of_name = texts_of([pick(one) for one in known])
        return of_name.take(account.codes)

    return attribute


def _durations(content: Texts, contents: Mapping[str, Content]) -> Numbers:
    found = [contents.get(name) for name in content.names]
    values = [None if one is None else one.duration_ms for one in found]
    return numbers_of(pa.array(values, pa.int64())).take(content.codes)


def _gaps(kind: Ints, account: Ints, started: Ints, id_order: Ints) -> Numbers:
    """Milliseconds to the account's next listen, in order of (started_at, playback_id)."""
    listens = np.flatnonzero(kind == TRACK)
    order = listens[np.lexsort((id_order[listens], started[listens], account[listens]))]
    gap, known = np.zeros(len(kind), dtype=np.int64), np.zeros(len(kind), dtype=bool)
    follows = account[order[1:]] == account[order[:-1]]
    gap[order[:-1]] = (started[order[1:]] - started[order[:-1]]) // 1000
    known[order[:-1]] = follows
    return Numbers(gap, known)


def _playing(kind: Ints, reported: Numbers, duration: Numbers, gap: Numbers) -> Numbers:
    """Reported playing time; for a listen without one the track's duration, cut by the next listen."""
    imputed = np.where(gap.known, np.minimum(duration.values, gap.values), duration.values)
    can_be_imputed = (kind == TRACK) & duration.known
    known = reported.known | can_be_imputed
    return Numbers(np.where(known, np.where(reported.known, reported.values, imputed), 0), known)


def _complete(completion: Numbers, watched: Numbers, duration: Numbers) -> Ints:
    """1, 0, or NULL where neither a reported completion nor a duration is known."""
    by_report = completion.values >= reference.COMPLETE_PERCENT * 10_000
    by_time = watched.values * 100 >= duration.values * reference.COMPLETE_PERCENT
    otherwise = np.where(duration.known & watched.known, by_time.astype(np.int64), NULL)
    return np.where(completion.known, by_report.astype(np.int64), otherwise)


def local_hours(started_us: Ints, region: Texts) -> Ints:
    """Hour of the day of each start, on the clock of its region (UTC where the region has none)."""
    quarters, which = np.unique(started_us // QUARTER_HOUR_US, return_inverse=True)
    hours = np.empty((max(len(region.names), 1), max(len(quarters), 1)), dtype=np.int64)
    for place, name in enumerate(region.names):
        zone = ZoneInfo(reference.REGION_ZONES.get(name, "UTC"))
        hours[place, : len(quarters)] = [_hour(int(quarter), zone) for quarter in quarters.tolist()]
    return hours[region.codes, which]


def _hour(quarter: int, zone: ZoneInfo) -> int:
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=quarter * 900)
    return instant.astimezone(zone).hour
