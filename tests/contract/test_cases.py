"""The table of cases holds for the plain implementation, and covers what it should."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from ingestion import contract
from ingestion.contract import reference
from tests.contract.cases import Case, all_cases, raw_cases, row_cases


def named(case: Case) -> str:
    return f"{case.input}-{case.name}"


def judge(case: Case, row: dict) -> tuple[dict, list[str], dict]:
    """Typed values, reasons and unknown columns of a record under its own column names."""
    wanted = contract.load(case.input)
    found = wanted.resolve(list(row))
    values, reasons = reference.check_row(
        wanted, {name: row[column] for name, column in found.items()}, case.arrived_at
    )
    extra = {column: row[column] for column in wanted.unknown(list(row)) if not blank(row[column])}
    return values, reasons, {key: plain(value) for key, value in extra.items()}


def blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def plain(value: object) -> object:
    return json.loads(value.text) if isinstance(value, reference.Nested) else value


def expect(case: Case, values: dict, reasons: list[str], extra: dict) -> None:
    assert tuple(reasons) == case.reasons
    if case.is_accepted:
        assert {name: values[name] for name in case.canonical} == case.canonical
        assert {name: type(values[name]) for name in case.canonical} == {n: type(v) for n, v in case.canonical.items()}
        assert extra == (case.extra or {})


@pytest.mark.parametrize("case", row_cases(), ids=named)
def test_row_case(case: Case) -> None:
    missing = contract.load(case.input).missing(list(case.row))
    if case.lacks_column:
        assert case.reasons == tuple(f"missing_column:{name}" for name in missing)
        return
    assert missing == ()
    expect(case, *judge(case, case.row))


@pytest.mark.parametrize("case", row_cases(), ids=named)
def test_row_case_survives_the_trip_through_its_files(case: Case) -> None:
    """What csv_bytes and json_bytes write is what the row says, so that a lander's failure is its own."""
    from_csv = reference.parse_csv_record(case.csv_bytes().decode())
    from_json = reference.parse_json_line(case.json_bytes().decode())
    as_blank = {column: "" if value is None else value for column, value in case.row.items()}
    assert from_csv == as_blank
    assert from_json == {contract.normalise_name(column): value for column, value in case.row.items()}


@pytest.mark.parametrize("case", raw_cases("ndjson") + raw_cases("csv"), ids=named)
def test_raw_case(case: Case) -> None:
    parse = reference.parse_json_line if case.format == "ndjson" else reference.parse_csv_record
    try:
        found = parse(case.raw.decode())
    except UnicodeDecodeError:
        found = "not_utf8"
    if isinstance(found, str):
        assert case.reasons == (found,)
    else:
        expect(case, *judge(case, found))


def test_table_is_well_formed() -> None:
    cases = all_cases()
    assert len(cases) >= 60
    assert max(Counter(named(case) for case in cases).values()) == 1
    for case in cases:
        assert bool(case.reasons) != bool(case.canonical), f"{case.name}: accepted with values, or refused with reasons"
        assert list(case.reasons) == sorted(case.reasons), case.name


def test_table_covers_every_input_type_and_reason() -> None:
    cases = all_cases()
    assert {case.input for case in cases} == set(contract.names())
    refused = {reason.partition(":")[0] for case in cases for reason in case.reasons}
    # A file that can't be read at all is no record; the lander's own tests cover these.
    assert refused == set(contract.REASONS) - {"unreadable_file", "empty_file"}
    for code in ("bad_type", "missing"):
        types = {
            contract.load(case.input).field(reason.partition(":")[2]).type
            for case in cases
            for reason in case.reasons
            if reason.startswith(f"{code}:")
        }
        assert len(types) >= 2, code
    accepted = {
        contract.load(c.input).field(name).type for c in cases for name, v in c.canonical.items() if v is not None
    }
    assert accepted == set(contract.PORTABLE_TYPES)
