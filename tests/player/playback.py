"""One playback from its events: reels, first frame, sums, outcome."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from tests.player.event import AD_ENDS, TIME_OUT_MS, Event, Row, content_of, kind_of
from tests.player.reel import Reel
from tests.player.stretch import Piece

VALID_MS = 30_000
COMPLETE_PERCENT = 99
EXIT_AFTER_STALL_MS = 10_000
SHOWN = ("ad_impression", "ad_quartile", "ad_click", "ad_skip", "ad_complete")  # each implies an impression
CONTROLS = ("video_play", "video_resume", "video_pause", "video_seek")
ENDS = {"video_stop": "stop", "video_complete": "complete"}


@dataclass(frozen=True)
class Facts:
    """What the oracle cannot see in the events: classes of error codes and the catalogue's durations."""

    error_classes: Mapping[str, str] = field(default_factory=dict)
    durations_ms: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Playback:
    """A row of fct_playback (times in ms since 1970) and its intervals."""

    key: tuple[Any, ...]
    first: Row
    measures: dict[str, Any]
    pieces: list[Piece]
    events: list[Event]

    @property
    def order(self) -> tuple[int, str]:
        """By start, then by the id as the models build it where one is given."""
        return self.measures["started_at"], str(self.key[-1])


@dataclass
class Start:
    """How a playback came to its first frame."""

    frame: int
    startup: int | None
    shown_from: tuple[int, int]  # the place among the events from which on it is known
    is_reported: bool = False


def settled(events: Sequence[Event]) -> list[Event]:
    """The events from the first of video on; an error that does not say is fatal where no video event follows it."""
    video = [e.at for e in events if e.kind.startswith("video_")]
    return [
        replace(e, is_fatal=e.at == video[-1]) if e.kind == "video_error" and e.is_fatal is None else e
        for e in events
        if e.at >= video[0]
    ]


def reels_of(events: Sequence[Event]) -> tuple[list[list[Event]], list[list[Event]]]:
    """(reels, what follows each): a reel lasts to an end, the next begins with a video_play."""
    reels: list[list[Event]] = [[]]
    after: list[list[Event]] = [[]]
    for event in events:
        is_over = bool(reels[-1]) and reels[-1][-1].is_end
        if is_over and event.kind != "video_play":
            after[-1].append(event)
            continue
        if is_over:
            reels.append([])
            after.append([])
        reels[-1].append(event)
    return reels, after


def _opening(events: Sequence[Event]) -> int:
    """Where the playhead was at the first event: as it says, else as far before the next known position as the clock
    allows, at least 0."""
    first = events[0]
    if first.after is not None:
        return first.after
    known = next((e for e in events if e.before is not None or e.kind == "video_seek"), None)
    return 0 if known is None or known.before is None else max(0, known.before - (known.at - first.at))


@dataclass(frozen=True)
class Whole:
    """What holds for all of a playback."""

    is_lost: bool  # its request
    is_positioned: bool


def _start_of(reel: list[Event], whole: Whole, probe: Reel) -> Start | None:
    """The first frame of a reel that nothing was shown before, found by walking it; None if it has none.

    Where the request was lost it is the first event, unless that stood at 0 and nothing was reported.
    """
    first = reel[0]
    reported = next((e.startup for e in reel if e.startup is not None and e.startup <= TIME_OUT_MS), None)
    is_rest, stood = first.kind != "video_play", probe.here
    for event in reel:
        probe.take(event)
        if probe.moved_at is not None or probe.jumped_at is not None:
            break
    if is_rest and (reported is not None or (whole.is_positioned and stood > 0)):
        return Start(first.at, None, first.place)
    if reported is not None:
        pre_rolls = [stretch for stretch in probe.stretches if stretch.ad_type == "pre_roll"]
        is_end_lost = bool(pre_rolls) and pre_rolls[-1] is probe.stretches[-1]
        frame = first.at + reported + sum(stretch.end - stretch.start for stretch in pre_rolls)
        frame = min(frame, event.at if is_end_lost else reel[-1].at)
        start = Start(frame, reported, (frame, 1), is_reported=True)  # after a request at the same instant
    elif probe.moved_at is not None:
        since = probe.moved_at - first.at - probe.waited_for_ads()
        start = Start(probe.moved_at, None if probe.has_jump else since, event.place)
    elif probe.jumped_at is not None:
        start = Start(probe.jumped_at, None, event.place)
    elif not whole.is_positioned and _does_something(reel if is_rest else reel[1:]):
        start = Start(first.at, None, first.place)
    else:
        return None
    latest = start.frame - 1 if start.is_reported else start.frame
    if whole.is_lost or any(e.kind in ("video_pause", "video_seek") and e.at <= latest for e in reel):
        start.startup = None
    return start


