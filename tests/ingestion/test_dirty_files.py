"""Files as they really come: read = accepted + duplicate + quarantined, and nothing lost."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.lander import delimited, lines, objects, sources
from ingestion.lander import land as lander
from ingestion.lander.write import connect
from ingestion.settings import Settings
from tests.ingestion.helpers import STREAMS, land, land_one, rows, settings_of, write

GOOD = "u1,t1,2026-01-30 10:00:00\n"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path / "home")


def _counts(manifest: object) -> tuple[int, int, int, int]:
    names = ("rows_read", "rows_accepted", "rows_duplicate", "rows_quarantined")
    read, accepted, duplicate, quarantined = (getattr(manifest, name) for name in names)
    assert read == accepted + duplicate + quarantined
    return read, accepted, duplicate, quarantined


def test_line_ends_byte_order_mark_and_quotes(tmp_path: Path, settings: Settings) -> None:
    text = '\ufeffuser_id,track_id,listen_time,note\r\nu1,t1,2026-01-30 10:00:00,"a, b"\r\n'
    text += 'u2,t2,2026-01-30 10:00:00,"two\r\nlines ""quoted"""\n\r\n'  # mixed ends, an embedded one, a blank line
    text += "u3,t3,2026-01-30 10:00:00,"  # no end of line at the end
    manifest = land_one(settings, write(tmp_path, "streams.csv", text))
    assert _counts(manifest) == (3, 3, 0, 0)
    landed = rows(settings, manifest.files)
    assert [row["source_row"] for row in landed] == [1, 2, 3]
    extras = [row["extra"] and json.loads(row["extra"])["note"] for row in landed]
    assert extras == ["a, b", 'two\r\nlines "quoted"', None]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path: Path, settings: Settings, delimiter: str) -> None:
    path = write(tmp_path, "listens.csv", (STREAMS + GOOD).replace(",", delimiter))
    assert _counts(land_one(settings, path)) == (1, 1, 0, 0)


def test_record_numbers_skip_nothing(tmp_path: Path, settings: Settings) -> None:
    lines = ["u1,t1,2026-01-30 10:00:00", "u2,t2", "", "u3,t3,2026-01-30 10:00:00", "u4,t4,2026-01-30 10:00:00,5,6"]
    lines += ["u5,t5,2026-01-30 10:00:00", "u6,t6,nonsense"]
    manifest = land_one(settings, write(tmp_path, "streams.csv", STREAMS + "\n".join(lines)))
    assert _counts(manifest) == (6, 3, 0, 3)
    assert manifest.reasons == {"bad_timestamp:listened_at": 1, "malformed_row": 2}
    assert [row["source_row"] for row in rows(settings, manifest.files)] == [1, 3, 5]
    refused = rows(settings, manifest.quarantine_files)
    assert [(r["source_row"], r["raw_kind"], r["raw_text"]) for r in refused[:2]] == [
        (2, "text", "u2,t2"),
        (4, "text", "u4,t4,2026-01-30 10:00:00,5,6"),
    ]
    assert json.loads(refused[2]["raw_text"]) == {"user_id": "u6", "track_id": "t6", "listen_time": "nonsense"}


def test_ten_defects_give_ten_reasons_and_lose_nothing(tmp_path: Path, settings: Settings) -> None:
    header = "track_id,track_genre,popularity,duration_ms,explicit,energy,track_name\n"
    bad = {
        ",rock,1,1000,True,0.5,a": "missing:track_id",
        "t2,,1,1000,True,0.5,a": "missing:track_genre",
        "t3,rock,101,1000,True,0.5,a": "above_maximum:popularity",
        "t4,rock,-1,1000,True,0.5,a": "below_minimum:popularity",
        "t5,rock,1,0,True,0.5,a": "below_minimum:duration_ms",
        "t6,rock,1,86400001,True,0.5,a": "above_maximum:duration_ms",
        "t7,rock,1,1000,maybe,0.5,a": "bad_type:explicit",
        "t8,rock,1,1000,True,NaN,a": "bad_type:energy",
        "t9,rock,1,1000,True,0.5,": "missing:track_name",
        "t10,rock,1": "malformed_row",
    }
    text = header + "t0,rock,1,1000,True,0.5,a\n" * 2 + "\n".join(bad) + "\n"
    manifest = land_one(settings, write(tmp_path, "songs.csv", text))
    assert _counts(manifest) == (12, 1, 1, 10)
    found = {row["source_row"]: json.loads(row["reasons"]) for row in rows(settings, manifest.quarantine_files)}
    assert found == {number: [reason] for number, reason in enumerate(bad.values(), start=3)}


