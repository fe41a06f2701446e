"""Refused rows: looked at, and landed after a fix, once."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from ingestion import quarantine
from ingestion.contract import Contract, load
from ingestion.mapping import load_mapping
from ingestion.quarantine import ReplayError
from ingestion.settings import Settings
from ingestion.zone import Zone
from tests.ingestion.helpers import ARRIVED_AT, STREAMS, everything, land, land_one, manifests, rows, write

BAD_TIMES = (
    STREAMS + "u1,t1,2026-01-30 10:00:00\nu2,t2,30/01/2026 11:00\nu2,t2,30/01/2026 11:00\nu3,,30/01/2026 12:00\nu4\n"
)
FIX = """
input: streams
time:
  listened_at: {format: "dd/MM/yyyy HH:mm", zone: Asia/Kolkata}
"""


def test_refused_rows_show_number_reasons_and_text(tmp_path: Path, settings: Settings) -> None:
    manifest = land_one(settings, write(tmp_path, "streams.csv", BAD_TIMES))
    shown = list(quarantine.refused_rows(Zone(settings.raw), manifest))
    assert [(row.source_row, row.reasons) for row in shown] == [
        (2, '["bad_timestamp:listened_at"]'),
        (3, '["bad_timestamp:listened_at"]'),
        (4, '["bad_timestamp:listened_at","missing:track_id"]'),
        (5, '["malformed_row"]'),
    ]
    assert shown[3].raw_text == "u4"
    assert len(list(quarantine.refused_rows(Zone(settings.raw), manifest, limit=2))) == 2


def test_replay_after_a_fix_lands_what_is_good_once(tmp_path: Path, settings: Settings) -> None:
    original = land_one(settings, write(tmp_path, "streams.csv", BAD_TIMES))
    mapping = load_mapping(write(tmp_path, "fix.yml", FIX))
    nothing = quarantine.replay(settings, original.batch_id)
    assert (nothing.manifest, nothing.rows_refused) == (None, 4)

    done = quarantine.replay(settings, original.batch_id, mapping)
    landed = done.manifest
    assert landed is not None
    assert (done.rows_examined, done.rows_refused) == (4, 2)
    assert (landed.rows_read, landed.rows_accepted, landed.rows_duplicate, landed.rows_quarantined) == (2, 1, 1, 0)
    assert (landed.replay_of, landed.arrived_at, landed.source) == (
        original.batch_id,
        original.arrived_at,
        "streams.csv",
    )
    (row,) = rows(settings, landed.files)
    assert (row["source_row"], row["user_id"], str(row["listened_at"])) == (2, "u2", "2026-01-30 05:30:00")
    assert row["arrived_at"].replace(tzinfo=UTC) == ARRIVED_AT

    before = everything(settings)
    second = quarantine.replay(settings, original.batch_id, mapping)
    assert (second.manifest, second.rows_examined, second.rows_refused) == (None, 2, 2)
    assert everything(settings) == before
    assert quarantine.open_rows(Zone(settings.raw), original) == 2


def test_replay_after_a_fix_of_the_contract(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "user_id,gender,age_group\nu1,Female,18-25\nu2,Male,61+\n"
    original = land_one(settings, write(tmp_path, "demographics.csv", text), input="demographics")
    assert original.reasons == {"not_in_enum:age_group": 1}
    monkeypatch.setattr("ingestion.contract.load", _with_more_ages)
    done = quarantine.replay(settings, original.batch_id)
    assert done.manifest is not None
    assert [row["age_group"] for row in rows(settings, done.manifest.files)] == ["61+"]
    assert quarantine.replay(settings, original.batch_id).rows_examined == 0


def _with_more_ages(name: str) -> Contract:
    from dataclasses import replace

    contract = load(name)
    fields = tuple(
        replace(f, enum=(*f.enum, "61+"), value_aliases={**f.value_aliases, "61+": "61+"})
        if f.name == "age_group"
        else f
        for f in contract.fields
    )
    return Contract(contract.name, contract.description, fields, contract.natural_key)


def test_replay_of_a_file_that_was_refused_whole(tmp_path: Path, settings: Settings) -> None:
    text = "user_id,song,listen_time\nu1,t1,2026-01-30 10:00:00\nu2,t2,never\n"
    original = land_one(settings, write(tmp_path, "streams.csv", text))
    assert original.reasons == {"missing_column:track_id": 1}
    assert quarantine.replay(settings, original.batch_id).manifest is None
    mapping = load_mapping(write(tmp_path, "fix.yml", "input: streams\ncolumns: {song: track_id}\n"))
    landed = quarantine.replay(settings, original.batch_id, mapping).manifest
    assert landed is not None
    assert (landed.rows_read, landed.rows_accepted, landed.rows_quarantined) == (2, 1, 1)
    assert (landed.replay_of, landed.arrived_at) == (original.batch_id, original.arrived_at)
    again = quarantine.replay(settings, original.batch_id, mapping)
    assert (again.manifest, again.rows_examined) == (None, 0)
    assert quarantine.replay(settings, landed.batch_id, mapping).rows_refused == 1  # its own bad row stays


def test_withdrawing_a_batch_takes_its_replays_along(tmp_path: Path, settings: Settings) -> None:
    original = land_one(settings, write(tmp_path, "streams.csv", BAD_TIMES))
    mapping = load_mapping(write(tmp_path, "fix.yml", FIX))
    first = quarantine.replay(settings, original.batch_id, mapping).manifest
    assert first is not None
    Zone(settings.raw).withdraw(first.batch_id)
    second = quarantine.replay(settings, original.batch_id, mapping).manifest
    assert second is not None
    assert second.batch_id != first.batch_id  # withdrawn, so that its rows are open again
    gone = Zone(settings.raw).withdraw(original.batch_id)
    assert [m.batch_id for m in gone] == [second.batch_id, original.batch_id]
    assert manifests(settings) == []


def test_rows_of_json_and_parquet_replay_too(tmp_path: Path, settings: Settings) -> None:
    lines = '{"user_id":"u1","track_id":"t1","listen_time":"30/01/2026 11:00","x":[1]}\nno json\n'
    original = land_one(settings, write(tmp_path, "streams.ndjson", lines))
    assert original.reasons == {"bad_timestamp:listened_at": 1, "malformed_json": 1}
    mapping = load_mapping(write(tmp_path, "fix.yml", FIX))
    done = quarantine.replay(settings, original.batch_id, mapping)
    assert done.manifest is not None
    assert rows(settings, done.manifest.files)[0]["extra"] == '{"x":[1]}'
    assert done.rows_refused == 1


def test_errors_name_the_batch_and_the_mapping(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(ReplayError, match="no batch abc"):
        quarantine.replay(settings, "abc")
    mapping = load_mapping(write(tmp_path, "theirs.yml", "input: streams\n"))
    (outcome,) = land(settings, write(tmp_path, "streams.csv", BAD_TIMES), mapping=mapping)
    assert outcome.manifest is not None
    with pytest.raises(ReplayError, match="mapping theirs"):
        quarantine.replay(settings, outcome.manifest.batch_id)
    other = load_mapping("generic_video_log")
    with pytest.raises(ReplayError, match="generic_video_log is for viewership_logs"):
        quarantine.replay(settings, outcome.manifest.batch_id, other)
