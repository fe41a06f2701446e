"""Pseudonyms at landing, and other people's files through a mapping."""

from __future__ import annotations

import hashlib
import hmac
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from ingestion.contract import ContractError
from ingestion.lander.write import hmac_of, hmac_sql
from ingestion.mapping import load_mapping
from ingestion.quarantine import replay
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


DEEP = """
input: player_events
columns:
  kind: event_type
  /who/id: account_id
  /who/home/country: country
  /items/0/id: content_id
  /where: position_ms
  spent_s: listened_ms
  spent_ms: listened_ms
  at: event_at
cases:
  - when: {kind: [ad *, "spot"]}
    columns: {/what/id: ad_id}
  - when: {kind: "watch*"}
    columns: {/what/id: content_id}
constants: {account_id: nobody, platform: web}
units:
  spent_s: {multiply: 1000}
values:
  event_type: {ad shown: ad_impression, spot: ad_click, watch: video_play, watching: video_heartbeat, heard: listen}
  country: {"c:*": "*", "*": ""}
"""


def _deep(tmp_path: Path, *bodies: dict[str, object]) -> tuple[list[dict[str, object]], dict[str, int]]:
    """What JSON objects become through the mapping above."""
    settings = settings_of(tmp_path / "home")
    file = write(tmp_path, "deep.ndjson", "".join(json.dumps({"at": 1769767200, **body}) + "\n" for body in bodies))
    manifest = land_one(settings, file, mapping=load_mapping(write(tmp_path, "deep.yml", DEEP)))
    return rows(settings, manifest.files), manifest.reasons


def test_pointers_reach_into_objects_and_what_they_leave_is_kept(tmp_path: Path) -> None:
    found, reasons = _deep(
        tmp_path,
        {"kind": "heard", "who": {"id": "u1", "home": {"country": "c:IN"}}, "items": [{"id": "T1"}, {"id": "T2"}]},
        {"kind": "heard", "who": {"id": "u2", "age": 7, "home": {"country": "x"}}, "items": [{"id": "T1"}]},
        {"kind": "heard", "items": [{"id": "T3"}], "more": {}},
    )
    assert reasons == {}
    assert [(r["account_id"], r["country"], r["content_id"], r["platform"]) for r in found] == [
        ("u1", "IN", "T1", "web"),
        ("u2", None, "T1", "web"),
        ("nobody", None, "T3", "web"),  # a constant where the column has nothing
    ]
    assert [json.loads(str(r["extra"])) for r in found] == [
        {"items": [{"id": "T1"}, {"id": "T2"}]},  # an array stays whole, an object without its members goes
        {"items": [{"id": "T1"}], "who": {"age": 7}},
        {"items": [{"id": "T3"}], "more": {}},
    ]


def test_a_case_says_what_a_column_means_in_its_rows(tmp_path: Path) -> None:
    found, reasons = _deep(
        tmp_path,
        {"kind": "Ad Shown", "what": {"id": "A1"}},
        {"kind": "spot", "what": {"id": "A2"}},
        {"kind": "WATCHING", "what": {"id": "T7"}},
        {"kind": "heard", "what": {"id": "T8"}},  # in no case, so that nothing takes it
    )
    assert reasons == {"missing:content_id": 1}
    assert [(r["event_type"], r["ad_id"], r["content_id"], r["extra"]) for r in found] == [
        ("ad_impression", "A1", None, None),
        ("ad_click", "A2", None, None),
        ("video_heartbeat", None, "T7", None),
    ]


def test_units_of_single_columns_and_what_is_no_number(tmp_path: Path) -> None:
    item = {"kind": "heard", "items": [{"id": "T1"}]}
    found, reasons = _deep(
        tmp_path,
        {**item, "spent_s": 1.5},
        {**item, "spent_ms": 1500, "at": 1769767201},
        {**item, "spent_s": "long"},
        {**item, "spent_s": 1e300},
        {**item, "where": {"position": 1}},
    )
    assert [r["listened_ms"] for r in found] == [1500, 1500]
    assert reasons == {"bad_type:listened_ms": 2, "bad_type:position_ms": 1}


ENDS = "input: streams\ncolumns: {ended: listened_at}\ntime: {listened_at: {is_end_of: listened_ms}}"


@pytest.mark.parametrize(
    ("length", "start", "reasons"),
    [
        ("90000", "2026-01-30 09:58:30", {}),
        ("0", "2026-01-30 10:00:00", {}),
        ("", None, {"bad_timestamp:listened_at": 1}),
        ("ages", None, {"bad_timestamp:listened_at": 1, "bad_type:listened_ms": 1}),
        ("90000000", None, {"above_maximum:listened_ms": 1}),
        ("9223372036854775807", None, {"above_maximum:listened_ms": 1}),
        ("-1", None, {"below_minimum:listened_ms": 1}),
    ],
)
def test_a_time_that_is_an_end(tmp_path: Path, length: str, start: str | None, reasons: dict[str, int]) -> None:
    settings = settings_of(tmp_path / "home")
    file = write(tmp_path, "l.csv", f"user_id,track_id,ended,listened_ms\nu,t,2026-01-30T10:00:00Z,{length}\n")
    manifest = land_one(settings, file, mapping=load_mapping(write(tmp_path, "ends.yml", ENDS)))
    assert manifest.reasons == reasons
    assert [str(row["listened_at"]) for row in rows(settings, manifest.files)] == ([start] if start else [])


def test_cases_and_pointers_hold_in_a_replay(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home")
    body = {"at": 1769767200, "kind": "advert", "what": {"id": "A1"}}
    file = write(tmp_path, "deep.ndjson", json.dumps(body) + "\n")
    manifest = land_one(settings, file, mapping=load_mapping(write(tmp_path, "deep.yml", DEEP)))
    assert manifest.reasons == {"not_in_enum:event_type": 1}
    mended = DEEP.replace("ad *", "ad*").replace("{ad shown:", "{advert: ad_impression, ad shown:")
    replayed = replay(settings, manifest.batch_id, load_mapping(write(tmp_path, "mended.yml", mended)))
    assert replayed.rows_refused == 0
    assert replayed.manifest is not None
    (row,) = rows(settings, replayed.manifest.files)
    assert (row["event_type"], row["ad_id"], row["extra"]) == ("ad_impression", "A1", None)
