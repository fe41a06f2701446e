"""The KPI tables of quality of experience: what the player's playbacks were like."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.columns import decimals
from ingestion.generate.hashing import Ints
from ingestion.generate.truth.groups import Groups, dates, ratio, rounded, texts
from ingestion.generate.truth.model import Playbacks
from ingestion.generate.truth.playbacks import first_known
from ingestion.generate.truth.read import Numbers, Texts

HOUR_MS = 3_600_000
SUMMED = (
    "watched_ms", "pause_ms", "stall_ms", "seek_count", "seek_stall_ms", "quality_change_count",
    "quality_up_count", "quality_down_count", "dropped_frame_count", "bitrate_kbit", "bitrate_ms", "ad_ms",
)  # fmt: skip
SCORES = ("startup_score_sum", "smoothness_score_sum", "experience_score_sum")  # in millionths
HALF_SCORE, UNIT = 50_000_000, 1_000_000


def kpi_qoe_daily(plays: Playbacks) -> pa.Table:
    """By date, device, version of the player, country and content: the player's playbacks."""
    own = plays.where(plays.player.watched_ms.known)
    version = first_known(own.player.app_version)
    groups = Groups(own.day, own.device_type.codes, version.codes, own.country.codes, own.content.codes)
    values = _measures(own, groups)
    return pa.table(
        {
            **_keys(own, version, groups),
            "content_id": texts(own.content.take(groups.first)),
            **{name: decimals(values[name], 6) if name in SCORES else pa.array(values[name]) for name in values},
            "start_failure_rate": ratio(
                values["technical_start_failures"], values["attempts"] - values["business_start_failures"]
            ),
            "playback_failure_rate": ratio(values["technical_playback_failures"], values["plays"]),
            "exit_before_start_rate": ratio(values["exits_before_start"], values["attempts"]),
            "average_startup_ms": ratio(values["startup_ms"], values["startup_plays"]),
            "rebuffer_rate": ratio(values["stall_ms"], values["watched_ms"]),
            "stall_exit_rate": ratio(values["stall_exits"], values["stalled_plays"]),
            "stalls_per_hour": ratio(values["stall_count"] * HOUR_MS, values["watched_ms"]),
            "quality_changes_per_hour": ratio(values["quality_change_count"] * HOUR_MS, values["playing_ms"]),
            "average_bitrate_kbps": ratio(values["bitrate_kbit"] * 1000, values["bitrate_ms"]),
            "average_startup_score": ratio(values["startup_score_sum"], values["startup_plays"], 6),
            "average_smoothness_score": ratio(values["smoothness_score_sum"], values["plays"], 6),
            "average_experience_score": ratio(values["experience_score_sum"], values["experience_playbacks"], 6),
            "average_success_score": ratio(values["success_score_sum"], values["experience_playbacks"]),
            "good_playback_rate": ratio(values["good_playbacks"], values["experience_playbacks"]),
        }
    )


def _measures(own: Playbacks, groups: Groups) -> dict[str, Ints]:
    player, started = own.player, own.is_started
    technical = player.error_class.codes != _code(player.error_class, "business")
    startup, smoothness, success, experience = _scores(own)
    stalled, watched = player.stall_ms.values, player.watched_ms.values
    good = started & ~player.is_playback_failure & (stalled * 100 <= watched * reference.GOOD_STALL_PERCENT)
    good &= player.startup_ms.values <= reference.GOOD_STARTUP_MS
    return {
        "attempts": groups.count(),
        "plays": groups.count(started),
        "technical_start_failures": groups.count(player.is_start_failure & technical),
        "business_start_failures": groups.count(player.is_start_failure & ~technical),
        "technical_playback_failures": groups.count(player.is_playback_failure & technical),
        "business_playback_failures": groups.count(player.is_playback_failure & ~technical),
        "exits_before_start": groups.count(player.is_exit_before_start),
        "quick_exits": groups.count(player.is_exit_before_start & (watched < reference.QUICK_EXIT_MS)),
        "startup_plays": groups.count(player.startup_ms.known),
        "startup_ms": groups.sum(player.startup_ms.values),
        "playing_ms": groups.sum(own.playing.values),
        "stalled_plays": groups.count(started & (own.stalls.values > 0)),
        "stall_exits": groups.count(player.is_exit_after_stall),
        "stall_count": groups.sum(own.stalls.values),
        **{name: groups.sum(getattr(player, name).values) for name in SUMMED},
        "success_score_sum": groups.sum(success.values),
        "startup_score_sum": groups.sum(startup.values),
        "smoothness_score_sum": groups.sum(smoothness.values),
        "experience_score_sum": groups.sum(experience.values),
        "experience_playbacks": groups.count(experience.known),
        "good_playbacks": groups.count(good),
    }