def test_open_quote_costs_its_own_line_only(tmp_path: Path, settings: Settings) -> None:
    good = "".join(f"u{i},t,2026-01-30 10:00:00\n" for i in range(50))
    text = STREAMS + good + 'ux,"open,2026-01-30 10:00:00\n' + good.replace("u", "v")
    manifest = land_one(settings, write(tmp_path, "streams.csv", text))
    assert _counts(manifest) == (101, 100, 0, 1)
    (refused,) = rows(settings, manifest.quarantine_files)
    assert (refused["source_row"], refused["raw_text"]) == (51, 'ux,"open,2026-01-30 10:00:00')


def test_record_longer_than_a_block(tmp_path: Path, settings: Settings) -> None:
    long = "x" * (delimited.BLOCK * 2 + 5)
    text = "user_id,track_id,listen_time,note\nu1,t1,2026-01-30 10:00:00,\n"
    manifest = land_one(settings, write(tmp_path, "streams.csv", text + f"u2,t2,2026-01-30 10:00:00,{long}\n"))
    assert _counts(manifest) == (2, 2, 0, 0)
    assert json.loads(rows(settings, manifest.files)[1]["extra"]) == {"note": long}
    line = json.dumps({"user_id": "u1", "track_id": "t1", "listen_time": "2026-01-30 10:00:00", "note": long})
    assert _counts(land_one(settings, write(tmp_path, "streams.ndjson", line + "\n"))) == (1, 1, 0, 0)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("block", [1, 2, 5, 64])
def test_lines_are_cut_wherever_blocks_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, end: str, block: int
) -> None:
    written = ["{}", '{"a": 1}', "", '{"b": "\u00e9\u4e2d"}', " \t", '{"long": "' + "x" * 99 + '"}', "", "no object"]
    file = sources.inspect(write(tmp_path, "a.ndjson", (mark + end.join(written)).encode()))
    monkeypatch.setattr(delimited, "BLOCK", block)
    batches = list(lines.read(file, lambda _: None))
    found = [text for batch in batches for text in batch.column("f0").to_pylist()]
    assert found == [text for text in written if text.strip()]
    assert [row for batch in batches for row in batch.column("source_row").to_pylist()] == list(range(1, 6))


def test_not_utf8_costs_its_own_rows_only(tmp_path: Path, settings: Settings) -> None:
    header = b"user_id,track_id,listen_time,note\n"
    lines = [
        "u1,t1,2026-01-30 10:00:00,\u00e9t\u00e9\n".encode(),
        b"u2,t2,2026-01-30 10:00:00,\xe9t\xe9\n",
        b"u3,\xff\n",
    ]
    manifest = land_one(settings, write(tmp_path, "streams.csv", header + b"".join(lines)))
    assert _counts(manifest) == (3, 1, 0, 2)
    assert manifest.reasons == {"not_utf8": 2}
    assert json.loads(rows(settings, manifest.files)[0]["extra"]) == {"note": "\u00e9t\u00e9"}


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("streams.csv", b"", "empty_file"),
        ("streams.csv", b"\xef\xbb\xbf\n\n", "empty_file"),
        ("streams.csv", (STREAMS + GOOD).encode("utf-16"), "not_utf8"),
        ("streams.csv.gz", gzip.compress((STREAMS + GOOD * 5000).encode())[:-20], "unreadable_file"),
        ("streams.parquet", b"PAR1 and then nothing", "unreadable_file"),
        ("streams.json", b'[{"user_id":"u1","track_id":"t1","listen_time":1}, {"user', "malformed_json"),
        ("streams.csv", b"user_id,listen_time\nu1,2026-01-30 10:00:00\n", "missing_column:track_id"),
        ("streams.csv", b"user_id,listen_time\n", "missing_column:track_id"),
    ],
)
def test_a_file_that_cannot_be_read_is_kept_whole(
    tmp_path: Path, settings: Settings, name: str, content: bytes, reason: str
) -> None:
    manifest = land_one(settings, write(tmp_path, name, content))
    assert manifest.input == "streams"
    assert _counts(manifest) == (1, 0, 0, 1)
    assert manifest.reasons == {reason: 1}
    assert manifest.files == []
    (copy,) = manifest.quarantine_files
    assert (settings.raw / copy).read_bytes() == content


