"""Pseudonyms at landing, and other people's files through a mapping."""

from __future__ import annotations

import hashlib
import hmac
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ingestion.contract import ContractError
from ingestion.lander.write import hmac_of, hmac_sql
from ingestion.mapping import load_mapping
from tests.ingestion.helpers import STREAMS, land, land_one, rows, settings_of, write

USERS = "user_id,user_name,user_age,user_country,created_at\n7,Example Person,30,India,2024-01-02\n"


@pytest.mark.parametrize("key", ["k", "a key's quote", "\u00fcnicode", "x" * 64, "y" * 65, "z" * 200])
@pytest.mark.parametrize("text", ["", "U1", "\u00e9\U0001f600", "long" * 100])
def test_hmac_in_sql_is_hmac(key: str, text: str) -> None:
    expected = hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
    with duckdb.connect() as connection:
        found = connection.execute(
            f"select {hmac_sql('t', key)}, {hmac_sql('n', key)} from (select ? t, null::varchar n)", [text]
        )
        assert found.fetchone() == (expected, None)
    assert hmac_of(text, key) == expected


def test_with_a_key_identifiers_become_pseudonyms_and_names_go(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home", MEDIA_PII_KEY="secret")
    (user,) = rows(settings, land_one(settings, write(tmp_path, "users.csv", USERS)).files)
    assert (user["user_id"], user["user_name"], user["user_age"]) == (hmac_of("7", "secret"), None, 30)
    (listen,) = rows(
        settings, land_one(settings, write(tmp_path, "s.csv", STREAMS + "7,t1,2026-01-30 10:00:00\n")).files
    )
    assert listen["user_id"] == user["user_id"]  # so that tables still join
    assert listen["track_id"] == "t1"
    assert b"Example Person" not in b"".join(p.read_bytes() for p in (settings.raw / "raw").rglob("*.parquet"))


def test_without_a_key_they_stay_in_raw(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home")
    (user,) = rows(settings, land_one(settings, write(tmp_path, "users.csv", USERS)).files)
    assert (user["user_id"], user["user_name"]) == ("7", "Example Person")


VIDEO_LOG = (
    "view_id,viewer,video,category,started,watched_sec,device_name,app,progress,area,plan,mood\n"
    "v1,U1,Show_1,News,30/01/2026 05:30:00,90,Smartphone,Android,80.5,North,gold,happy\n"
    "v2,U2,Show_1,News,2026-01-30 05:30:00,90,phone,Android,80.5,North,gold,\n"
    "v3,U3,Show_1,News,30/01/2026 05:30:00,ninety,phone,Android,80.5,North,none,\n"
)


def test_the_shipped_mapping_lands_a_video_log(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home")
    manifest = land_one(settings, write(tmp_path, "views.csv", VIDEO_LOG), mapping=load_mapping("generic_video_log"))
    assert (manifest.input, manifest.mapping) == ("viewership_logs", "generic_video_log")
    assert manifest.reasons == {"bad_timestamp:event_at": 1, "bad_type:duration_minutes": 1}
    (row,) = rows(settings, manifest.files)
    expected = {
        "session_id": "v1", "user_id": "U1", "channel_id": "WEB", "show_name": "Show_1", "duration_minutes": 2,
        "device": "Mobile", "subscription_type": "Premium", "is_live": False, "extra": '{"mood":"happy"}',
        "completion_percentage": Decimal("80.5000"),
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert str(row["event_at"]) == "2026-01-30 00:00:00"  # 05:30 in Kolkata


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_rules_of_a_mapping(tmp_path: Path, form: str) -> None:
    settings = settings_of(tmp_path / "home")
    rules = """
    input: streams
    columns: {who: user_id, what: track_id, song: track_id, when: listened_at, secs: listened_ms}
    time: {listened_at: {unit: seconds}}
    units: {listened_ms: {multiply: 1000}}
    values: {track_id: {none: unknown}}
    ignore: [user_id]
    """
    mapping = load_mapping(write(tmp_path, "rules.yml", rules))
    content = "who,user_id,what,when,secs\nu1,x,NONE,1769767200,1.2345\nu2,x,t2,1769767200.5,\n"
    if form == "ndjson":
        content = (
            '{"who":"u1","user_id":"x","what":"NONE","when":1769767200,"secs":1.2345}\n'
            '{"who":"u2","user_id":"x","song":"t2","when":"1769767200.5","secs":null}\n'
        )
    found = rows(settings, land_one(settings, write(tmp_path, f"l.{form}", content), mapping=mapping).files)
    assert [(r["user_id"], r["track_id"], str(r["listened_at"]), r["listened_ms"], r["extra"]) for r in found] == [
        ("u1", "unknown", "2026-01-30 10:00:00", 1235, '{"user_id":"x"}'),
        ("u2", "t2", "2026-01-30 10:00:00.500000", None, '{"user_id":"x"}'),
    ]


def test_a_mapping_for_another_input_is_refused(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home")
    with pytest.raises(ContractError, match="--input streams: the mapping generic_video_log is for viewership_logs"):
        land(settings, write(tmp_path, "v.csv", VIDEO_LOG), mapping=load_mapping("generic_video_log"), input="streams")