def _scores(own: Playbacks) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Start-up, smoothness, success (whole), experience: points of 100, all but success in millionths."""
    player = own.player
    known = player.startup_ms.known
    points = [rounded(100 * 8_000, 8_000 + value) or 0 for value in player.startup_ms.values.tolist()]
    startup = Numbers(np.where(known, np.array(points, dtype=np.int64), 0), known)
    stalls, watched = own.stalls.values, np.maximum(player.watched_ms.values, 1)
    smooth = 50 / np.sqrt(1 + (stalls / 2) ** 2) + 50 * np.exp(-10 * player.stall_ms.values / watched)
    # To four decimals: the last bits of roots and powers are not the same everywhere.
    whole = np.rint(smooth * 10_000).astype(np.int64) * 100
    smoothness = Numbers(np.where(own.is_started, whole, 0), own.is_started)
    failed = player.is_start_failure | player.is_playback_failure
    slipped = player.is_exit_before_start & (player.watched_ms.values < reference.QUICK_EXIT_MS)
    business = player.error_class.codes == _code(player.error_class, "business")
    both = np.where(known, (startup.values + smoothness.values + 1) // 2, smoothness.values)
    points_of = np.where(failed, 0, np.where(player.is_exit_before_start, HALF_SCORE, both))
    is_scored = ~(failed & business) & ~slipped
    success = np.where(failed, 0, np.where(player.is_exit_before_start, 50, 100))
    success, points_of = np.where(is_scored, success, 0), np.where(is_scored, points_of, 0)
    return startup, smoothness, Numbers(success, is_scored), Numbers(points_of, is_scored)


def _code(values: Texts, name: str) -> int:
    """The code of a text, or one that no row has."""
    return values.names.index(name) if name in values.names else len(values.names)


def _keys(own: Playbacks, version: Texts, groups: Groups) -> dict[str, pa.Array]:
    return {
        "event_date": dates(own.day[groups.first]),
        "device_type": texts(own.device_type.take(groups.first)),
        "app_version": texts(version.take(groups.first)),
        "country": texts(own.country.take(groups.first)),
    }


def kpi_qoe_distribution_daily(plays: Playbacks) -> pa.Table:
    """By date, metric, bucket, device, version and country: started playbacks of the player."""
    own = plays.where(plays.player.watched_ms.known & plays.is_started)
    player = own.player
    watched, bits = player.watched_ms.values, player.bitrate_ms.values
    ppm = player.stall_ms.values * UNIT // np.maximum(watched, 1)
    kbps = player.bitrate_kbit.values * 1000 // np.maximum(bits, 1)
    metrics = {
        "bitrate_kbps": Numbers(kbps, bits > 0),
        "rebuffer_ppm": Numbers(ppm, watched > 0),
        "stall_count": own.stalls,
        "startup_ms": player.startup_ms,
    }
    return pa.concat_tables([_distribution(name, own, values) for name, values in metrics.items()])


def _distribution(metric: str, own: Playbacks, values: Numbers) -> pa.Table:
    own, known = own.where(values.known), values.values[values.known]
    bounds = np.array(reference.BUCKETS[metric])
    bucket = np.searchsorted(bounds, known, side="right") - 1
    version = first_known(own.player.app_version)
    groups = Groups(own.day, bucket, own.device_type.codes, version.codes, own.country.codes)
    found = bucket[groups.first]
    below = np.append(bounds[1:], 0)[found]
    playing = groups.sum(own.playing.values)
    return pa.table(
        {
            "metric": pa.array([metric] * len(groups), pa.string()),
            "bucket": pa.array(found),
            "from_value": pa.array(bounds[found]),
            "below_value": pa.array(below, mask=found == len(bounds) - 1),
            **_keys(own, version, groups),
            "plays": groups.count(),
            "playing_ms": playing,
            "average_playing_ms": ratio(playing, groups.count()),
        }
    )