@pytest.mark.parametrize("content", ["user_id,track_id,listen_time", STREAMS, STREAMS + "\r\n \n"])
def test_header_only_is_a_batch_without_rows(tmp_path: Path, settings: Settings, content: str) -> None:
    manifest = land_one(settings, write(tmp_path, "streams.csv", content))
    assert _counts(manifest) == (0, 0, 0, 0)
    assert (manifest.files, manifest.quarantine_files) == ([], [])


def _objects(count: int) -> list[dict[str, object]]:
    return [
        {"user_id": i, "track_id": "t1", "listen_time": "2026-01-30T10:00:00Z", "x": {"y": None}} for i in range(count)
    ]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.ndjson", "\n".join(json.dumps(o) for o in _objects(3))),
        ("a.json", "\r\n".join(json.dumps(o) for o in _objects(3)) + "\r\n"),
        ("a.json", json.dumps(_objects(3))),
        ("a.json", json.dumps(_objects(3), indent=2)),
        ("a.json", "\n".join(json.dumps(o, indent=2) for o in _objects(3))),
    ],
    ids=["ndjson", "json by lines", "array", "indented array", "indented objects"],
)
def test_json_in_every_layout(tmp_path: Path, settings: Settings, name: str, text: str, packed: bool) -> None:
    content = gzip.compress(text.encode()) if packed else text.encode()
    manifest = land_one(settings, write(tmp_path, name + ".gz" * packed, content))
    assert _counts(manifest) == (3, 3, 0, 0)
    landed = rows(settings, manifest.files)
    assert [(r["source_row"], r["user_id"], json.loads(r["extra"])) for r in landed] == [
        (i + 1, str(i), {"x": {"y": None}}) for i in range(3)
    ]


WILD = [
    '{"user_id":null,"track_id":"t1","listen_time":"2026-01-30T10:00:00Z"}',
    '{"user_id":1e9,"track_id":-0.0,"listen_time":"2026-01-30T10:00:00Z"}',
    '{"user_id":NaN,"track_id":123456789012345678901234567890,"listen_time":"2026-01-30T10:00:00Z"}',
    '{"user_id":true,"track_id":"a\\u0000b","listen_time":"2026-01-30T10:00:00Z"}',
    '{"user_id":{"a": [1, 2]},"track_id":["x"],"listen_time":"2026-01-30T10:00:00Z"}',
    '{"user_id":"{","track_id":"[1]","listen_time":"2026-01-30T10:00:00Z"}',
    '{ "user_id" : "\\u00e9\\n\\"" , "track_id":"\u00e9 ","listen_time":"2026-01-30T10:00:00Z" }',
    '{"\\u0075ser_id":"u2","track_id":"t1","listen_time":"2026-01-30T10:00:00Z"}',
    '{"USER_ID":"u2","track_id":"t1","listen_time":"2026-01-30T10:00:00Z"}',
    '{"track_id":"t1","user_id":"u2","listen_time":"2026-01-30T10:00:00Z"}',
    '{"user_id":"u2","track_id":"t1"}',
    '{"user_id":"u2","user_id":"u3","track_id":"t1","listen_time":"2026-01-30T10:00:00Z"}',
    '{"user_id":"u2","track_id":"t1","listen_time":"2026-01-30T10:00:00Z","more":{"x":null},"no":" "}',
    '{"user_id":"u2","track_id":"t1","listen_time":"2026-01-30T10:00:00Z"}{"user_id":"u3"}',
    '{"user_id":"u2","track_id":"t1","listen_time":',
    "{}",
    "[1]",
    "null",
    "7",
    "nonsense",
]


@pytest.mark.parametrize("extra", [[], ['"x":1'], ['"x":1', '"y":[]']], ids=["1", "2", "3"])
def test_every_way_of_reading_objects_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extra: list[str]
) -> None:
    """By place (few lists of keys), by name (many), and without any list that is known."""
    body = '"user_id":"u{n}","track_id":"t","listen_time":"2026-01-30T10:00:00Z"'
    forms = ["{" + body + "}", *("{" + f"{more},{body}" + "}" for more in extra)]
    text = [form.replace("{n}", str(n)) for n in range(lines.SAMPLE) for form in forms]
    file = write(tmp_path, "a.ndjson", "\n".join([*text, *WILD, *text, *WILD]))
    found = []
    for way, (few, many) in enumerate([(3, 64), (0, 64), (3, 0)]):
        monkeypatch.setattr(objects, "FEW_LAYOUTS", few)
        monkeypatch.setattr(objects, "MANY_LAYOUTS", many)
        settings = settings_of(tmp_path / str(way))
        manifest = land_one(settings, file)
        counts = _counts(manifest)
        assert counts[0] == 2 * (len(text) + len(WILD))
        found.append((counts, rows(settings, manifest.files), rows(settings, manifest.quarantine_files)))
    assert found[0] == found[1] == found[2]


