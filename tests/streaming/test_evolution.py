"""Producers change: what becomes of a new field, a wider type, another name, a new word, and of a mixture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.ingestion.helpers import rows, settings_of
from tests.streaming.test_check import EVENT, check_records

#: What producers change -> (the changed members, what becomes of the record: fields, extra, or reasons).
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None, list[str]]] = {
    "a new field is kept in extra": ({"mood": "happy"}, {"event_type": "video_play"}, {"mood": "happy"}, []),
    "a new nested field is kept in extra": ({"x": {"y": [1]}}, {"event_type": "video_play"}, {"x": {"y": [1]}}, []),
    "a number that came as an integer comes with a point": ({"position_ms": 7.0}, {"position_ms": 7}, None, []),
    "a number comes as text": ({"position_ms": "7"}, {"position_ms": 7}, None, []),
    "a number grows beyond 32 bits": ({"position_ms": 86_399_999}, {"position_ms": 86_399_999}, None, []),
    "a number gets a fraction": ({"position_ms": 7.5}, {}, None, ["bad_type:position_ms"]),
    "a number becomes an object": ({"position_ms": {"ms": 7}}, {}, None, ["bad_type:position_ms"]),
    "an id becomes a number": ({"account_id": 17}, {"account_id": "17"}, None, []),
    "a time becomes an epoch": ({"event_at": 1769768100000}, {"account_id": "U1"}, None, []),
    "a new enum value": ({"event_type": "video_teleport"}, {}, None, ["not_in_enum:event_type"]),
    "a required field goes": ({"event_type": None}, {}, None, ["missing:event_type"]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_alone(name: str, tmp_path: Path) -> None:
    """accepted with these values, kept in extra, or quarantined with this reason."""
    change, fields, extra, reasons = CHANGES[name]
    settings = settings_of(tmp_path)
    written = check_records(settings, [json.dumps(EVENT | change).encode()])
    assert list(written.reasons) == reasons
    for row in rows(settings, written.files):
        assert {field: row[field] for field in fields} == fields
        assert (json.loads(row["extra"]) if row["extra"] else None) == extra
    assert written.accepted == (not reasons)


def test_another_name_of_a_field_is_understood(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    old = {"user_id": "1", "track_id": "T", "listen_time": "2026-01-30 17:43:13"}
    new = {"user_id": "2", "track_id": "T", "listened_at": "2026-01-30 17:43:13"}
    written = check_records(settings, [json.dumps(old).encode(), json.dumps(new).encode()], "streams")
    assert written.accepted == 2
    assert len({row["listened_at"] for row in rows(settings, written.files)}) == 1


def test_old_and_new_producers_in_one_batch(tmp_path: Path) -> None:
    """Each record by itself: no other record decides what becomes of it, whatever stands first."""
    settings = settings_of(tmp_path)
    mixed, expected = [], []
    for number in range(300):
        for change, fields, extra, reasons in (({}, {}, None, []), *CHANGES.values()):
            record = EVENT | {"event_id": f"e{len(mixed)}"} | change
            mixed.append(json.dumps(record if number % 2 else dict(reversed(record.items()))).encode())
            expected.append((fields, extra, reasons))
    written = check_records(settings, mixed, chunk=500)
    good = {row["source_row"]: row for row in rows(settings, written.files)}
    bad = {row["source_row"]: row for row in rows(settings, written.quarantine_files)}
    assert written.read == len(good) + len(bad) == len(mixed)
    for number, (fields, extra, reasons) in enumerate(expected, start=1):
        if reasons:
            assert json.loads(bad[number]["reasons"]) == reasons
        else:
            assert {field: good[number][field] for field in fields} == fields
            assert (json.loads(good[number]["extra"]) if good[number]["extra"] else None) == extra
