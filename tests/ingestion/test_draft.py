"""A mapping drafted from a file: it lands that file after the edits that it asks for, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ingestion import contract
from ingestion.cli import app
from ingestion.draft import TODO, DraftError, draft, names, render, values
from ingestion.mapping import load_mapping
from tests.ingestion.helpers import land_one, rows, settings_of, write
from tests.ingestion.player_shapes import FOLDER, SHAPES, events, story

EVENTS = contract.load("player_events")
# What a reader of the draft writes in the place of its TODO lines.
SETTLED = {
    "segment.ndjson": {"# TODO Video Ad Playing: ...": "Video Ad Playing: ad_quartile"},
    "spotify.json": {"# TODO your_column: account_id": "#", "constants:": "constants:\n  account_id: anna"},
    "made_up_vendor.csv": {"# TODO HALT: ...": "HALT: video_stop"},
}


def landed(folder: Path, file: str, edits: Mapping[str, str]) -> tuple[Mapping[str, int], list[dict[str, Any]]]:
    """The reasons for refusing rows of a file, and its rows, by its draft after some edits."""
    text = render(draft(FOLDER / file))
    for line, instead in edits.items():
        assert text.count(line) == 1, line
        text = text.replace(line, instead)
    mapping = load_mapping(write(folder, "drafted.yml", text))
    settings = settings_of(folder / "home")
    manifest = land_one(settings, FOLDER / file, mapping=mapping, again=True)
    return manifest.reasons, rows(settings, manifest.files, order="event_at, source_row")


@pytest.mark.parametrize("file", SETTLED)
def test_a_draft_lands_after_the_edits_that_it_asks_for(file: str, tmp_path: Path) -> None:
    asked = render(draft(FOLDER / file)).count(TODO)
    assert asked == sum(TODO in line for line in SETTLED[file])
    before, _ = landed(tmp_path, file, {})
    assert before, "the edits would not be needed"
    after, found = landed(tmp_path, file, SETTLED[file])
    assert (after, bool(found)) == ({}, True)


def test_a_draft_of_track_calls_tells_the_story(tmp_path: Path) -> None:
    _, found = landed(tmp_path, "segment.ndjson", SETTLED["segment.ndjson"])
    (shape,) = (one for one in SHAPES if one.title == "Segment")
    for row, event in zip(found, events(shape), strict=True):
        told = {name: event.get(name) for name in ("event_type", "account_id", "playback_id", "content_id", "ad_id")}
        if "content_id" in told and event["event_type"].startswith("ad_"):
            del told["content_id"]  # the draft leaves the content of an ad in extra
        assert {name: row.get(name) for name in told} == told
        if event["event_type"] == "video_heartbeat":
            assert row["position_ms"] == event["position_ms"]


def test_a_draft_of_listens_asks_whether_the_time_is_the_end(tmp_path: Path) -> None:
    hint = "# Is event_at the end of the listen? Then: time: {event_at: {is_end_of: listened_ms}}; check"
    edits = {**SETTLED["spotify.json"], hint: "time: {event_at: {is_end_of: listened_ms}}"}
    _, found = landed(tmp_path, "spotify.json", edits)
    assert [(str(r["event_at"]), r["listened_ms"]) for r in found] == [
        (one["event_at"], one["listened_ms"]) for one in story()["listens"]
    ]


def test_a_draft_of_a_vendors_csv(tmp_path: Path) -> None:
    _, found = landed(tmp_path, "made_up_vendor.csv", SETTLED["made_up_vendor.csv"])
    fields = ("account_id", "content_id", "event_type", "position_ms", "country")
    assert [(str(r["event_at"])[11:], *(r[name] for name in fields)) for r in found] == [
        ("20:00:05", "anna", "C-7", "video_play", 0, "IN"),
        ("20:00:15", "anna", "C-7", "video_heartbeat", 10_000, "IN"),
        ("20:00:20", "anna", "C-7", "video_pause", 14_500, "IN"),
        ("20:00:30", "anna", "C-7", "video_resume", 14_500, "IN"),
        ("20:00:40", "anna", "C-7", "video_stop", 24_500, "IN"),
        ("21:00:00", "ben", "C-9", "video_play", 0, "IN"),
        ("21:52:00", "ben", "C-9", "video_complete", 3_120_000, "IN"),
    ]
    assert "mood" in str(found[0]["extra"])


def test_a_known_shape_is_named() -> None:
    for file, mapping in (("segment.ndjson", "segment_video"), ("listenbrainz.ndjson", "listenbrainz_listens")):
        assert f"# The shipped mapping {mapping} knows this shape" in render(draft(FOLDER / file))
    assert "shipped mapping" not in render(draft(FOLDER / "made_up_vendor.csv"))


def test_other_inputs_and_what_lacks(tmp_path: Path) -> None:
    log = write(tmp_path, "views.csv", "viewer,channel id,show,began,watched_sec\nann,C1,News,2026-01-30 10:00,600\n")
    text = render(draft(log, "viewership_logs"))
    assert text.startswith("# Drafted from views.csv")
    assert "  viewer: user_id\n" in text
    assert "# TODO your_column: session_id  # required in every row" in text
    assert "Kept in extra" in text
    load_mapping(write(tmp_path, "drafted.yml", text))


@pytest.mark.parametrize("file", ["seed_003_video_events.ndjson", "seed_004_bad_batch.jsonl", "snowplow.ndjson"])
def test_events_are_told_as_such_and_drafts_can_be_read(file: str, tmp_path: Path) -> None:
    made = draft(FOLDER / file)
    assert made.target.name == "player_events"
    load_mapping(write(tmp_path, "drafted.yml", render(made)))


def test_ambiguous_days_are_pointed_out(tmp_path: Path) -> None:
    path = write(tmp_path, "e.csv", "user_id,event_type,time,title_id\nu,play,02/03/2026 10:00,T\n")
    text = render(draft(path, "player_events"))
    assert 'event_at: {format: "dd/MM/yyyy HH:mm"}' in text
    assert "MM/dd/yyyy HH:mm fit as well, check" in text


def test_nothing_to_draft_from(tmp_path: Path) -> None:
    with pytest.raises(DraftError, match="without even a header"):
        draft(write(tmp_path, "empty.csv", ""))
    with pytest.raises(DraftError, match="no row with a value"):
        draft(write(tmp_path, "header.csv", "a,b\n"))
    with pytest.raises(DraftError, match="of ad_revenue; say another input"):
        draft(write(tmp_path, "zzz.csv", "qqq,zzz\nx,y\n"), "ad_revenue")
    with pytest.raises(DraftError, match="of any input"):
        draft(tmp_path / "zzz.csv")


@pytest.mark.parametrize(
    ("name", "words", "unit"),
    [
        ("/properties/totalLength", ("total", "length"), None),
        ("/contexts/0/playheadMs", ("playhead", "ms"), "milliseconds"),
        ("/user/id", ("user", "id"), None),
        ("watched_sec", ("watched", "sec"), "seconds"),
        ("Clip Length (min)", ("clip", "length", "min"), "minutes"),
        ("min", ("min",), None),
    ],
)
def test_words_and_unit_of_a_name(name: str, words: tuple[str, ...], unit: str | None) -> None:
    assert (names.words(name), names.unit(name)) == (words, unit)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("PLAY_START", "video_play"),
        ("Video Ad Started", "ad_impression"),
        ("ad_midpoint", "ad_quartile"),
        ("seekEnd", "video_heartbeat"),
        ("BufferingEnded", "video_resume"),
        ("stallStart", "video_buffer"),
        ("unliked", "user_unlike"),
        ("Session Closed", "session_end"),
        ("scrobble", "listen"),
        ("HALT", None),
        ("7", None),
    ],
)
def test_meaning_of_a_word(word: str, meaning: str | None) -> None:
    assert values.meaning(EVENTS.field("event_type"), word) == meaning


@pytest.mark.parametrize(
    ("field", "column", "texts", "factor"),
    [
        ("position_ms", "position_sec", ["1"], (1000, 1)),
        ("position_ms", "playhead_ms", ["1"], (1, 1)),
        ("position_ms", "where", ["0", "5400"], (1000, 1)),
        ("position_ms", "where", ["0", "5400000"], (1, 1)),
        ("position_ms", "where", ["61000.5"], (1000, 1)),
        ("content_duration_ms", "runtime_min", ["90"], (60000, 1)),
        ("bitrate_kbps", "rate", ["4500000"], (1, 1000)),
        ("bitrate_kbps", "rate", ["4500"], (1, 1)),
        ("quartile", "q", ["25"], (1, 1)),
    ],
)
def test_unit_of_numbers(field: str, column: str, texts: list[str], factor: tuple[int, int]) -> None:
    assert values.factor(EVENTS.field(field), column, texts)[:2] == factor


def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_HOME", str(tmp_path / "home"))
    run, file, to = CliRunner().invoke, str(FOLDER / "made_up_vendor.csv"), tmp_path / "vendor.yml"
    assert "--draft-mapping" in run(app, ["land", "--help"], env={"COLUMNS": "200"}).output
    shown = run(app, ["land", "--draft-mapping", file])
    assert (shown.exit_code, shown.stdout) == (0, render(draft(Path(file))))
    written = run(app, ["land", "--draft-mapping", file, "--input", "player_events", "--to", str(to)])
    assert written.exit_code == 0
    assert "with 1 lines to settle" in written.stdout
    assert to.read_text() == shown.stdout
    for arguments, message in (
        ([file, "--draft-mapping", "--to", str(to)], "is there already"),
        ([file, file.replace("made_up_vendor.csv", "segment.ndjson"), "--draft-mapping"], "a draft is of one file"),
        ([file, "--to", str(to)], "a draft is of one file"),
    ):
        refused = run(app, ["land", *arguments])
        assert refused.exit_code == 1
        assert message in refused.output
    assert not (tmp_path / "home").exists(), "a draft lands nothing"
