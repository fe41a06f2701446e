"""The table of good and bad cases, landed: verdict, every reason, and the canonical row."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from ingestion import contract
from ingestion.settings import Settings
from tests.contract.cases import Case, raw_cases, row_cases
from tests.ingestion.helpers import land_one, rows, settings_of, write

Verdict = tuple[tuple[str, ...], dict[str, Any], Any]


def _groups(cases: Iterable[Case], form: str) -> dict[tuple[Any, ...], list[Case]]:
    """Cases that can stand in one file: the same input and arrival, as CSV also the same columns."""
    groups: dict[tuple[Any, ...], list[Case]] = defaultdict(list)
    for case in cases:
        assert case.row is not None
        groups[case.input, case.arrived_at, tuple(case.row) if form == "csv" else ()].append(case)
    return groups


def _csv_of(cases: list[Case]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    assert cases[0].row is not None
    writer.writerow(cases[0].row)
    for case in cases:
        assert case.row is not None
        writer.writerow("" if value is None else value for value in case.row.values())
    return text.getvalue()


def _land(settings: Settings, path: Path, case: Case) -> dict[int, Verdict]:
    """By record number: the reasons, the accepted row, and its extra. 0 stands for a file refused whole."""
    manifest = land_one(settings, path, input=case.input, arrived_at=case.arrived_at.replace(tzinfo=UTC), again=True)
    found: dict[int, Verdict] = {}
    for row in rows(settings, manifest.files):
        extra = json.loads(row["extra"]) if row["extra"] else None
        # A file holds only the columns that came; the others read as null.
        found[row["source_row"]] = ((), dict.fromkeys(contract.load(case.input).columns) | row, extra)
    refused = [name for name in manifest.quarantine_files if name.endswith(".parquet")]
    for row in rows(settings, refused):
        found[row["source_row"]] = (tuple(json.loads(row["reasons"])), {}, None)
    if manifest.quarantine_files and not refused:
        found[0] = (tuple(manifest.reasons), {}, None)
    return found


def _row_verdicts(folder: Path, form: str) -> Iterator[tuple[str, Case, Verdict]]:
    settings = settings_of(folder / "home")
    for number, cases in enumerate(_groups(row_cases(), form).values()):
        found = _land(settings, _file_of(cases, folder / f"{number}.{form}"), cases[0])
        for position, case in enumerate(cases, start=1):
            if not found.keys() & {0, position}:
                # It repeats another case of the file in its values, so that it counted as a duplicate: land it alone.
                alone = _land(settings, _file_of([case], folder / f"{number}_{position}.{form}"), case)
                yield case.name, case, alone.get(1) or alone[0]
            else:
                yield case.name, case, found.get(position) or found[0]


def _file_of(cases: list[Case], path: Path) -> Path:
    if path.suffix == ".csv":
        return write(path.parent, path.name, _csv_of(cases))
    return write(path.parent, path.name, b"".join(case.json_bytes() for case in cases))


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Verdict]:
    """Every case in every form, landed once for all tests."""
    folder = tmp_path_factory.mktemp("cases")
    found = {(form, name): v for form in ("csv", "ndjson") for name, _, v in _row_verdicts(folder / form, form)}
    settings = settings_of(folder / "raw_home")
    for form in ("csv", "ndjson"):
        for number, case in enumerate(raw_cases(form)):
            assert case.raw is not None
            landed = _land(settings, write(folder, f"raw_{number}.{form}", case.raw), case)
            found[form, case.name] = next(iter(landed.values()))
    return found


PAIRS = [("csv", c) for c in (*row_cases(), *raw_cases("csv"))] + [
    ("ndjson", c) for c in (*row_cases(), *raw_cases("ndjson"))
]


@pytest.mark.parametrize(("form", "case"), PAIRS, ids=[f"{form}: {case.name}" for form, case in PAIRS])
def test_case(form: str, case: Case, verdicts: dict[tuple[str, str], Verdict]) -> None:
    reasons, row, extra = verdicts[form, case.name]
    expected = case.reasons
    if form == "ndjson" and case.lacks_column:
        # Objects have keys of their own: what a file's header would lack, a record lacks.
        expected = tuple(reason.replace("missing_column:", "missing:") for reason in expected)
    assert reasons == expected
    if case.is_accepted:
        fields = {name: row[name] for name in case.canonical}
        assert fields == case.canonical
        assert extra == case.extra
        assert row["arrived_at"].replace(tzinfo=UTC) == case.arrived_at.replace(tzinfo=UTC)
        assert set(contract.load(case.input).columns) <= set(row)


def test_the_table_is_large_enough() -> None:
    assert len(row_cases()) + len(raw_cases("csv")) + len(raw_cases("ndjson")) >= 60
