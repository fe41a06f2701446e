"""What the plan knows of the player, as tables: the matter of the truth, which no event was read for."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.catalogue import channel_ids
from ingestion.generate.columns import choice, coded, counted, decoded
from ingestion.generate.hashing import Bools, Ints
from ingestion.generate.player.block import Block
from ingestion.generate.player.events import ECHO_MS
from ingestion.generate.player.measures import ENDS, Measures
from ingestion.generate.player.script import ERROR_CODES, FIRST_OF_BUSINESS
from ingestion.generate.player.tables import TIERS
from ingestion.generate.player.world import DEVICES, PLATFORMS, VERSIONS

PLAYBACKS, STRETCHES = "player_playbacks", "player_stretches"
FACTS = (PLAYBACKS, STRETCHES)
ERROR_CLASSES = ("technical", "business")
IN_OTHER_FORM = (
    "start_ms",
    "end_ms",
    "end",
    "lost_heartbeats",
)  # columns of Measures that the table has in another form


def known(block: Block) -> dict[str, pa.Table]:
    """The facts of a block: player_playbacks has a row a playback, player_stretches a row a stretch of playing. Times
    are microseconds since 1970, by the clock of the device."""
    return {PLAYBACKS: _playbacks(block), STRETCHES: _stretches(block)}


def _playbacks(block: Block) -> pa.Table:
    sessions, views, found = block.sessions, block.viewings, block.measures
    of, is_live = block.of_session, block.viewings.channel >= 0
    end_ms = block.request_ms + found.end_ms
    last_ms = end_ms + np.where(found.is_stop_after_complete, ECHO_MS, 0)
    is_named = block.is_named[of]
    session_end_ms = np.where(is_named & sessions.has_end[of], block.session_end_ms[of], -1)
    code = block.script.fatal_code
    # What players and catalogue know of the length: the length of a live transmission is known to nobody.
    length = np.where(is_live, -1, block.script.length * block.script.unit_ms)
    table = pa.table(
        {
            "playback_id": block.playback_names,
            "session_id": choice(of, block.session_names, ~is_named),
            "account_id": coded(sessions.account[of], block.account_names),
            "content_id": choice(block.content, block.content_names),
            "channel_id": coded(views.channel, channel_ids()),
            "is_live": pa.array(is_live),
            "device": coded(block.device, DEVICES),
            "platform": coded(block.platform, PLATFORMS),
            "app_version": coded(sessions.version[of], VERSIONS),
            "country": coded(sessions.country[of], reference.COUNTRIES),
            "region": coded(sessions.region[of], reference.TV_REGIONS),
            "subscription_tier": coded(sessions.plan[of], TIERS),
            "started_us": pa.array((block.request_ms + found.start_ms) * 1000),
            "ended_us": pa.array(end_ms * 1000),
            "last_us": pa.array(last_ms * 1000),
            "session_end_us": counted(np.where(session_end_ms < 0, -1, session_end_ms * 1000)),
            "end": coded(found.end, ENDS),
            "error_code": coded(code, ERROR_CODES),
            "error_class": coded(np.where(code < 0, -1, code >= FIRST_OF_BUSINESS), ERROR_CLASSES),
            "content_duration_ms": counted(length),
            "is_without_session_start": pa.array(is_named & ~sessions.has_start[of]),
            "is_after_session_end": pa.array((session_end_ms >= 0) & (last_ms > session_end_ms)),
            **_figures(found),
        }
    )
    return decoded(table)


def _figures(found: Measures) -> dict[str, pa.Array]:
    names = [field.name for field in fields(found) if not field.name.startswith("stretch_")]
    return {name: _column(getattr(found, name)) for name in names if name not in IN_OTHER_FORM}


def _column(values: Ints | Bools) -> pa.Array:
    return pa.array(values) if values.dtype == bool else counted(values.astype(np.int64))


def _stretches(block: Block) -> pa.Table:
    found = block.measures
    row = found.stretch_row
    request = block.request_ms[row]
    table = pa.table(
        {
            "playback_id": choice(row, block.playback_names),
            "from_us": pa.array((request + found.stretch_from_ms) * 1000),
            "to_us": pa.array((request + found.stretch_to_ms) * 1000),
            "from_position_ms": pa.array(found.stretch_content_from_ms),
            "to_position_ms": pa.array(found.stretch_content_to_ms),
        }
    )
    return decoded(table)