def test_parquet_of_other_types(tmp_path: Path, settings: Settings) -> None:
    table = pa.table(
        {
            "listen_time": pa.array([1769767200000000, None, 0], pa.timestamp("us", tz="Asia/Kolkata")),
            "track_id": ["t1", "t2", "t3"],
            "user_id": pa.array([1, 2, 3], pa.int32()),
            "listened_ms": pa.array([5.0, float("nan"), 7.5], pa.float64()),
            "tags": [["a"], None, []],
        }
    )
    pq.write_table(table, tmp_path / "listens.parquet")
    manifest = land_one(settings, tmp_path / "listens.parquet")
    assert _counts(manifest) == (3, 1, 0, 2)
    (landed,) = rows(settings, manifest.files)
    assert (landed["user_id"], landed["listened_ms"], str(landed["listened_at"])) == ("1", 5, "2026-01-30 10:00:00")
    assert [json.loads(r["reasons"]) for r in rows(settings, manifest.quarantine_files)] == [
        ["bad_type:listened_ms", "missing:listened_at"],
        ["bad_type:listened_ms", "too_old:listened_at"],
    ]


def test_raw_has_those_of_the_contracts_columns_that_came_in_order_and_with_its_types(
    tmp_path: Path, settings: Settings
) -> None:
    text = "revenue: ignored,ad_revenue,date,channel_id\nx,10.5,30-01-2026,CH1\n"
    manifest = land_one(settings, write(tmp_path, "r.csv", text))
    assert manifest.columns == ["channel_id", "revenue_date", "ad_revenue"]
    with duckdb.connect() as connection:
        described = connection.execute(
            f"describe from read_parquet('{settings.raw / manifest.files[0]}', hive_partitioning = false)"
        ).fetchall()
    assert [(name, kind) for name, kind, *_ in described] == [
        ("channel_id", "VARCHAR"),
        ("revenue_date", "DATE"),
        ("ad_revenue", "DECIMAL(18,4)"),
        ("batch_id", "VARCHAR"),
        ("arrived_at", "TIMESTAMP"),
        ("source_file", "VARCHAR"),
        ("source_row", "BIGINT"),
        ("extra", "VARCHAR"),
    ]
    assert pq.read_schema(settings.raw / manifest.files[0]).field("arrived_at").type == pa.timestamp("us")


def test_unknown_columns_fail_with_advice_and_do_not_stop_the_others(tmp_path: Path, settings: Settings) -> None:
    write(tmp_path / "in", "a.csv", "who,what\n1,2\n")
    write(tmp_path / "in", "b.csv", STREAMS + GOOD)
    write(tmp_path / "in", ".hidden.csv", "not,looked,at\n")
    write(tmp_path / "in", "readme.txt", "not a known format")
    first, second = land(settings, tmp_path / "in")
    assert (first.status, second.status) == (lander.FAILED, lander.LANDED)
    assert "a.csv" in first.message
    assert "--mapping" in first.message


def test_a_file_is_split_and_read_in_pieces(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingestion.lander.write.FILE_BYTES", 20_000)
    monkeypatch.setattr("ingestion.lander.tables.SLICE_BYTES", 1 << 18)
    monkeypatch.setattr("ingestion.lander.delimited.BLOCK", 1 << 16)
    text = STREAMS + "".join(f"u{i % 9000},t{i % 9000},2026-01-30 10:00:{i % 9000 % 60:02}\n" for i in range(20_000))
    manifest = land_one(settings, write(tmp_path, "streams.csv", text))
    assert _counts(manifest) == (20_000, 9_000, 11_000, 0)
    assert len(manifest.files) > 2
    assert [Path(f).name for f in manifest.files] == [
        f"{manifest.batch_id}-{i}.parquet" for i in range(len(manifest.files))
    ]
    landed = rows(settings, manifest.files, "source_row, user_id, arrived_at")
    assert [row["source_row"] for row in landed] == list(range(1, 9_001))  # the first of equal rows stays


def test_the_connection_is_bounded_and_spills_at_home(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home", MEDIA_MEMORY_LIMIT="123MB", MEDIA_THREADS="1")
    with connect(settings) as connection:
        names = ("memory_limit", "threads", "temp_directory", "TimeZone")
        found = [connection.execute(f"select current_setting('{name}')").fetchone() for name in names]
    assert found == [("117.3 MiB",), (1,), (str(settings.scratch / "spill"),), ("UTC",)]
