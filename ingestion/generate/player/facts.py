"""What the plan knows of the player, as tables: the matter of the truth, which no event was read for."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.catalogue import channel_ids
from ingestion.generate.columns import choice, coded, counted, decoded
from ingestion.generate.hashing import Bools, Ints
from ingestion.generate.player import interactions
from ingestion.generate.player.ads import AD_TYPES, BROKEN, CUT, REFUSED, SEEN, SKIPPED
from ingestion.generate.player.block import Block
from ingestion.generate.player.events import ECHO_MS
from ingestion.generate.player.measures import ENDS, Measures
from ingestion.generate.player.script import ERROR_CODES, FIRST_OF_BUSINESS
from ingestion.generate.player.tables import ADVERTISERS, TIERS, ad_names, advertiser_names, break_names
from ingestion.generate.player.world import DEVICES, PLATFORMS, VERSIONS

PLAYBACKS, STRETCHES = "player_playbacks", "player_stretches"
OPPORTUNITIES, INTERACTIONS, SENT = "player_opportunities", "player_interactions", "player_sent"
SENT_COLUMNS = (
    "event_id", "event_type", "event_at", "account_id", "session_id", "playback_id", "content_id", "device_id",
    "device_type", "platform", "app_version", "country", "app_crashes",
)  # fmt: skip
ERROR_CLASSES = ("technical", "business")
IN_OTHER_FORM = (
    "start_ms",
    "end_ms",
    "end",
    "lost_heartbeats",
)  # columns of Measures that the table has in another form


def known(block: Block) -> dict[str, pa.Table]:
    """The facts of a block: a row a playback, a stretch of playing, an ad opportunity, an interaction. Times are
    microseconds since 1970, by the clock of the device. A playback without an id has the key that stands in its place.
    """
    return {
        PLAYBACKS: _playbacks(block),
        STRETCHES: _stretches(block),
        OPPORTUNITIES: _opportunities(block),
        INTERACTIONS: _interactions(block),
    }


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
            "playback_id": block.playback_keys,
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
            "playback_id": choice(row, block.playback_keys),
            "from_us": pa.array((request + found.stretch_from_ms) * 1000),
            "to_us": pa.array((request + found.stretch_to_ms) * 1000),
            "from_position_ms": pa.array(found.stretch_content_from_ms),
            "to_position_ms": pa.array(found.stretch_content_to_ms),
        }
    )
    return decoded(table)


def _opportunities(block: Block) -> pa.Table:
    ads, row = block.ads, block.ads.row
    impression = block.request_ms[row] + block.layout.break_at(ads) + ads.offset_ms
    quartiles = np.where(ads.fate == SEEN, 3, ads.quartiles())
    # Of whoever leaves in the middle, the last quartile is the last that was heard.
    seen = np.where(ads.fate == CUT, ads.length_ms * quartiles // 4, ads.view_ms)
    table = pa.table(
        {
            "playback_id": choice(row, block.playback_keys),
            "ad_break_id": coded(ads.break_code, break_names()),
            "ad_id": coded(ads.ad, ad_names()),
            "ad_type": coded(ads.kind, AD_TYPES),
            "advertiser_id": coded(ads.ad % ADVERTISERS, advertiser_names()),
            "ad_duration_ms": pa.array(ads.length_ms),
            "first_us": pa.array((impression - np.where(ads.is_asked, ads.latency_ms, 0)) * 1000),
            "is_asked": pa.array(ads.is_asked),
            "is_impression": pa.array(ads.is_shown),
            "quartiles": pa.array(quartiles),
            "ad_ms": pa.array(np.where(ads.is_shown, seen, 0)),
            "is_completed": pa.array(ads.fate == SEEN),
            "is_skipped": pa.array(ads.fate == SKIPPED),
            "is_error": pa.array((ads.fate == BROKEN) | (ads.fate == REFUSED)),
            "is_clicked": pa.array(ads.is_clicked),
            "is_skippable": pa.array(ads.is_skippable),
            "price_millionths": pa.array(ads.price, mask=~ads.is_shown),
        }
    )
    return decoded(table)


def _interactions(block: Block) -> pa.Table:
    done = interactions.draw(block)
    session = done.session
    table = pa.table(
        {
            "session_id": choice(session, block.session_names, ~block.is_named[session]),
            "account_id": coded(block.sessions.account[session], block.account_names),
            "content_id": coded(done.content, block.content_names),
            "event_type": coded(done.kind, interactions.TYPES),
            "event_us": pa.array(done.at_ms * 1000),
            "country": coded(block.sessions.country[session], reference.COUNTRIES),
            "device": coded(block.sessions.device[session], DEVICES),
        }
    )
    return decoded(table)
