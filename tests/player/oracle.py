"""Player events to playbacks and intervals, one playback at a time, in plain Python: the reference of the models.

Rows have the fields of the contract player_events; instants are naive UTC datetimes. Everything is integers of
milliseconds. The readings are those of docs/metrics.md, "Playbacks from player events".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.player.event import DAY_MS, ORDER, TIME_OUT_MS, Delivery, Event, Row, content_of, event_of, ms_of, newest
from tests.player.playback import Facts, Playback, playback_of

SKIP_MS = 30_000


def playbacks_of(deliveries: Sequence[Delivery], facts: Facts | None = None) -> list[Playback]:
    """Every playback of the events, in the order of (account, start)."""
    facts = facts or Facts()
    rows = newest(deliveries)
    latest = max((ms_of(d.arrived_at) for d in deliveries), default=0)
    sessions = _sessions(rows)
    found = [p for key, part in _groups(rows) if (p := playback_of(key, part, facts)) is not None]
    for playback in found:
        _flag_session(playback, _session_of(playback, sessions))
    for account in {p.measures["account_id"] for p in found}:
        _name_ends([p for p in found if p.measures["account_id"] == account], sessions, latest)
    for playback in found:
        playback.measures["is_skipped"] = _is_skipped(playback.measures)
    return sorted(found, key=lambda p: (p.measures["account_id"], *p.order))


def _groups(rows: Iterable[Row]) -> Iterable[tuple[tuple[Any, ...], list[tuple[Event, Row]]]]:
    groups: dict[tuple[Any, ...], list[tuple[Event, Row]]] = {}
    for row in rows:
        if not str(row["event_type"]).startswith(("video_", "ad_")):
            continue
        if row.get("playback_id") is not None:
            key: tuple[Any, ...] = (row["playback_id"],)
        elif row.get("content_id") is not None:
            key = (row.get("account_id"), row.get("session_id"), content_of(row))
        else:
            continue
        groups.setdefault(key, []).append((event_of(row), row))
    for key, group in groups.items():
        group.sort(key=lambda pair: (pair[0].at, ORDER.index(pair[0].kind), pair[0].event_id))
        for part in [group] if len(key) == 1 else _split(group):
            starts = [event.at for event, _ in part if event.kind.startswith("video_")]
            if starts:
                yield key if len(key) == 1 else (*key, starts[0]), part


def _split(group: list[tuple[Event, Row]]) -> list[list[tuple[Event, Row]]]:
    parts = [[group[0]]]
    for before, pair in pairwise(group):
        if pair[0].at - before[0].at > TIME_OUT_MS:
            parts.append([])
        parts[-1].append(pair)
    return parts


@dataclass
class Session:
    """Instants at which a session was said to start and to end."""

    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)


def _sessions(rows: Iterable[Row]) -> dict[str, Session]:
    sessions: dict[str, Session] = {}
    for row in rows:
        if row.get("session_id") is not None and row["event_type"] in ("session_start", "session_end"):
            session = sessions.setdefault(row["session_id"], Session())
            (session.starts if row["event_type"] == "session_start" else session.ends).append(ms_of(row["event_at"]))
    return sessions


def _session_of(playback: Playback, sessions: Mapping[str, Session]) -> Session:
    """What is known about the session of a playback from a day before its start to a day after its end."""
    found, known = playback.measures, sessions.get(playback.measures["session_id"], Session())
    near = range(found["started_at"] - DAY_MS, found["ended_at"] + DAY_MS + 1)
    return Session([at for at in known.starts if at in near], [at for at in known.ends if at in near])


def _flag_session(playback: Playback, session: Session) -> None:
    found = playback.measures
    is_seen = any(at <= found["started_at"] for at in session.starts)
    found["is_without_session_start"] = found["session_id"] is not None and not is_seen
    found["is_after_session_end"] = any(at < found["ended_at"] for at in session.ends)


def _name_ends(playbacks: list[Playback], sessions: Mapping[str, Session], latest: int) -> None:
    """Why a playback of one account ended that does not say so itself."""
    ordered = sorted(playbacks, key=lambda p: p.order)
    for playback, following in zip(ordered, [*ordered[1:], None], strict=True):
        found = playback.measures
        if found["end_reason"] is not None:
            continue
        end, session = found["ended_at"], _session_of(playback, sessions)
        if following is not None and _is_left_for(playback, following):
            found["end_reason"] = "next_content"
        elif session.ends and end <= min(session.ends) <= end + TIME_OUT_MS:
            found["end_reason"] = "session_end"
        elif latest > end + TIME_OUT_MS:
            found["end_reason"] = "timeout"


def _is_left_for(playback: Playback, following: Playback) -> bool:
    if playback.measures["account_id"] == "player:anonymous":
        return False
    begins = following.measures["started_at"]
    return bool(
        begins <= playback.measures["ended_at"] + TIME_OUT_MS and begins <= playback.measures["started_at"] + DAY_MS
    )


def _is_skipped(found: Mapping[str, Any]) -> bool:
    return bool(
        found["is_started"]
        and not found["is_complete"]
        and found["playing_ms"] < SKIP_MS
        and found["end_reason"] in ("stop", "next_content")
    )
