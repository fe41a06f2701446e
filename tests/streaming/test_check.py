"""The check in a worker against the lander: the table of cases, and records that are no JSON object at all."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ingestion import contract
from ingestion.lander import write
from ingestion.settings import Settings
from streaming.check import Attempt, framed, land_part, together
from tests.contract.cases import Case, raw_cases, row_cases
from tests.ingestion.helpers import ARRIVED_AT, land_one, rows, settings_of
from tests.ingestion.helpers import write as write_file

EVENT = {"event_type": "video_play", "event_at": "2026-01-30T10:15:00Z", "account_id": "U1", "content_id": "T1",
         "playback_id": "P1", "position_ms": 0}  # fmt: skip


def check_records(
    settings: Settings,
    records: Iterable[bytes | None],
    input_name: str = "player_events",
    arrived_at: datetime = ARRIVED_AT,
    columns: tuple[str, ...] = (),
    chunk: int = 3,
) -> write.Written:
    """What a worker does with these records, in several Arrow batches."""
    values = list(records)
    chunks = [pa.array(values[i : i + chunk], pa.binary()) for i in range(0, len(values), chunk)]
    batch = write.Batch("b" * 20, contract.load(input_name), arrived_at.replace(tzinfo=UTC), "kafka:test")
    return land_part(Attempt(settings, batch, {0: 1}, columns), 0, iter(chunks))


def found(settings: Settings, written: write.Written, input_name: str) -> dict[int, dict[str, Any]]:
    """Every row by its number, the refused ones as quarantine has them; without what is the batch's own."""
    names = dict.fromkeys(contract.load(input_name).columns)
    accepted = {row["source_row"]: names | row for row in rows(settings, written.files)}
    refused = {row["source_row"]: row for row in rows(settings, written.quarantine_files)}
    assert not accepted.keys() & refused.keys()
    kept = accepted | refused
    return {
        number: {k: v for k, v in row.items() if k not in ("batch_id", "source_file")} for number, row in kept.items()
    }


def in_order(cases: Iterable[Case]) -> Iterator[tuple[str, datetime, list[Case]]]:
    """Cases of one input and one arrival together."""
    groups: dict[tuple[str, datetime], list[Case]] = defaultdict(list)
    for case in cases:
        groups[case.input, case.arrived_at].append(case)
    for (name, arrived_at), members in groups.items():
        yield name, arrived_at, members


def test_the_table_of_cases_gives_what_the_lander_gives(tmp_path: Path) -> None:
    """Every row case as one record each: the same rows, reasons, texts and numbers as in the lander's files."""
    examined = 0
    for number, (name, arrived_at, cases) in enumerate(in_order(row_cases())):
        records = [case.json_bytes().strip() for case in cases]
        by_lander, by_stream = settings_of(tmp_path / f"{number}l"), settings_of(tmp_path / f"{number}s")
        file = write_file(tmp_path, f"{number}.ndjson", b"\n".join(records) + b"\n")
        landed = land_one(by_lander, file, input=name, arrived_at=arrived_at.replace(tzinfo=UTC))
        streamed = check_records(by_stream, records, name, arrived_at)
        assert (streamed.read, streamed.accepted, streamed.duplicate, streamed.quarantined, streamed.reasons) == (
            landed.rows_read, landed.rows_accepted, landed.rows_duplicate, landed.rows_quarantined, landed.reasons,
        )  # fmt: skip
        manifest = write.Written(files=landed.files, quarantine_files=landed.quarantine_files)
        assert found(by_stream, streamed, name) == found(by_lander, manifest, name)
        examined += streamed.read
    assert examined == len(row_cases())


@pytest.mark.parametrize("case", raw_cases("ndjson"), ids=lambda case: case.name)
def test_raw_records_give_what_the_lander_gives(case: Case, tmp_path: Path) -> None:
    assert case.raw is not None
    settings = settings_of(tmp_path)
    written = check_records(settings, [case.raw.rstrip(b"\n")], case.input, case.arrived_at)
    assert tuple(written.reasons) == case.reasons
    (row,) = found(settings, written, case.input).values()
    if case.is_accepted:
        assert {name: row[name] for name in case.canonical} == case.canonical
        assert (json.loads(row["extra"]) if row["extra"] else None) == case.extra


