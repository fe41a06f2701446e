"""What a producer reads: which stream, which key, and that no byte of an event is changed on the way."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from ingestion.contract import ContractError
from ingestion.generate.defects import Defects
from ingestion.generate.plan import Plan
from streaming.feed import Keys, of_files, of_generator
from streaming.settings import INPUTS, StreamError

LISTEN = {"user_id": 7, "track_id": "t1", "listen_time": "2026-01-05 10:00:00"}


def lines(*objects: object) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in objects)


def test_lines_go_as_they_stand_broken_ones_too(tmp_path: Path) -> None:
    broken = [
        b'{"user_id": 7, "track_',
        b'{"a":1}{"a":2}',
        b"\xff\xfe not utf-8",
        b'["an array"]',
        b"12",
        b"[" * 100_000,
    ]
    path = tmp_path / "streams.ndjson"
    path.write_bytes(b"\xef\xbb\xbf" + lines(LISTEN) + b"\n  \r\n" + b"\r\n".join(broken))
    assert [record.value for record in of_files([path], None)] == [json.dumps(LISTEN).encode(), *broken]


def test_gzip_and_the_input_by_name_or_by_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(lines(LISTEN)))
    assert [record.input for record in of_files([path], None)] == ["streams"]
    assert [record.input for record in of_files([path], "player_events")] == ["player_events"]
    path.write_bytes(gzip.compress(lines({"who": 1})))
    with pytest.raises(ContractError, match="--input"):
        list(of_files([path], None))


def test_rows_of_csv_become_objects_and_crooked_ones_arrays(tmp_path: Path) -> None:
    path = tmp_path / "streams.csv"
    path.write_text('user_id,track_id,listen_time\r\n7,"a, b",2026-01-05 10:00:00\r\n\r\n8,t\r\n9,é,x,y\r\n', "utf-8")
    assert [json.loads(record.value) for record in of_files([path], None)] == [
        {"user_id": "7", "track_id": "a, b", "listen_time": "2026-01-05 10:00:00"}, ["8", "t"], ["9", "é", "x", "y"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.parquet", b"PAR1", "only NDJSON .* and CSV"),
        ("a.json", b"[]", "only NDJSON .* and CSV"),
        ("titles.csv", b"show_name,genre,release_year,duration_minutes\n", "does not come as a stream"),
        ("streams.csv", b"user_id,track_id,listen_time\n7,\xff,x\n", "use `media land`"),
    ],
)
def test_other_files_are_refused_with_advice(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(StreamError, match=says):
        list(of_files([tmp_path / name], "titles" if name.startswith("titles") else None))


def test_a_session_has_one_key_under_every_spelling_and_another_for_another_account() -> None:
    keys = Keys("viewership_logs")
    first = keys.of(b'{"session_id": "S1", "user_id": "U1", "channel_id": "C1"}')
    assert keys.of(b'{"channel_id":"C2","User_ID":"U1","session_id":"S1"}') == first
    assert keys.of(b'{"session_id": "S1", "user_id": "U2", "channel_id": "C1"}') != first
    assert len(first) == 16
    assert "U1" not in first


def test_lines_without_a_session_spread(tmp_path: Path) -> None:
    keys = Keys("player_events")
    odd = [b'{"session_id": null, "n": %d}' % n for n in range(50)] + [b"not json %d" % n for n in range(50)]
    assert len({keys.of(line) for line in odd}) == 100


def test_keys_of_the_generator_spread_over_shards_where_regions_do_not() -> None:
    """Sixteen shards: each has work, none more than twice its share. Seven regions as keys leave nine idle."""
    records = list(of_generator(Plan(days=1, accounts=5_000, playbacks_per_account=0.2)))
    for name in INPUTS:
        assert 1 < load(record.key for record in records if record.input == name) < 2, name
    regions = [json.loads(record.value)["region"] for record in records if record.input == "viewership_logs"]
    by_region = {region: hashlib.md5(region.encode()).hexdigest() for region in set(regions)}
    with pytest.raises(AssertionError, match="idle"):
        load(by_region[region] for region in regions)


def load(keys: Iterable[str]) -> float:
    """The busiest of 16 shards against its fair share, all of which must have work."""
    shards = Counter(int(key[-1], 16) for key in keys)
    assert len(shards) == 16, f"{16 - len(shards)} idle"
    return 16 * max(shards.values()) / shards.total()


def test_the_generators_streams_come_side_by_side_and_whole() -> None:
    plan = Plan(days=2, accounts=300, playbacks_per_account=0.2)
    records = list(of_generator(plan))
    assert Counter(record.input for record in records) == {
        name: sum(plan.table(name, day).num_rows for day in range(2)) for name in INPUTS
    }
    assert set(INPUTS) == {record.input for record in records[:300]}
    assert all(isinstance(json.loads(record.value), dict) for record in records)


def test_the_generators_defects_come_along() -> None:
    records = list(of_generator(Plan(days=2, accounts=1_000), Defects()))
    malformed = 0
    for record in records:
        try:
            json.loads(record.value)
        except ValueError:
            malformed += 1
    assert malformed > 0
