"""The playbacks of the player, from what the plan knows of them: no event is read here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.hashing import Bools, Ints
from ingestion.generate.player.block import NAMELESS
from ingestion.generate.player.facts import PLAYBACKS, STRETCHES
from ingestion.generate.truth.entities import Content, Inputs
from ingestion.generate.truth.logs import MEDIA_KINDS, VIDEO
from ingestion.generate.truth.model import (
    COMPLETE,
    DAY_US,
    ERROR,
    NEXT_CONTENT,
    SESSION_END,
    STOP,
    TIMEOUT,
    Columns,
    Figures,
    Playbacks,
)
from ingestion.generate.truth.playbacks import first_known, local_hours
from ingestion.generate.truth.read import NULL, Numbers, Texts, column, flags_of, joined, numbers_of, texts_of

PREFIX = "player:"
ANONYMOUS = PREFIX + "anonymous"
TIME_OUT_US = 3_600_000_000


@dataclass(frozen=True)
class Running(Columns):
    """Half-open times in which the playhead of something moved: the row of its playback, its kind (a code of
    MEDIA_KINDS), and where in the content it moved."""

    row: Ints
    kind: Ints
    start_us: Ints
    end_us: Ints
    from_ms: Ints
    to_ms: Ints


def running(inputs: Inputs, plays: Playbacks) -> Running:
    """Every such time: of a playback of a log its whole length, of the player's each stretch."""
    of_log = np.flatnonzero(~plays.player.watched_ms.known & (plays.playing.values > 0))
    own, start = plays.take(of_log), plays.started_us[of_log]
    table = joined(inputs.get(STRETCHES, ()))
    names = ("from_us", "to_us", "from_position_ms", "to_position_ms")
    begin, end, from_ms, to_ms = (numbers_of(column(table, name)).values for name in names)
    row = rows_of(plays, texts_of(column(table, "playback_id")))
    return Running(
        np.concatenate([of_log, row]),
        np.concatenate([own.media_kind.codes, np.full(len(begin), VIDEO)]),
        np.concatenate([start, begin]),
        np.concatenate([start + own.playing.values * 1000, end]),
        np.concatenate([0 * start, from_ms]),
        np.concatenate([own.watched.values, to_ms]),
    )


def rows_of(plays: Playbacks, bare_ids: Texts) -> Ints:
    """The rows of the player's playbacks with these ids."""
    place = {plays.playback_id.names[code]: row for row, code in enumerate(plays.playback_id.codes.tolist())}
    return np.array([place[_identity(str(name))] for name in bare_ids.to_list()], dtype=np.int64)


def _identity(name: str) -> str:
    """playback_id of what has this id, or key of a playback without one."""
    if name.startswith(NAMELESS):
        return hashlib.md5(f"player|{name}".encode(), usedforsecurity=False).hexdigest()
    return PREFIX + name


def build(inputs: Inputs, contents: Mapping[str, Content]) -> Playbacks:
    """The playbacks of the player. contents: the catalogue by content_id."""
    table = joined(inputs.get(PLAYBACKS, ()))

    def number(name: str) -> Numbers:
        return numbers_of(column(table, name))

    def text(name: str) -> Texts:
        return texts_of(column(table, name))

    def flag(name: str) -> Bools:
        return flags_of(column(table, name))

    count = table.num_rows
    playback_id = texts_of([_identity(str(name)) for name in text("playback_id").to_list()])
    account = texts_of([ANONYMOUS if name is None else PREFIX + name for name in text("account_id").to_list()])
    content = texts_of([f"video:{name}" for name in text("content_id").to_list()])
    started_us, playing, watched = number("started_us").values, number("playing_ms"), number("content_watched_ms")
    duration = _durations(content, contents, number("content_duration_ms"))
    is_started, short = flag("is_started"), playing.values < reference.VALID_PLAYING_MS
    is_complete = np.where(
        duration.known, watched.values * 100 >= duration.values * reference.COMPLETE_PERCENT, NULL
    ).astype(np.int64)
    end_reason = _end_reasons(table, account, started_us, playback_id.codes)
    region = first_known(text("region"), text("country"))
    nothing = numbers_of(pa.nulls(count))
    device = [reference.DEVICE_TYPES.get(name or "") for name in text("device").to_list()]
    figures: dict[str, Any] = {
        field.name: {"Numbers": number, "Texts": text, "Bools": flag}[str(field.type)](field.name)
        for field in fields(Figures)
    }
    return Playbacks(
        media_kind=Texts(np.full(count, VIDEO), MEDIA_KINDS),
        playback_id=playback_id,
        account=account,
        content=content,
        channel=texts_of([name or reference.NOT_APPLICABLE for name in text("channel_id").to_list()]),
        started_us=started_us,
        day=started_us // DAY_US,
        playing=playing,
        duration=duration,
        watched=watched,
        is_started=is_started,
        is_valid=is_started & ~short,
        is_complete=is_complete,
        is_skipped=is_started & (is_complete != 1) & short & np.isin(end_reason, (STOP, NEXT_CONTENT)),
        is_imputed=np.zeros(count, dtype=bool),
        is_live=flag("is_live"),
        end_reason=end_reason,
        reported_rate=nothing,
        engagement=nothing,
        revenue=nothing,
        stalls=number("stall_count"),
        ads=number("ad_count"),
        genre=texts_of(pa.nulls(count)),
        region=region,
        country=first_known(text("country")),
        plan=first_known(text("subscription_tier")),
        is_plan_stated=text("subscription_tier").codes != NULL,
        device_type=first_known(texts_of(device)),
        platform=first_known(text("platform")),
        local_hour=local_hours(started_us, region),
        ended_us=number("ended_us").values,
        player=Figures(**figures),
    )


def _durations(content: Texts, contents: Mapping[str, Content], stated: Numbers) -> Numbers:
    """Of the catalogue, else what the player says."""
    found = [contents.get(name) for name in content.names]
    known = numbers_of(pa.array([None if one is None else one.duration_ms for one in found], pa.int64()))
    known = known.take(content.codes)
    return Numbers(np.where(known.known, known.values, stated.values), known.known | stated.known)


def _end_reasons(table: pa.Table, account: Texts, started_us: Ints, id_order: Ints) -> Ints:
    """Why each ended: what its player said; else the account's next playback, the session's end, or silence (all has
    arrived long after). An anonymous viewer's next playback may be somebody else's."""
    said = texts_of(column(table, "end"))
    codes = {"complete": COMPLETE, "stop": STOP, "error": ERROR}
    own = np.array([*(codes[name] for name in said.names), NULL], dtype=np.int64)[said.codes]
    ended_us = numbers_of(column(table, "ended_us")).values
    order = np.lexsort((id_order, started_us, account.codes))
    following = np.full(len(order), np.iinfo(np.int64).max)
    same = account.codes[order[1:]] == account.codes[order[:-1]]
    following[order[:-1][same]] = started_us[order[1:]][same]
    is_left = (following <= ended_us + TIME_OUT_US) & (following <= started_us + DAY_US)
    is_left &= np.array([name != ANONYMOUS for name in account.names], dtype=bool)[account.codes]
    closed = numbers_of(column(table, "session_end_us"))
    is_closed = closed.known & (closed.values >= ended_us) & (closed.values <= ended_us + TIME_OUT_US)
    otherwise = np.where(is_left, NEXT_CONTENT, np.where(is_closed, SESSION_END, TIMEOUT))
    return np.where(own == NULL, otherwise, own)
