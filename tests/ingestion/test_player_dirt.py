"""Player events that are no events: refused with reasons, none lost, and none without a time."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ingestion.mapping import load_mapping
from ingestion.zone import Manifest
from tests.ingestion.helpers import everything, land, land_one, rows, settings_of, write
from tests.ingestion.player_shapes import FOLDER

IN_SECONDS = load_mapping("player_events_in_seconds")


def refused(settings: Any, manifest: Manifest) -> dict[int, list[str]]:
    """Record number -> the reasons for refusing it."""
    assert manifest.rows_read == manifest.rows_accepted + manifest.rows_duplicate + manifest.rows_quarantined
    return {row["source_row"]: json.loads(row["reasons"]) for row in rows(settings, manifest.quarantine_files)}


def test_a_file_of_something_else_is_refused_row_by_row(tmp_path: Path) -> None:
    """Seed 004's fifth shape: transactions among the events. Asked for as player events, a row says what it lacks."""
    settings = settings_of(tmp_path / "home")
    manifest = land_one(settings, FOLDER / "seed_004_e.ndjson", mapping=IN_SECONDS)
    assert (manifest.rows_read, manifest.rows_accepted) == (3, 0)
    assert refused(settings, manifest) == {
        1: ["missing:event_type"],
        2: ["missing:event_type"],
        3: ["missing:event_at", "missing:event_type"],
    }


def test_a_file_of_something_else_is_not_guessed_at(tmp_path: Path) -> None:
    (outcome,) = land(settings_of(tmp_path / "home"), FOLDER / "seed_004_e.ndjson")
    assert outcome.status == "failed"
    assert "txn_id, timestamp, amount" in outcome.message


def test_the_bad_batch(tmp_path: Path) -> None:
    """Every kind of bad event that seed 004 sends; a null, empty or absent event_id is none, the natural key does."""
    settings = settings_of(tmp_path / "home")
    manifest = land_one(settings, FOLDER / "seed_004_bad_batch.jsonl", mapping=IN_SECONDS)
    # Blank lines are no records. A null and an empty id are the same event, so that the second is a duplicate.
    assert (manifest.rows_read, manifest.rows_accepted, manifest.rows_duplicate) == (14, 3, 1)
    assert [(r["event_id"], r["account_id"]) for r in rows(settings, manifest.files)] == [
        ("g1", "anna"),
        (None, "anna"),
        (None, "ben"),
    ]
    assert refused(settings, manifest) == {
        5: ["not_in_enum:event_type"],
        6: ["not_in_enum:event_type"],
        7: ["missing:event_type"],
        8: ["missing:event_at"],
        9: ["too_old:event_at"],
        10: ["in_future:event_at"],
        11: ["bad_timestamp:event_at"],
        12: ["malformed_json"],
        13: ["not_an_object"],
        14: ["missing:content_id"],
    }


INSTANT = "2026-01-30 20:00:00"
FORMS = {
    "1769803200": INSTANT,
    "1769803200.5": "2026-01-30 20:00:00.500000",
    "1769803200250": "2026-01-30 20:00:00.250000",
    "1769803200250001": "2026-01-30 20:00:00.250001",
    "2026-01-30T20:00:00Z": INSTANT,
    "2026-01-30T20:00:00": INSTANT,
    "2026-01-30 20:00:00": INSTANT,
    "2026-01-31T01:30:00+05:30": INSTANT,
    "2026-01-30T12:00:00.123456789-08:00": "2026-01-30 20:00:00.123456",
    "2026-01-31T00:30:00+05:30": "2026-01-30 19:00:00",  # the day in UTC, not the one that is written
    "2025-12-31T23:59:59.999999Z": "2025-12-31 23:59:59.999999",
    "30-01-2026": "bad_timestamp",
    "30/01/2026 20:00": "bad_timestamp",
    "2026-02-30T20:00:00Z": "bad_timestamp",
    "yesterday": "bad_timestamp",
    "NaN": "bad_timestamp",
    "-1769803200": "bad_timestamp",
    "176980320025000100": "bad_timestamp",
    "null": "bad_timestamp",
    "": "missing",
    "   ": "missing",
    None: "missing",
    "0": "too_old",
    "1970-01-01T00:00:00Z": "too_old",
    "1769803": "too_old",
    "2099-12-31T00:00:00Z": "in_future",
    "4102444800000": "in_future",
}


def _file(folder: Path, form: str) -> Path:
    event = {"event_type": "video_play", "user_id": "u", "title_id": "T1"}
    if form == "csv":
        lines = ["event_type,user_id,title_id,event_ts", *(f"video_play,u,T1,{text or ''}" for text in FORMS)]
        return write(folder, "events.csv", "\n".join(lines) + "\n")
    numbers = {text: float(text) if "." in text else int(text) for text in filter(None, FORMS) if _is_number(text)}
    bodies = [{**event, "event_ts": numbers.get(text, text) if text else text} for text in FORMS]
    return write(folder, "events.ndjson", "".join(json.dumps(body) + "\n" for body in bodies))


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdigit()


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_every_form_of_time_has_a_date_or_a_reason(form: str, tmp_path: Path) -> None:
    """Seed 004 kept events without a date in a partition of nulls. Here a row has a time, or is refused for it."""
    settings = settings_of(tmp_path / "home")
    manifest = land_one(settings, _file(tmp_path, form))
    reasons = refused(settings, manifest)
    accepted = {row["source_row"]: str(row["event_at"]) for row in rows(settings, manifest.files)}
    found = {}
    for number, text in enumerate(FORMS, start=1):
        found[text] = reasons[number][0].removesuffix(":event_at") if number in reasons else accepted.get(number)
    # Forms of one instant are one event: all but the first count as duplicates.
    repeats = [text for text, came in found.items() if came is None]
    assert [text for text in repeats if FORMS[text] != INSTANT] == []
    assert len(repeats) == manifest.rows_duplicate
    assert {text: came for text, came in found.items() if came} == {
        text: expected for text, expected in FORMS.items() if text not in repeats
    }
    assert rows(settings, manifest.files, "count(*) filter (where event_at is null) as undated", "1") == [
        {"undated": 0}
    ]


def test_the_partitions_are_days_of_arrival_only(tmp_path: Path) -> None:
    """What a build sees: folders by the day of arrival, none for nulls, and of each event a date."""
    settings = settings_of(tmp_path / "home")
    manifest = land_one(settings, _file(tmp_path, "ndjson"))
    folders = {name.split("/")[2] for name in everything(settings) if name.startswith(("raw/", "quarantine/"))}
    assert folders == {"arrival_date=2026-01-31"}
    dates = rows(settings, manifest.files, "distinct cast(event_at as date) as event_date", "event_date")
    assert [row["event_date"] for row in dates] == [date(2025, 12, 31), date(2026, 1, 30)]