GOOD = json.dumps(EVENT).encode()
ODD = {
    "two objects in one record": (GOOD + GOOD, "malformed_json"),
    "two lines in one record": (GOOD + b"\n" + GOOD, "malformed_json"),
    "trailing garbage": (GOOD + b" x", "malformed_json"),
    "an array": (b"[" + GOOD + b"]", "not_an_object"),
    "a bare word": (b"hello", "malformed_json"),
    "nothing": (b"", "malformed_json"),
    "only blanks": (b" \n ", "malformed_json"),
    "a tombstone": (None, "malformed_json"),
    "half an object": (GOOD[:-9], "malformed_json"),
    "nested beyond reason": (b"[" * 100_000, "malformed_json"),
    "bytes that are no UTF-8": (GOOD[:-1] + b', "note": "\xff\xfe"}', "not_utf8"),
    "compressed bytes": (b"\x1f\x8b\x08\x00\x00", "not_utf8"),
}


def test_odd_records_are_kept_whole_and_hurt_no_other(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    good = [json.dumps({**EVENT, "event_id": f"e{i}"}).encode() for i in range(len(ODD) + 1)]
    records: list[bytes | None] = [good[-1]]
    for one, (odd, _) in zip(good, ODD.values(), strict=False):
        records += [odd, one]
    written = check_records(settings, records)
    assert (written.read, written.accepted, written.quarantined) == (len(records), len(good), len(ODD))
    assert {row["event_id"] for row in rows(settings, written.files)} == {f"e{i}" for i in range(len(good))}
    refused = {row["source_row"]: row for row in rows(settings, written.quarantine_files)}
    for number, (odd, reason) in enumerate(ODD.values()):
        row = refused[2 * number + 2]
        assert json.loads(row["reasons"]) == [reason]
        assert row["raw_text"].encode("latin-1" if reason == "not_utf8" else "utf-8") == (odd or b"")


def test_a_pretty_printed_object_is_one_record(tmp_path: Path) -> None:
    written = check_records(settings_of(tmp_path), [json.dumps(EVENT, indent=2).encode() + b"\n"])
    assert (written.accepted, written.quarantined) == (1, 0)


def test_a_repeated_record_counts_as_duplicate(tmp_path: Path) -> None:
    written = check_records(settings_of(tmp_path), [GOOD, GOOD, b'{"position_ms": 0, ' + GOOD[1:-20] + b"}", GOOD])
    assert (written.accepted, written.duplicate, written.quarantined) == (1, 2, 1)


def test_a_part_without_records_writes_nothing(tmp_path: Path) -> None:
    assert check_records(settings_of(tmp_path), []) == write.Written()
    assert not (tmp_path / "raw").exists()


def test_files_get_the_columns_that_other_parts_have(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    written = check_records(settings, [GOOD], columns=("ad_id", "event_type"))
    assert "ad_id" in written.columns
    (row,) = rows(settings, written.files)
    assert row["ad_id"] is None
    sums = together([written, write.Written(read=1, quarantined=1, reasons={"x": 1}, columns=["region"])],
                    contract.load("player_events").columns)  # fmt: skip
    assert (sums.read, sums.accepted, sums.quarantined, sums.reasons) == (2, 1, 1, {"x": 1})
    order = contract.load("player_events").columns
    assert sums.columns == [column for column in order if column in sums.columns]


def test_numbers_go_on_over_the_batches_of_a_part(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    records = [json.dumps({**EVENT, "event_id": f"e{i}"}).encode() for i in range(10)]
    check_records(settings, records, chunk=4)
    files = sorted(tmp_path.rglob("*.parquet"))
    numbers = {
        row["source_row"]: row["event_id"] for row in rows(settings, [str(f.relative_to(tmp_path)) for f in files])
    }
    assert numbers == {i + 1: f"e{i}" for i in range(10)}
    assert framed(pa.array([b"{}"], pa.binary()), 7).column("source_row").to_pylist() == [7]
