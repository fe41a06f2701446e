"""The little story of fixtures/player/story.yml, and the shapes in which other systems tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).with_name("fixtures") / "player"
VIEW = ("video_play", "video_pause", "video_resume", "video_seek", "video_buffer", "video_heartbeat", "video_complete")
ADS = ("ad_impression", "ad_quartile", "ad_complete")


@dataclass(frozen=True)
class Shape:
    """How one system tells the story.

    title: its column of the table in docs/bringing_your_data.md; files: of fixtures/player; mapping: shipped, or None;
    types: the event types of the story that it has a word for; omits: events it has no word for all the same;
    says: event -> event type, where its word says something else; silent: event type -> fields that it says in
    other events only; differs: field -> its own value.
    """

    title: str
    files: tuple[str, ...]
    mapping: str | None
    types: tuple[str, ...]
    omits: tuple[str, ...] = ()
    says: Mapping[str, str] = field(default_factory=dict)
    silent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    differs: Mapping[str, str] = field(default_factory=dict)


PLAY_AGAIN = {"e10": "video_play"}
STOPS = {"e16": "video_stop"}
CLICKS = ("video_play", "video_pause", "video_seek", "video_complete")
# A player's position in Segment counts the ads shown; only heartbeats have that of the content.
SEGMENT_SILENT = {kind: ("position_ms", "content_duration_ms") for kind in VIEW if kind != "video_heartbeat"}

SHAPES = (
    Shape(
        "003",
        tuple(
            f"seed_003_{topic}.ndjson" for topic in ("video_events", "user_interactions", "ad_events", "session_events")
        ),
        "player_events_in_seconds",
        ("session_start", "session_end", "user_like", "ad_impression", "ad_complete", *VIEW[:5], "video_complete"),
        omits=("e13",),  # the stall's length is in the event of its start
        says=PLAY_AGAIN,
    ),
    Shape("004 a", ("seed_004_a.csv",), None, CLICKS, says=STOPS),
    Shape(
        "004 b",
        ("seed_004_b.ndjson",),
        "player_events_in_seconds",
        CLICKS,
        says=STOPS,
        differs={"account_id": "1001", "content_id": "42"},
    ),
    Shape("004 c", ("seed_004_c.ndjson",), "player_events_in_seconds", (*CLICKS, "user_search"), says=STOPS),
    Shape("004 d", ("seed_004_d.json",), "player_events_in_seconds", CLICKS, says=STOPS),
    Shape("Segment", ("segment.ndjson",), "segment_video", (*VIEW, *ADS), silent=SEGMENT_SILENT),
    Shape(
        "Snowplow",
        ("snowplow.ndjson",),
        "snowplow_media",
        (*VIEW, *ADS),
        says=PLAY_AGAIN,
        differs={"platform": "tv"},
    ),
    Shape(
        "Adobe",
        ("adobe.ndjson",),
        "adobe_media",
        (*(kind for kind in VIEW if kind != "video_seek"), "ad_impression", "ad_complete"),
    ),
)

LISTENS = (
    Shape("ListenBrainz", ("listenbrainz.ndjson",), "listenbrainz_listens", ("track",)),
    Shape("Spotify", ("spotify.json",), "spotify_streaming_history", ("track", "podcast")),
)


@cache
def story() -> dict[str, Any]:
    """The story as it stands in its file."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "story.yml").read_text(encoding="utf-8"))
    return found


def events(shape: Shape) -> list[dict[str, Any]]:
    """The canonical events of the story that a shape can tell, with all their fields, in order of time."""
    told = []
    for event in story()["events"]:
        kind = event["event_type"]
        if kind not in shape.types or event["event_id"] in shape.omits:
            continue
        playback = {} if kind.startswith(("session", "user")) else {"playback_id": story()["playback_id"]}
        fields = {**story()["common"], **playback, **event, **shape.differs}
        fields["event_type"] = shape.says.get(event["event_id"], kind)
        told.append({name: value for name, value in fields.items() if name not in shape.silent.get(kind, ())})
    return told
