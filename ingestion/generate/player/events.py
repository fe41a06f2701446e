"""The events of playbacks: what a player sends, from the scripts and their layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ingestion.generate.hashing import Bools, Ints
from ingestion.generate.player import script as s
from ingestion.generate.player.ads import BANNER, BROKEN, REFUSED, SEEN, SKIPPED, Ads
from ingestion.generate.player.layout import Layout
from ingestion.generate.player.measures import heartbeats
from ingestion.generate.player.script import Script

NULL = -1
PING_MS = 60_000  # between two heartbeats in a pause, of the players that send them
ECHO_MS = 1_500  # from the end of the content to the stop that some players send after it
VERSIONS_WITH_PINGS, VERSIONS_WITH_LATE_STARTUP, VERSIONS_WITH_STARTUP = (4,), (2, 3), (0, 4, 5)


@dataclass(frozen=True)
class Chunk:
    """Events of one type: their playbacks, milliseconds from the request, an id (unique in its playback), and the
    values of further columns (-1: null)."""

    event_type: str
    row: Ints
    at_ms: Ints
    identity: Ints
    values: dict[str, Ints] = field(default_factory=dict)


def video_events(
    seed: int, script: Script, layout: Layout, ads: Ads, version: Ints, reports_length: Bools
) -> Iterator[Chunk]:
    """All video events. version: index of the player's version. reports_length: is the duration on the request?"""
    yield _requests(script, version, reports_length)
    yield from _failed_tries(script)
    yield from _early(script, layout)
    yield from _beats(seed, script, layout, version)
    yield from _between(script, layout)
    yield from _pings(script, layout, version)
    row = np.unique(ads.row[ads.leg == s.LEGS])
    yield Chunk("video_heartbeat", row, layout.tail[row], row * 0 + 24 * 4096, _final(script, row))
    yield from _ends(script, layout)


def _requests(script: Script, version: Ints, reports_length: Bools) -> Chunk:
    row = np.flatnonzero(~script.is_play_lost)
    tells = np.isin(version, VERSIONS_WITH_STARTUP) & script.is_played & (script.early_pause_ms == 0)
    length = script.length * script.unit_ms
    return Chunk(
        "video_play",
        row,
        np.zeros(len(row), dtype=np.int64),
        row * 0,
        {
            "position_ms": _placed(script, row, script.first[row]),
            "startup_ms": np.where(tells, script.startup_ms, NULL)[row],
            "bitrate_kbps": script.kbps[row, 0],
            "content_duration_ms": np.where(reports_length, length, NULL)[row],
        },
    )


