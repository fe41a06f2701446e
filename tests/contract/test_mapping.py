"""Mapping files: what they may say, what they give the lander, and clear errors for the rest."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from ingestion import contract
from ingestion.mapping import MappingError, load_mapping, shipped
from ingestion.mapping.time_pattern import to_strptime

VIEWS = ["view_id", "viewer", "video", "category", "started", "watched_sec", "device_name", "app", "progress"]


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "theirs.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_shipped_mappings_load() -> None:
    assert {"generic_video_log", "player_events_in_seconds", "segment_video"} <= set(shipped())
    for name in shipped():
        assert load_mapping(name).name == name
        assert load_mapping(name).description


def test_generic_video_log_fills_every_required_field() -> None:
    mapping = load_mapping("generic_video_log")
    assert mapping.missing(VIEWS) == ()
    assert mapping.resolve(VIEWS)["duration_minutes"] == "watched_sec"
    assert mapping.missing(VIEWS[1:]) == ("session_id",)
    # Constants are values of their fields.
    target = contract.load(mapping.input)
    assert set(mapping.constants) <= set(target.columns)
    assert mapping.time["event_at"].zone == "Asia/Kolkata"


def test_words_are_compared_in_lower_case(tmp_path: Path) -> None:
    mapping = load_mapping(written(tmp_path, "input: demographics\nvalues: {gender: {' W ': Female, 1: Male}}"))
    assert mapping.values == {"gender": {"w": "Female", "1": "Male"}}


def test_constants_are_text(tmp_path: Path) -> None:
    text = "input: viewership_logs\nconstants: {is_live: true, duration_minutes: 5, event_at: 2026-01-30, genre: 1.50}"
    assert load_mapping(written(tmp_path, text)).constants == {
        "is_live": "true",
        "duration_minutes": "5",
        "event_at": "2026-01-30",
        "genre": "1.5",
    }


def test_unmapped_columns_keep_their_own_meaning_unless_ignored(tmp_path: Path) -> None:
    text = "input: streams\ncolumns: {Listener: user_id}\nignore: [track_id]"
    mapping = load_mapping(written(tmp_path, text))
    assert mapping.resolve(["LISTENER", "listen_time", "track_id", "user_id"]) == {
        "user_id": "LISTENER",
        "listened_at": "listen_time",
    }
    assert mapping.missing(["listener", "listen_time", "track_id"]) == ("track_id",)


def test_first_column_of_several_for_a_field_is_taken() -> None:
    mapping = load_mapping("player_events_in_seconds")
    assert mapping.resolve(["position_seconds", "event_type"])["position_ms"] == "position_seconds"
    assert mapping.resolve(["position_seconds", "playback_position"])["position_ms"] == "playback_position"


def test_seconds_are_not_applied_to_what_is_in_milliseconds() -> None:
    mapping = load_mapping("player_events_in_seconds")
    for name in mapping.units:
        assert name not in mapping.resolve([name]), name


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("input: streams\ncolumn: {a: user_id}", "theirs.yml: unknown key 'column'; did you mean columns?"),
        ("input: streams\ncolumns: {a: trackid}", "columns: streams has no field 'trackid'; did you mean track_id?"),
        ("input: streams\nconstants: {zzz: 1}", "constants: streams has no field 'zzz'"),
        ("input: stream", "there is no input 'stream'; inputs are ad_revenue"),
        ("columns: {a: user_id}", "input: Field required"),
        ("input: streams\nname: x", "unknown key 'name'"),
        ("input: streams\ntime: {listened_at: {zon: UTC}}", "unknown key 'time.listened_at.zon'; did you mean zone?"),
        ("input: streams\ntime: {listened_at: {zone: Asia/Kolkatta}}", "did you mean Asia/Kolkata"),
        ("input: streams\ntime: {listened_at: {format: dd/MM}}", "the pattern 'dd/MM' has no year"),
        ("input: streams\ntime: {listened_at: {format: dd-QQ-yyyy}}", "the letter 'Q' means nothing"),
        ("input: streams\ntime: {listened_at: {format: yyyy-MM-dd, unit: seconds}}", "not both"),
        ("input: streams\ntime: {listened_at: {unit: days}}", "time.listened_at.unit"),
        (
            "input: streams\ntime: {track_id: {zone: UTC}}",
            "track_id is a string; time is for date and timestamp fields",
        ),
        ("input: streams\nunits: {track_id: {divide: 3}}", "units is for bigint and decimal fields"),
        ("input: streams\nunits: {listened_ms: {divide: 0}}", "units.listened_ms.divide"),
        ("input: streams\nunits: {listened_ms: {}}", "listened_ms is neither multiplied nor divided"),
        ("input: streams\ncolumns: {/a~b: user_id}", "columns: '/a~b' is no JSON pointer"),
        (
            "input: streams\ntime: {listened_at: {is_end_of: track_id}}",
            "takes a field of milliseconds, and track_id is none",
        ),
        ("input: streams\ntime: {listened_at: {is_end_of: zzz}}", "time: streams has no field 'zzz'"),
        ("input: streams\ncases: [{wen: {a: b}, columns: {}}]", "unknown key 'cases.0.wen'; did you mean when?"),
        ("input: streams\ncases: [{when: {a: b, c: d}, columns: {}}]", "cases.0.when: name one column"),
        ("input: streams\ncases: [{when: {a: b}, columns: {c: zzz}}]", "cases: streams has no field 'zzz'"),
        ("input: streams\ncolumns: {a: user_id}\nignore: [a]", "ignore: a is also mapped"),
        ("input: streams\ninput: users", "the key 'input' is given twice"),
        ("- input", "a mapping file holds keys"),
        ("", "a mapping file holds keys"),
        ("input: [", "not readable as YAML"),
    ],
)
def test_wrong_mapping_is_refused_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(MappingError, match=re.escape(message)) as error:
        load_mapping(written(tmp_path, text))
    assert "theirs.yml" in str(error.value)


def test_missing_file_names_the_shipped_ones() -> None:
    with pytest.raises(MappingError, match="they are: adobe_media, generic_video_log"):
        load_mapping("no_such_mapping")


@pytest.mark.parametrize(
    ("pattern", "text", "instant"),
    [
        ("dd/MM/yyyy HH:mm:ss", "30/01/2026 15:18:14", "2026-01-30 15:18:14"),
        ("M/d/yy h:mm a", "1/5/26 3:07 PM", "2026-01-05 15:07:00"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSS", "2026-01-30T15:18:14.250", "2026-01-30 15:18:14.25"),
        ("yyyyMMddHHmmss", "20260130151814", "2026-01-30 15:18:14"),
        ("dd MMM yyyy, HH:mm", "30 Jan 2026, 15:18", "2026-01-30 15:18:00"),
        ("yyyy-MM-dd HH:mm:ss.SSSSSS", "2026-01-30 15:18:14.000001", "2026-01-30 15:18:14.000001"),
        ("'100%' yyyy-MM-dd", "100% 2026-01-30", "2026-01-30 00:00:00"),
        ("yyyy-MM-dd HH:mm:ssXXX", "2026-01-30 15:18:14+05:30", "2026-01-30 09:48:14"),
    ],
)
def test_time_pattern_reads_in_duckdb(pattern: str, text: str, instant: str) -> None:
    query = "select cast(strptime(?, ?) as timestamp)::varchar"
    assert duckdb.execute(query, [text, to_strptime(pattern)]).fetchone() == (instant,)
