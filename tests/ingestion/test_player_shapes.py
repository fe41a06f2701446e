"""Player events of other systems land as the same canonical events."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from ingestion import contract
from ingestion.mapping import load_mapping
from ingestion.settings import Settings
from tests.ingestion.helpers import land, rows, settings_of
from tests.ingestion.player_shapes import FOLDER, LISTENS, SHAPES, Shape, events, story

DOCS = Path(__file__).resolve().parents[2] / "docs" / "bringing_your_data.md"
NOT_OF_THE_STORY = {"batch_id", "arrived_at", "source_file", "source_row", "extra", "arrival_date"}


def landed(settings: Settings, shape: Shape) -> list[dict[str, Any]]:
    """What a shape's files become, in order of time; nothing may be refused or lost."""
    mapping = load_mapping(shape.mapping) if shape.mapping else None
    names: list[str] = []
    for outcome in land(settings, *(FOLDER / name for name in shape.files), mapping=mapping):
        manifest = outcome.manifest
        assert manifest is not None, outcome.message
        assert (manifest.input, manifest.reasons) == ("player_events", {})
        assert manifest.rows_read == manifest.rows_accepted > 0
        names += manifest.files
    found = [row for name in names for row in rows(settings, [name])]
    return sorted(found, key=lambda row: row["event_at"])


def filled(found: list[dict[str, Any]]) -> set[str]:
    """The contract's fields that any row has a value in."""
    return {name for row in found for name, value in row.items() if value is not None} - NOT_OF_THE_STORY


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.title)
def test_every_shape_gives_the_events_of_the_story(shape: Shape, tmp_path: Path) -> None:
    found = landed(settings_of(tmp_path / "home"), shape)
    expected = events(shape)
    assert [(str(r["event_at"])[:23], r["event_type"]) for r in found] == [
        (e["event_at"] if "." not in e["event_at"] else e["event_at"][:23], e["event_type"]) for e in expected
    ]
    said = filled(found)
    for row, event in zip(found, expected, strict=True):
        wanted = {name: value for name, value in event.items() if name in said and name != "event_at"}
        assert {name: row.get(name) for name in wanted} == wanted, event["event_id"]
        # And nothing of the story where the story has nothing.
        known = set(story()["common"]) | {name for e in story()["events"] for name in e}
        silent = {name for name in known - set(event) if row.get(name) is not None}
        assert silent <= ALSO_SAID, event["event_id"]


#: Fields that a shape says of more events than the story has them for.
ALSO_SAID = {"content_id", "playback_id", "position_ms", "content_duration_ms", "ad_type"}


@pytest.mark.parametrize("shape", LISTENS, ids=lambda shape: shape.title)
def test_listens(shape: Shape, tmp_path: Path) -> None:
    found = landed(settings_of(tmp_path / "home"), shape)
    told = [one for one in story()["listens"] if one["media_kind"] in shape.types]
    is_timed = shape.title == "Spotify"
    assert [(str(r["event_at"]), r["content_title"], r["media_kind"], r["event_type"]) for r in found] == [
        (one["event_at"], one["content"], one["media_kind"], "listen") for one in told
    ]
    assert [r.get("listened_ms") for r in found] == [one["listened_ms"] if is_timed else None for one in told]
    assert [r.get("content_duration_ms") for r in found] == [
        None if is_timed else one["content_duration_ms"] for one in told
    ]
    assert {r["account_id"] for r in found} == {"listener" if is_timed else "anna"}
    assert all(re.fullmatch(r"[0-9A-Za-z-]{22,36}", r["content_id"]) for r in found)
    assert len({r["content_id"] for r in found}) == len(told)


def test_the_documented_matrix_is_what_lands(tmp_path: Path) -> None:
    """The table of docs/bringing_your_data.md: shape by shape, the fields that its fixture fills."""
    measured = {s.title: filled(landed(settings_of(tmp_path / s.title), s)) for s in (*SHAPES, *LISTENS)}
    lines = [line.removeprefix("|").removesuffix("|").split("|") for line in DOCS.read_text("utf-8").splitlines()]
    cells = [[cell.strip() for cell in line] for line in lines]
    head = cells.index(["field", *measured])
    table = list(takewhile(lambda line: len(line) == len(cells[head]), cells[head + 2 :]))
    documented = {
        title: {name.strip("` ") for line in table if line[place] == "yes" for name in line[0].split(",")}
        for place, title in enumerate(cells[head])
        if place
    }
    assert documented == measured
    assert {name for names in documented.values() for name in names} <= set(contract.load("player_events").columns)
