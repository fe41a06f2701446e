"""The columns of playbacks, of whatever source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from ingestion.generate import reference
from ingestion.generate.hashing import Bools, Ints
from ingestion.generate.truth.read import Numbers, Texts, merged

END_REASONS = ["complete", "error", "next_content", "session_end", "stop", "timeout"]
COMPLETE, ERROR, NEXT_CONTENT, SESSION_END, STOP, TIMEOUT = range(6)
DAY_US = 86_400_000_000


@dataclass(frozen=True)
class Columns:
    """Columns of equal length: arrays, texts, numbers, or other such columns."""

    def take(self, rows: Ints) -> Self:
        """The rows at these places (a place may come several times)."""
        taken: dict[str, Any] = {}
        for field in fields(self):
            values = getattr(self, field.name)
            taken[field.name] = values[rows] if isinstance(values, np.ndarray) else values.take(rows)
        return type(self)(**taken)


@dataclass(frozen=True)
class Figures(Columns):
    """What only a player knows of a playback; nothing is known of those of a log."""

    watched_ms: Numbers
    startup_ms: Numbers
    stall_ms: Numbers
    seek_stall_ms: Numbers
    seek_count: Numbers
    pause_ms: Numbers
    max_position_ms: Numbers
    bitrate_kbit: Numbers
    bitrate_ms: Numbers
    quality_change_count: Numbers
    quality_up_count: Numbers
    quality_down_count: Numbers
    dropped_frame_count: Numbers
    ad_ms: Numbers
    app_version: Texts
    error_code: Texts
    error_class: Texts
    is_start_failure: Bools
    is_playback_failure: Bools
    is_exit_before_start: Bools
    is_without_session_start: Bools
    is_after_session_end: Bools
    is_position_jump: Bools
    is_stop_after_complete: Bools
    is_exit_after_stall: Bools


@dataclass(frozen=True)
class Playbacks(Columns):
    """All playbacks as columns. Ids and texts are codes into binary-ordered names; -1 stands for null in `is_complete`,
    `end_reason` and texts."""

    media_kind: Texts
    playback_id: Texts
    account: Texts
    content: Texts
    channel: Texts
    started_us: Ints
    day: Ints  # days since 1970, UTC
    playing: Numbers
    duration: Numbers
    watched: Numbers
    is_started: Bools
    is_valid: Bools
    is_complete: Ints
    is_skipped: Bools
    is_imputed: Bools
    is_live: Bools
    end_reason: Ints
    reported_rate: Numbers  # millionths
    engagement: Numbers
    revenue: Numbers
    stalls: Numbers
    ads: Numbers
    genre: Texts
    region: Texts
    country: Texts
    plan: Texts
    is_plan_stated: Bools
    device_type: Texts
    platform: Texts
    local_hour: Ints
    ended_us: Ints
    player: Figures

    def __len__(self) -> int:
        return len(self.started_us)

    @property
    def has_channel(self) -> Bools:
        """Was it played on a channel?"""
        return np.array([name != reference.NOT_APPLICABLE for name in self.channel.names], dtype=bool)[
            self.channel.codes
        ]

    def where(self, mask: Bools) -> Playbacks:
        """The playbacks for which the mask is true."""
        return self.take(np.flatnonzero(mask))


def concatenated(parts: Sequence[Columns]) -> Any:
    """The rows of all parts, which are of one class."""
    kind = type(parts[0])
    together: dict[str, Any] = {}
    for field in fields(kind):
        values = [getattr(part, field.name) for part in parts]
        if isinstance(values[0], Texts):
            together[field.name] = merged(values)
        elif isinstance(values[0], Numbers):
            known = np.concatenate([one.known for one in values])
            together[field.name] = Numbers(np.concatenate([one.values for one in values]), known)
        elif isinstance(values[0], Columns):
            together[field.name] = concatenated(values)
        else:
            together[field.name] = np.concatenate(values)
    return kind(**together)