def _does_something(events: Sequence[Event]) -> bool:
    return any(e.kind.startswith("video_") and e.kind not in ("video_play", "video_error") for e in events)


def _reel_after(walked: list[Reel], start: Start | None, opening: int) -> Reel:
    """A reel that goes on where the last one was."""
    shown_from, is_reported = (None, False) if start is None else (start.shown_from, start.is_reported)
    if not walked:
        return Reel(shown_from, opening, is_reported=is_reported)
    last = walked[-1]
    return Reel(shown_from, last.here, last.rest, is_reported, last.rate, last.bitrate, seek_at=last.seek_at)


def _run(reels: list[list[Event]], after: list[list[Event]], is_positioned: bool) -> tuple[Start | None, list[Reel]]:
    """Find the first frame, then walk every reel knowing it."""
    start: Start | None = None
    opening = _opening([event for reel in reels for event in reel])
    whole = Whole(reels[0][0].kind != "video_play", is_positioned)
    walked: list[Reel] = []
    for events, rest in zip(reels, after, strict=True):
        start = start or _start_of(events, whole, _reel_after(walked, None, opening))
        walked.append(_reel_after(walked, start, opening).walk(events))
        walked[-1].hear(rest)
    return start, walked


def _ad_ms_after(events: Sequence[Event]) -> int:
    """Time of linear ads that run after an end."""
    total, running = 0, None
    for before, event in pairwise(events):
        if before.is_linear_ad:
            running = before.ad[1]
        elif before.kind in CONTROLS or before.is_end or (before.kind in AD_ENDS and before.ad[1] == running):
            running = None
        if running is not None and event.at - before.at <= TIME_OUT_MS:
            total += event.at - before.at
    return total


def joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Pieces that go on without a break in clock, content and rate are one interval."""
    out: list[Piece] = []
    for piece in sorted((p for p in pieces if p.end > p.start), key=lambda p: p.start):
        if out and (out[-1].end, out[-1].to_position, out[-1].rate) == (piece.start, piece.from_position, piece.rate):
            out[-1] = Piece(out[-1].start, piece.end, out[-1].from_position, piece.to_position, piece.rate, None)
        else:
            out.append(replace(piece, bitrate=None))
    return out


def covered(pieces: Iterable[Piece]) -> int:
    """Length of the union of content intervals."""
    total, reached = 0, 0
    for piece in sorted(pieces, key=lambda p: p.from_position):
        total += max(0, piece.to_position - max(reached, piece.from_position))
        reached = max(reached, piece.to_position)
    return total


def playback_of(key: tuple[Any, ...], part: list[tuple[Event, Row]], facts: Facts) -> Playback | None:
    events = settled([event for event, _ in part])
    reels, after = reels_of(events)
    own = [event for reel in reels for event in reel]
    is_positioned = any(p is not None for e in own for p in (e.position, e.seek_from, e.seek_to))
    start, walked = _run(reels, after, is_positioned)
    pieces = [piece for reel in walked for piece in reel.pieces]
    first = part[0][1]
    content = next((c for _, row in part if (c := content_of(row)) is not None), None)
    duration = facts.durations_ms.get(content or "") or max(
        (d for _, row in part if (d := row.get("content_duration_ms")) is not None), default=None
    )
    account = first.get("account_id")
    end = reels[-1][-1]
    measures: dict[str, Any] = {
        "account_id": "player:" + (account if account is not None else "anonymous"),
        "session_id": first.get("session_id"),
        "content_id": content,
        "media_kind": next(kind_of(row) for event, row in part if event.kind.startswith("video_")),
        "is_live": bool(first.get("is_live")),
        "is_imputed": False,
        "started_at": own[0].at,
        "ended_at": end.at,
        "content_duration_ms": duration,
        "ad_count": len({e.ad for e in events if e.kind in SHOWN}),
        "seek_count": sum(e.kind == "video_seek" for e in own),
        "ad_ms": sum(r.in_ads() for r in walked) + sum(_ad_ms_after(e) for e in _to_next_reel(reels, after)),
        "end_reason": {"video_stop": "stop", "video_complete": "complete"}.get(end.kind, "error")
        if end.is_end
        else None,
        "is_stop_after_complete": _stops_after_complete(reels, after),
        "is_exit_after_stall": start is not None
        and not (end.is_end and end.kind in ("video_complete", "video_error"))
        and any(end.at - over <= EXIT_AFTER_STALL_MS for reel in walked for over in reel.stall_ends()),
    }
    measures |= _sums(start, walked, events, pieces)
    measures |= _outcome(start, own, facts)
    measures |= _reach(start, own, pieces)
    measures["is_valid"] = measures["is_started"] and measures["playing_ms"] >= VALID_MS
    measures["is_complete"] = (
        None if duration is None else measures["content_watched_ms"] * 100 >= duration * COMPLETE_PERCENT
    )
    return Playback(key, first, measures, joined(pieces), events)


def _to_next_reel(reels: list[list[Event]], after: list[list[Event]]) -> list[list[Event]]:
    """What follows each end, with the start that it lasts to."""
    return [[*rest, *following[:1]] for rest, following in zip(after, [*reels[1:], []], strict=True)]


def _stops_after_complete(reels: list[list[Event]], after: list[list[Event]]) -> bool:
    """Whether a stop follows a complete before the next start."""
    for reel, rest in zip(reels, after, strict=True):
        kinds = [e.kind for e in (reel[-1], *rest)]
        if "video_complete" in kinds and "video_stop" in kinds[kinds.index("video_complete") :]:
            return True
    return False


def _sums(start: Start | None, walked: list[Reel], events: list[Event], pieces: list[Piece]) -> dict[str, Any]:
    paused = sum(reel.paused() for reel in walked)
    lasted = sum(reel.stretches[-1].end - reel.stretches[0].start for reel in walked if reel.stretches)
    dropped = [e.dropped for e in events if e.dropped is not None]
    return {
        "playing_ms": sum(p.end - p.start for p in pieces),
        "watched_ms": lasted - paused - sum(reel.silent() for reel in walked),
        "startup_ms": None if start is None else start.startup,
        "pause_ms": paused,
        "stall_count": sum(reel.stall_count() for reel in walked),
        "stall_ms": sum(reel.stalled(is_caused_by_seek=False) for reel in walked),
        "seek_stall_ms": sum(reel.stalled(is_caused_by_seek=True) for reel in walked),
        "quality_change_count": sum(e.kind == "video_quality_change" for e in events),
        "quality_up_count": sum(after > before for before, after in _quality_changes(events)),
        "quality_down_count": sum(after < before for before, after in _quality_changes(events)),
        "dropped_frame_count": sum(dropped) if dropped else None,
        "bitrate_ms": sum(p.end - p.start for p in pieces if p.bitrate is not None),
        "bitrate_kbit": sum((p.end - p.start) * p.bitrate for p in pieces if p.bitrate is not None) // 1000,
        "is_position_jump": any(reel.has_jump for reel in walked),
    }


def _quality_changes(events: list[Event]) -> list[tuple[int, int]]:
    """The bit rates before and after each change of quality that tells one and follows one."""
    found: list[tuple[int, int]] = []
    known: int | None = None
    for event in (e for e in events if e.bitrate is not None):
        if known is not None and event.bitrate is not None and event.kind == "video_quality_change":
            found.append((known, event.bitrate))
        known = event.bitrate
    return found


def _outcome(start: Start | None, own: list[Event], facts: Facts) -> dict[str, Any]:
    """One outcome: a play, a start failure or an exit before the start; and the error that decided."""
    fatal = [e for e in own if e.kind == "video_error" and e.is_end]
    if start is not None:
        fatal = [e for e in fatal if e is own[-1]]
    code = fatal[0].error_code if fatal else None
    known = facts.error_classes.get(code or "", "technical")
    return {
        "is_started": start is not None,
        "is_start_failure": start is None and bool(fatal),
        "is_playback_failure": start is not None and bool(fatal),
        "is_exit_before_start": start is None and not fatal,
        "error_code": code,
        "error_class": (fatal[0].error_class or known) if fatal else None,
    }


def _reach(start: Start | None, own: list[Event], pieces: list[Piece]) -> dict[str, Any]:
    known = [p for e in own for p in (e.before, e.after) if p is not None]
    furthest = max([*known, *(p.to_position for p in pieces if p.end > p.start)], default=None)
    return {
        "content_watched_ms": covered(pieces),
        "max_position_ms": None if start is None else furthest,
    }
