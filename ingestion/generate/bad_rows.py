"""Rows that the lander must quarantine, each with every reason that it must give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

LONG_AGO = datetime(1970, 1, 1)  # noqa: DTZ001 (a wall clock value as the inputs hold it: without a zone, UTC)
FAR_AHEAD = datetime(2099, 1, 1)  # noqa: DTZ001


@dataclass(frozen=True)
class BadKind:
    """A way to spoil a good row: the values to put in, and the reasons (`<code>:<field>`) to expect, sorted.

    as_text: the value does not fit the column's type, so a Parquet file cannot hold it.
    """

    values: Mapping[str, Any]
    reasons: tuple[str, ...]
    as_text: bool = False


def _bad(reasons: str, as_text: bool = False, **values: Any) -> BadKind:
    return BadKind(values, tuple(sorted(reasons.split())), as_text)


BAD_KINDS: Mapping[str, tuple[BadKind, ...]] = {
    "viewership_logs": (
        _bad("missing:user_id", user_id=None),
        _bad("bad_type:duration_minutes", as_text=True, duration_minutes="ninety"),
        _bad("not_in_enum:subscription_type", subscription_type="Gold"),
        _bad("above_maximum:duration_minutes", duration_minutes=1441),
        _bad("below_minimum:ads_watched", ads_watched=-1),
        _bad("above_maximum:completion_percentage", completion_percentage=130.5),
        _bad("bad_timestamp:event_at", as_text=True, timestamp="yesterday"),
        _bad("too_old:event_at", timestamp=LONG_AGO),
        _bad("in_future:event_at", timestamp=FAR_AHEAD),
        _bad("bad_type:is_live", as_text=True, is_live="maybe"),
        _bad("missing:show_name above_maximum:engagement_score", show_name=None, engagement_score=1.5),
        _bad("missing:channel_id below_minimum:ad_revenue", channel_id=None, ad_revenue=-0.5),
    ),
    "streams": (
        _bad("missing:track_id", track_id=None),
        _bad("missing:user_id", user_id=None),
        _bad("bad_timestamp:listened_at", as_text=True, listen_time="31/12/2026 25:61"),
        _bad("too_old:listened_at", listen_time=LONG_AGO),
        _bad("in_future:listened_at", listen_time=FAR_AHEAD),
        _bad("missing:track_id missing:user_id", track_id=None, user_id=None),
        _bad("missing:listened_at", listen_time=None),
    ),
    "demographics": (
        _bad("missing:user_id", user_id=None),
        _bad("not_in_enum:gender", gender="Robot"),
        _bad("not_in_enum:age_group not_in_enum:subscription_type", age_group="200+", subscription_type="Gold"),
    ),
    "ad_revenue": (
        _bad("missing:channel_id", channel_id=None),
        _bad("below_minimum:ad_revenue", ad_revenue=-5.0),
        _bad("bad_timestamp:revenue_date", as_text=True, date="2026-02-30"),
        _bad("missing:revenue_date", date=None),
    ),
    "channel_metadata": (
        _bad("missing:channel_name", channel_name=None),
        _bad("below_minimum:launch_year", launch_year=1066),
        _bad("bad_type:launch_year", as_text=True, launch_year="MMXX"),
    ),
    "songs": (
        _bad("missing:track_id", track_id=None),
        _bad("above_maximum:popularity", popularity=101),
        _bad("below_minimum:duration_ms", duration_ms=0),
        _bad("bad_type:duration_ms", as_text=True, duration_ms="3:20"),
        _bad("missing:track_genre missing:track_name", track_genre=None, track_name=None),
    ),
    "users": (
        _bad("missing:user_id", user_id=None),
        _bad("below_minimum:user_age", user_age=7),
        _bad("above_maximum:user_age", user_age=240),
        _bad("bad_timestamp:created_at", as_text=True, created_at="soon"),
    ),
    "titles": (
        _bad("missing:title", title=None),
        _bad("not_in_enum:content_type", content_type="hologram"),
        _bad("below_minimum:duration_seconds", duration_seconds=0),
        _bad("bad_timestamp:release_date", as_text=True, release_date="13-13-2026"),
    ),
    "player_events": (
        _bad("missing:event_type", event_type=None),
        _bad("not_in_enum:event_type", event_type="video_teleport"),
        _bad("missing:content_id", event_type="video_stop", content_id=None),
        _bad("bad_timestamp:event_at", as_text=True, event_at="yesterday"),
        _bad("below_minimum:position_ms", position_ms=-1),
        _bad("bad_type:bitrate_kbps", as_text=True, bitrate_kbps="fast"),
        _bad("too_old:event_at", event_at=LONG_AGO),
        _bad("in_future:event_at", event_at=FAR_AHEAD),
        _bad("missing:event_at not_in_enum:subscription_tier", event_at=None, subscription_tier="gold"),
        _bad("missing:ad_id", event_type="ad_impression", ad_id=None),
        _bad("missing:quartile", event_type="ad_quartile", quartile=None, ad_id="AD-001"),
        _bad("not_in_enum:ad_type", ad_type="skywriting"),
        _bad("below_minimum:ad_duration_ms", ad_duration_ms=0),
        _bad("below_minimum:session_duration_ms", session_duration_ms=-5),
        _bad("missing:account_id", event_type="user_like", account_id=None),
        _bad("missing:comment_text", event_type="user_comment", comment_text=None, account_id="A100001"),
    ),
}


MALFORMED: Mapping[str, str] = {"csv": "malformed_row", "ndjson": "malformed_json"}


@dataclass(frozen=True)
class BadRow:
    """One bad row as it stands in a file: all its values by column, and the reasons expected for it.

    is_malformed: the values are good, but the line is not: one field too many (CSV), or cut short (NDJSON).
    """

    values: Mapping[str, Any]
    reasons: tuple[str, ...]
    is_malformed: bool = False
