"""The rows of player_events, by topic: each topic has the columns that its events fill."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.catalogue import channel_ids
from ingestion.generate.columns import choice, coded, counted, decimals, hexed
from ingestion.generate.hashing import Ints, Stream, UInts
from ingestion.generate.player import interactions
from ingestion.generate.player.ads import AD_TYPES, ADS
from ingestion.generate.player.block import Block
from ingestion.generate.player.events import NULL, Chunk, ad_events, joined_values, video_events
from ingestion.generate.player.script import ERROR_CODES, LEGS, RATES
from ingestion.generate.player.world import DEVICES, PLATFORMS, VERSIONS

TOPICS = ("video", "ads", "sessions", "interactions")
NUMBERS = (
    "position_ms", "seek_from_ms", "seek_to_ms", "startup_ms", "stall_ms", "bitrate_kbps", "dropped_frames",
    "content_duration_ms",
)  # fmt: skip
VERSIONS_WITH_LENGTH = (3, 4)
TIERS = tuple(plan.lower() for plan in reference.PLANS)
ERROR_CLASSES = ("technical", "business")
CLASS_OF_CODE = np.array([0, NULL, 1, 1, NULL])  # by code; some players do not tell it
ADVERTISERS, ADS_OF_CAMPAIGN = 40, 4
SESSION_TYPES = ("session_start", "device_change", "session_end")
STARTED, CHANGED, ENDED = range(3)

Columns = dict[str, pa.Array]


def topics(block: Block) -> dict[str, pa.Table]:
    """All rows of the block by topic, each in order of time."""
    version = block.sessions.version[block.of_session]
    is_strange = block.viewings.title >= block.shows
    tells_length = (np.isin(version, VERSIONS_WITH_LENGTH) | is_strange) & (block.viewings.channel < 0)
    return {
        "ads": _ads(block, list(ad_events(block.script, block.layout, block.ads))),
        "interactions": _interactions(block),
        "sessions": _sessions(block),
        "video": _video(
            block, list(video_events(block.seed, block.script, block.layout, block.ads, version, tells_length))
        ),
    }


def _video(block: Block, chunks: Sequence[Chunk]) -> pa.Table:
    order, row, shared = _of_playbacks(block, "video", chunks)
    rate, hundredths = block.script.rate[row], np.array([round(float(one) * 100) for one in RATES])
    code, fatal = joined_values(chunks, "error_code")[order], joined_values(chunks, "is_fatal")[order]
    told = np.where(code >= 0, CLASS_OF_CODE[code], NULL)
    return pa.table(
        {
            **shared,
            **{name: counted(joined_values(chunks, name)[order]) for name in NUMBERS},
            "playback_rate": decimals(hundredths[rate], 2, rate == 0),
            "error_code": coded(code, ERROR_CODES),
            "error_class": coded(told, ERROR_CLASSES),
            "is_fatal": pa.array(fatal == 1, mask=fatal < 0),
        }
    )


def _ads(block: Block, chunks: Sequence[Chunk]) -> pa.Table:
    order, _, shared = _of_playbacks(block, "ads", chunks)
    ads, one = block.ads, joined_values(chunks, "opportunity")[order]
    number, price = ads.ad[one], joined_values(chunks, "price_amount")[order]
    return pa.table(
        {
            **shared,
            "position_ms": counted(joined_values(chunks, "position_ms")[order]),
            "ad_id": coded(number, ad_names()),
            "ad_break_id": coded(ads.break_code[one], break_names()),
            "ad_type": coded(ads.kind[one], AD_TYPES),
            "ad_campaign_id": coded(
                number // ADS_OF_CAMPAIGN, [f"CMP-{campaign:03d}" for campaign in range(ADS // ADS_OF_CAMPAIGN)]
            ),
            "advertiser_id": coded(number % ADVERTISERS, advertiser_names()),
            "ad_duration_ms": pa.array(ads.length_ms[one]),
            "is_skippable": pa.array(ads.is_skippable[one]),
            "quartile": counted(joined_values(chunks, "quartile")[order]),
            "view_duration_ms": counted(joined_values(chunks, "view_duration_ms")[order]),
            "price_amount": decimals(price, 6, price < 0),
            "currency": coded(np.where(price < 0, NULL, 0), [reference.CURRENCY]),
        }
    )


def ad_names() -> list[str]:
    """ad_id by number."""
    return [f"AD-{ad:03d}" for ad in range(ADS)]


def advertiser_names() -> list[str]:
    """advertiser_id by number."""
    return [f"ADV-{index:02d}" for index in range(ADVERTISERS)]


def break_names() -> list[str]:
    """ad_break_id by the leg before which a break stands, and that of banners."""
    return [*(f"B{leg}" for leg in range(LEGS + 1)), "OVER"]


def _sessions(block: Block) -> pa.Table:
    """Starts, ends and changes of device of the sessions that have a name."""
    sessions, named = block.sessions, block.is_named
    starts, ends = np.flatnonzero(named & sessions.has_start), np.flatnonzero(named & sessions.has_end)
    is_change = block.viewings.place == sessions.device_change[block.of_session]
    changes = np.flatnonzero(named[block.of_session] & is_change)
    row = np.concatenate([starts, block.of_session[changes], ends])
    kind = np.repeat([STARTED, CHANGED, ENDED], [len(starts), len(changes), len(ends)])
    at_ms = np.concatenate([sessions.start_ms[starts], block.request_ms[changes] - 1000, block.session_end_ms[ends]])
    order = np.argsort(at_ms, kind="stable")
    row, kind, at_ms = row[order], kind[order], at_ms[order]
    changed = kind == CHANGED
    is_second = changed | ((kind == ENDED) & (sessions.device_change[row] >= 0))
    lasted = np.where(kind == ENDED, at_ms - sessions.start_ms[row], NULL)
    hashed = Stream(block.seed, "player/event/sessions")(sessions.counter[row] * 4 + kind)
    before = block.device_names(row, np.zeros(len(row), dtype=bool))
    return pa.table(
        {
            **_envelope(hashed, kind, SESSION_TYPES, at_ms),
            **_who(block, row),
            "device_id": choice(np.arange(len(row)), block.device_names(row, is_second)),
            "device_type": coded(np.where(is_second, sessions.second_device[row], sessions.device[row]), DEVICES),
            "platform": coded(np.where(is_second, sessions.second_platform[row], sessions.platform[row]), PLATFORMS),
            "previous_device_id": choice(np.arange(len(row)), before, ~changed),
            "previous_device_type": coded(np.where(changed, sessions.device[row], NULL), DEVICES),
            "session_duration_ms": counted(lasted),
            "app_crashes": counted(np.where(kind == ENDED, sessions.crashes[row], NULL)),
        }
    )


def _interactions(block: Block) -> pa.Table:
    done = interactions.draw(block)
    order = np.argsort(done.at_ms, kind="stable")
    session, kind = done.session[order], done.kind[order]
    hashed = Stream(block.seed, "player/event/interactions")(done.identity[order])

    def where(wanted: int) -> Ints:
        return np.where(kind == wanted, 0, NULL)

    return pa.table(
        {
            **_envelope(hashed, kind, interactions.TYPES, done.at_ms[order]),
            **_who(block, session),
            "content_id": coded(done.content[order], block.content_names),
            "device_type": coded(block.sessions.device[session], DEVICES),
            "comment_text": coded(where(interactions.COMMENT), ["Well worth the evening."]),
            "share_platform": coded(where(interactions.SHARE), ["email"]),
            "search_query": coded(where(interactions.SEARCH), ["something short"]),
        }
    )


def _of_playbacks(block: Block, topic: str, chunks: Sequence[Chunk]) -> tuple[Ints, Ints, Columns]:
    """The order of the chunks' events in time, and, in that order, their playbacks and the columns of every event."""
    kind = np.repeat(np.arange(len(chunks)), [len(chunk.row) for chunk in chunks])
    row = np.concatenate([chunk.row for chunk in chunks])
    identity = np.concatenate([chunk.identity for chunk in chunks])
    at_ms = np.concatenate([chunk.at_ms for chunk in chunks]) + block.request_ms[row]
    order = np.argsort(at_ms, kind="stable")
    row, kind, identity = row[order], kind[order], identity[order]
    types = [chunk.event_type for chunk in chunks]
    names = list(dict.fromkeys(types))
    type_code = np.array([names.index(name) for name in types])[kind]
    shift = type_code.astype(np.uint64) << np.uint64(20)
    hashed = Stream(block.seed, f"player/event/{topic}")(block.script.base[row] + shift + identity.astype(np.uint64))
    views, session = block.viewings, block.of_session[row]
    devices = block.device_names(block.of_session, views.is_second_device)
    return (
        order,
        row,
        {
            **_envelope(hashed, type_code, names, at_ms[order]),
            **_who(block, session),
            "playback_id": choice(row, block.playback_names, block.is_nameless[row]),
            "content_id": choice(block.content[row], block.content_names),
            "is_live": pa.array(views.channel[row] >= 0),
            "channel_id": coded(views.channel[row], channel_ids()),
            "device_id": choice(row, devices),
            "device_type": coded(block.device[row], DEVICES),
            "platform": coded(block.platform[row], PLATFORMS),
        },
    )


def _envelope(hashed: UInts, kind: Ints, types: Sequence[str], at_ms: Ints) -> Columns:
    """Identity, type and instant of each event."""
    return {
        "event_id": hexed(hashed),
        "event_type": choice(kind, types),
        "event_at": pa.array(at_ms).cast(pa.timestamp("ms")),
    }


def _who(block: Block, session: Ints) -> Columns:
    """What an event tells of its session: who, from where, on which plan, with which version."""
    sessions = block.sessions
    nameless = ~block.is_named[session]
    return {
        "account_id": coded(sessions.account[session], block.account_names),
        "session_id": choice(session, block.session_names, nameless),
        "app_version": coded(sessions.version[session], VERSIONS),
        "country": coded(sessions.country[session], reference.COUNTRIES),
        "region": coded(sessions.region[session], reference.TV_REGIONS),
        "subscription_tier": coded(sessions.plan[session], TIERS),
    }
