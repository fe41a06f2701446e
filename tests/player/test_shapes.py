"""The story of tests/ingestion/fixtures/player, told by every system and built: one playback each, measured alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ingestion.mapping import load_mapping
from tests.convergence.engine import Warehouse
from tests.ingestion.helpers import land
from tests.ingestion.player_shapes import FOLDER, LISTENS, SHAPES, Shape
from tests.ingestion.test_player_dirt import FORMS
from tests.player.test_scenarios import FreshWarehouse

pytestmark = pytest.mark.slow

# Worked out from story.yml: from the request at 20:00:05 to the end at 20:02:44, less the pause of 30 s. The first
# frame comes at 20:00:22.250, after an advertisement of 16 s.
MEASURES = {
    "watched_ms": 129_000,
    "playing_ms": 107_750,
    "content_watched_ms": 107_750,
    "startup_ms": 1_250,
    "stall_count": 1,
    "stall_ms": 4_000,
    "pause_ms": 30_000,
    "seek_count": 1,
    "max_position_ms": 600_000,
    "ad_count": 1,
    "ad_ms": 16_000,
    "end_reason": "complete",
    "is_position_jump": False,
}
# What a system has no word for.
SAID_LESS = {
    # A seek is a jump of the position.
    "Adobe": {"seek_count": 0, "is_position_jump": True},
}
PLAYERS = ("003", "Segment", "Snowplow", "Adobe")


def as_told_by(shape: Shape, folder: Path) -> list[Path]:
    """The shape's files with ids of their own, so that all can be landed in one place."""
    tag = re.sub(r"\W", "", shape.title)
    copies = []
    for name in shape.files:
        text = (FOLDER / name).read_text(encoding="utf-8")
        text = re.sub(r"\b(PB-1|S-1|anna)\b", rf"\g<1>{tag}", re.sub(r'"e(\d\d)"', rf'"{tag}\g<1>"', text))
        copies.append(folder / f"{tag}_{name}")
        copies[-1].write_text(text, encoding="utf-8")
    return copies


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("shapes")
    warehouse = FreshWarehouse(folder / "warehouse")
    for shape in (*SHAPES, *LISTENS):
        mapping = load_mapping(shape.mapping) if shape.mapping else None
        for outcome in land(warehouse.settings, *as_told_by(shape, folder), mapping=mapping):
            assert outcome.manifest is not None, outcome.message
            assert outcome.manifest.reasons == {}
    times = folder / "times.ndjson"
    events = [{"event_type": "video_play", "user_id": "clock", "title_id": "T9", "event_ts": text} for text in FORMS]
    times.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    land(warehouse.settings, times)
    # All models with their data tests: events alone, of every system, make a green build.
    warehouse.dbt("build", "--exclude", "resource_type:unit_test")
    yield warehouse
    warehouse.close()


def playback_of(built: Warehouse, account_id: str) -> dict[str, Any]:
    """The one playback of an account."""
    names = list(MEASURES)
    (row,) = built.query(f"select {', '.join(names)} from marts.fct_playback where account_id = '{account_id}'")
    return dict(zip(names, row, strict=True))


@pytest.mark.parametrize("title", PLAYERS)
def test_every_player_gives_the_same_playback(built: Warehouse, title: str) -> None:
    assert playback_of(built, f"player:anna{title}") == MEASURES | SAID_LESS.get(title, {})


@pytest.mark.parametrize("title", PLAYERS)
def test_every_player_gives_the_same_impression(built: Warehouse, title: str) -> None:
    ((impressions, completes),) = built.query(
        "select count(*), sum(case when ad.is_completed then 1 else 0 end) from marts.fct_ad_impression as ad "
        f"where ad.account_id = 'player:anna{title}'"
    )
    assert (impressions, completes) == (1, 1)


def test_clickstreams_with_positions_and_without(built: Warehouse) -> None:
    """Four clicks: a start, a pause at 24.75 s, a seek from it and the end; a clickstream says no resumption."""
    columns = "playing_ms, pause_ms, max_position_ms, end_reason"
    found = {
        tag: built.query(f"select {columns} from marts.fct_playback where account_id = 'player:{account}'")
        for tag, account in (("a", "anna004a"), ("b", "1001"), ("c", "anna004c"), ("d", "anna004d"))
    }
    assert found["b"] == found["c"]
    assert found["a"] == found["d"]
    assert {rows[0][3] for rows in found.values()} == {"stop"}
    assert {len(rows) for rows in found.values()} == {1}


def test_listens_are_playbacks(built: Warehouse) -> None:
    found = built.query(
        "select account_id, playing_ms, is_imputed from marts.fct_playback "
        "where source = 'player' and (media_kind = 'podcast' or content_id like 'music:%') "
        "order by account_id, started_at, playing_ms"
    )
    # ListenBrainz: 95 s until the next listen, none until the one at the same instant (which of the two is the first
    # is decided by their ids), then the track's length.
    told = [("player:annaListenBrainz", ms, True) for ms in (95_000, 0, 200_000)]
    timed = [("player:listener", ms, False) for ms in (95_000, 0, 240_000, 600_000)]
    assert found == told + timed


def test_every_event_has_a_date(built: Warehouse) -> None:
    """Seed 004's partition of nulls cannot come to be: these are all dates that the build has events on."""
    days = [date(2025, 12, 31), date(2026, 1, 30)]
    for relation in ("staging.stg_player__event", "intermediate.int_player_event"):
        assert built.query(f"select distinct event_date from {relation} order by 1") == [(day,) for day in days]