def _failed_tries(script: Script) -> Iterator[Chunk]:
    """A first request under the same id, and the error that ended it."""
    row = np.flatnonzero(script.failed_ms)
    place = {"position_ms": _placed(script, row, script.first[row])}
    yield Chunk("video_play", row, -script.failed_ms[row], row * 0 + 1, place)
    error = {**place, "error_code": row * 0, "is_fatal": row * 0 + 1}
    yield Chunk("video_error", row, -script.failed_ms[row] + script.failed_ms[row] // 2, row * 0 + 32, error)


def _early(script: Script, layout: Layout) -> Iterator[Chunk]:
    """A pause before the first frame, which takes away the meaning of the start-up time."""
    row = np.flatnonzero(script.early_pause_ms > 0)
    place = {"position_ms": _placed(script, row, script.first[row])}
    # After the pre-roll, in the last 100 ms before the frame would have come.
    paused = layout.pre_roll[row] + script.startup_ms[row] - 100
    yield Chunk("video_pause", row, paused, row * 0 + 1, place)
    yield Chunk("video_resume", row, paused + script.early_pause_ms[row], row * 0 + 1, place)


def _beats(seed: int, script: Script, layout: Layout, version: Ints) -> Iterator[Chunk]:
    beat = heartbeats(seed, script)
    row, leg = beat.row, beat.leg
    is_first = (leg == 0) & (beat.number == 1)
    tells = is_first & np.isin(version, VERSIONS_WITH_LATE_STARTUP)[row] & (script.early_pause_ms == 0)[row]
    yield Chunk(
        "video_heartbeat",
        row,
        layout.begin[row, leg] + beat.ticks * s.TICK_MS,
        leg * 4096 + beat.number,
        {
            "position_ms": _placed(script, row, script.begin[row, leg] + beat.ticks),
            "bitrate_kbps": script.kbps[row, leg],
            "dropped_frames": np.where(beat.dropped > 0, beat.dropped, NULL),
            "startup_ms": np.where(tells, script.startup_ms[row], NULL),
        },
    )
    # The last sign before the playhead jumps unreported, or before advertisements.
    row, leg = np.nonzero(script.jumps | (script.counts & (script.kind == s.BREAK)))
    yield _at_end_of("video_heartbeat", script, layout, row, leg, leg * 4096 + 4095)


def _between(script: Script, layout: Layout) -> Iterator[Chunk]:
    """What stands between two legs: pauses, stalls, seeks, changes of quality, errors that end nothing."""
    kind = np.where(script.counts, script.kind, s.START)
    row, leg = np.nonzero(np.isin(kind, s.PAUSES))
    yield _at_end_of("video_pause", script, layout, row, leg, leg + 8)
    row, leg = np.nonzero(np.isin(kind, s.PAUSES) & (script.told != s.BY_MOVE))
    yield _at_begin_of("video_resume", script, layout, row, leg, leg + 8)
    # Where no advertisement came, nothing else would tell how long the player waited for one.
    row, leg = np.nonzero(kind == s.BREAK)
    yield _at_begin_of("video_resume", script, layout, row, leg, leg + 24)
    row, leg = np.nonzero(np.isin(kind, s.STALLS))
    yield _stall(script, layout, row, leg)
    told = np.isin(kind, s.STALLS) & ((script.told == s.BY_EVENT) | (script.told == s.BY_BOTH))
    row, leg = np.nonzero(told)
    yield _at_begin_of("video_resume", script, layout, row, leg, leg + 16)
    row, leg = np.nonzero(np.isin(kind, s.SEEKS))
    yield _seek(script, layout, row, leg)
    row, leg = np.nonzero(kind == s.QUALITY)
    yield _at_end_of("video_quality_change", script, layout, row, leg, leg, {"bitrate_kbps": script.kbps[row, leg]})
    row, leg = np.nonzero(kind == s.SOFT_ERROR)
    soft = {"error_code": row * 0 + s.SOFT_CODE, "is_fatal": row * 0}
    yield _at_end_of("video_error", script, layout, row, leg, leg, soft)


def _stall(script: Script, layout: Layout, row: Ints, leg: Ints) -> Chunk:
    told = (script.told[row, leg] == s.BY_LENGTH) | (script.told[row, leg] == s.BY_BOTH)
    return Chunk(
        "video_buffer",
        row,
        layout.begin[row, leg] - script.gap_ms[row, leg],
        leg,
        {
            "position_ms": _placed(script, row, script.begin[row, leg]),
            "stall_ms": np.where(told, script.gap_ms[row, leg], NULL),
        },
    )


def _seek(script: Script, layout: Layout, row: Ints, leg: Ints) -> Chunk:
    before = script.begin[row, leg - 1] + script.ticks[row, leg - 1]
    in_pause = np.where(script.kind[row, leg] == s.PAUSE_SEEK, script.gap_ms[row, leg], 0)
    target = _placed(script, row, script.begin[row, leg])
    return Chunk(
        "video_seek",
        row,
        layout.end[row, leg - 1] + in_pause,
        leg,
        {"position_ms": target, "seek_from_ms": _placed(script, row, before), "seek_to_ms": target},
    )


def _pings(script: Script, layout: Layout, version: Ints) -> Iterator[Chunk]:
    """Heartbeats in a pause, of the players that send them."""
    count = np.where(script.counts & (script.kind == s.PAUSE) & ~script.is_silent, (script.gap_ms - 1) // PING_MS, 0)
    count *= np.isin(version, VERSIONS_WITH_PINGS)[:, None]
    row, leg = np.nonzero(count)
    times = count[row, leg]
    first = np.cumsum(times) - times
    number = np.arange(times.sum()) - np.repeat(first, times) + 1
    row, leg = np.repeat(row, times), np.repeat(leg, times)
    place = {"position_ms": _placed(script, row, script.begin[row, leg])}
    at_ms = layout.end[row, leg - 1] + number * PING_MS
    yield Chunk("video_heartbeat", row, at_ms, (leg + 8) * 4096 + number, place)


def _ends(script: Script, layout: Layout) -> Iterator[Chunk]:
    end = np.where(script.is_played, script.end, NULL)
    row = np.flatnonzero(np.isin(end, (s.PAUSED_STOP, s.PAUSED_SILENT)))
    yield Chunk("video_pause", row, layout.tail[row], row * 0 + 16, _final(script, row))
    row = np.flatnonzero(end == s.STALLED_STOP)
    yield Chunk("video_buffer", row, layout.tail[row], row * 0 + 16, _final(script, row))
    row = np.flatnonzero(np.isin(end, (s.COMPLETE, s.COMPLETE_STOP)))
    yield Chunk("video_complete", row, layout.leave[row], row * 0, _final(script, row))
    left = script.outcome == s.LEFT
    row = np.flatnonzero(np.isin(end, (s.STOP, s.PAUSED_STOP, s.STALLED_STOP, s.COMPLETE_STOP)) | left)
    echo = np.where(end[row] == s.COMPLETE_STOP, ECHO_MS, 0)
    yield Chunk("video_stop", row, layout.leave[row] + echo, row * 0, _final(script, row))
    code = script.fatal_code
    row = np.flatnonzero(code >= 0)
    values = {**_final(script, row), "error_code": code[row], "is_fatal": row * 0 + 1}
    yield Chunk("video_error", row, layout.leave[row], row * 0 + 16, values)


def ad_events(script: Script, layout: Layout, ads: Ads) -> Iterator[Chunk]:
    """The events of the opportunities: requests, impressions, quartiles, clicks, and how each ends."""
    impression = layout.break_at(ads) + ads.offset_ms
    leg = np.minimum(np.maximum(ads.leg - 1, 0), s.LEGS - 1)
    leg = np.where(ads.leg == s.LEGS, script.end_leg[ads.row], leg)
    place = np.where(ads.leg == 0, script.first[ads.row], script.begin[ads.row, leg] + script.ticks[ads.row, leg])
    position = np.where(ads.kind == BANNER, NULL, _placed(script, ads.row, place))
    shared = {"position_ms": position, "opportunity": np.arange(len(ads.row))}
    identity = ads.leg * 4 + ads.place
    over = impression + ads.view_ms
    quartiles = ads.quartiles()

    def of(event_type: str, which: Bools, at_ms: Ints, **more: Ints) -> Chunk:
        kept = np.flatnonzero(which)
        values = {name: column[kept] for name, column in {**shared, **more}.items()}
        return Chunk(event_type, ads.row[kept], at_ms[kept], identity[kept], values)

    yield of("ad_request", ads.is_asked, impression - ads.latency_ms)
    yield of("ad_impression", ads.is_shown, impression, price_amount=ads.price)
    for part in (1, 2, 3):
        reached = of("ad_quartile", quartiles >= part, impression + ads.length_ms * part // 4)
        quartile = np.full(len(reached.row), 25 * part)
        yield Chunk(
            reached.event_type,
            reached.row,
            reached.at_ms,
            reached.identity + 64 * part,
            {**reached.values, "quartile": quartile},
        )
    yield of("ad_click", ads.is_clicked, impression + ads.view_ms // 2)
    yield of("ad_complete", ads.fate == SEEN, over, view_duration_ms=ads.view_ms)
    yield of("ad_skip", ads.fate == SKIPPED, over, view_duration_ms=ads.view_ms)
    yield of("ad_error", (ads.fate == BROKEN) | (ads.fate == REFUSED), over)


def _placed(script: Script, row: Ints, ticks: Ints) -> Ints:
    """Positions in milliseconds, of players that report any."""
    return np.where(script.has_positions[row], ticks * script.unit_ms[row], NULL)


def _final(script: Script, row: Ints) -> dict[str, Ints]:
    """The position at the end of the last leg, or that of the request."""
    leg = script.end_leg[row]
    last = script.begin[row, leg] + script.ticks[row, leg]
    return {"position_ms": _placed(script, row, np.where(script.legs[row] > 0, last, script.first[row]))}


def _at_end_of(
    event_type: str,
    script: Script,
    layout: Layout,
    row: Ints,
    leg: Ints,
    identity: Ints,
    values: dict[str, Ints] | None = None,
) -> Chunk:
    """Events where the leg before this one ends."""
    place = _placed(script, row, script.begin[row, leg - 1] + script.ticks[row, leg - 1])
    return Chunk(event_type, row, layout.end[row, leg - 1], identity, {"position_ms": place, **(values or {})})


def _at_begin_of(event_type: str, script: Script, layout: Layout, row: Ints, leg: Ints, identity: Ints) -> Chunk:
    """Events where this leg begins."""
    place = _placed(script, row, script.begin[row, leg])
    return Chunk(event_type, row, layout.begin[row, leg], identity, {"position_ms": place})


def joined_values(chunks: Sequence[Chunk], name: str) -> Ints:
    """One column of all chunks, -1 where a chunk does not have it."""
    parts = [chunk.values.get(name) for chunk in chunks]
    return np.concatenate([
        np.full(len(chunk.row), NULL) if part is None else part for chunk, part in zip(chunks, parts, strict=True)
    ]).astype(np.int64)  # fmt: skip
