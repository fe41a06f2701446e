"""The comparison finds what differs, names it, and takes no spelling of an adapter for a difference."""

# ruff: noqa: DTZ001 (a time without a zone is what an adapter gives)

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tests.parity.compare import MANY, Difference, compare, compare_all, digest
from tests.parity.report import Certificate, describe
from tests.parity.rows import TableRows, cell, keyed, read_rows, write_rows


def table(*rows: tuple[str | None, ...]) -> TableRows:
    """A table of (event_date, genre, plays) with the first two as key."""
    return keyed(("event_date", "genre", "plays"), ("event_date", "genre"), rows)


REFERENCE = table(("2026-01-05", "Drama", "3"), ("2026-01-05", None, "1"), ("2026-01-06", "Drama", "0"))


@pytest.mark.parametrize(
    ("value", "data_type", "text"),
    [
        (None, "bigint", None), (7, "bigint", "7"), (Decimal("7.000"), "bigint", "7"), ("7", "bigint", "7"),
        (Decimal("0.500000"), "decimal(18,6)", "0.5"), ("0.5", "decimal(18,6)", "0.5"), (100, "decimal(18,4)", "100"),
        (True, "boolean", "true"), ("false", "boolean", "false"), (date(2026, 1, 5), "date", "2026-01-05"),
        (datetime(2026, 1, 5), "date", "2026-01-05"), ("2026-01-05", "date", "2026-01-05"),
        (datetime(2026, 1, 5, 1, 2, 3, 40), "timestamp", "2026-01-05 01:02:03.000040"),
        (datetime(2026, 1, 5, 1, tzinfo=UTC), "timestamp", "2026-01-05 01:00:00"),
        ("2026-01-05 01:02:03.000040", "timestamp", "2026-01-05 01:02:03.000040"),
        ("", "string", ""), ("007", "string", "007"),
    ],
)  # fmt: skip
def test_cell_is_the_same_text_however_an_adapter_spells_it(value: object, data_type: str, text: str | None) -> None:
    assert cell(value, data_type) == text


@pytest.mark.parametrize(
    ("value", "data_type"),
    [("x", "bigint"), (datetime(2026, 1, 5, 1), "date"), ("yes", "boolean"), ("soon", "timestamp")],
)
def test_cell_that_is_not_of_its_type_is_not_equal_to_one_that_is(value: object, data_type: str) -> None:
    assert (cell(value, data_type) or "").startswith(f"not a {data_type}")


def test_equal_tables_in_another_order_are_equal() -> None:
    other = table(*reversed(list(REFERENCE.rows.values())))
    assert compare("t", REFERENCE, other).is_equal
    assert digest(REFERENCE) == digest(other)


def test_changed_cell_is_named_by_table_key_and_column() -> None:
    other = table(("2026-01-05", "Drama", "3"), ("2026-01-05", None, "2"), ("2026-01-06", "Drama", "0"))
    verdict = compare("kpi_genre_daily", REFERENCE, other)
    key = {"event_date": "2026-01-05", "genre": None}
    assert verdict.differences == [Difference("kpi_genre_daily", key, "plays", "1", "2")]
    assert (verdict.differing_cells, verdict.is_equal, verdict.digest == digest(REFERENCE)) == (1, False, False)
    assert describe(verdict.differences[0]) == "kpi_genre_daily [event_date=2026-01-05, genre=None] plays: '1' is '2'"


def test_missing_extra_and_repeated_rows_count() -> None:
    other = table(("2026-01-05", "Drama", "3"), ("2026-01-07", "Drama", "0"), ("2026-01-07", "Drama", "0"))
    verdict = compare("t", REFERENCE, other)
    assert (verdict.missing_rows, verdict.extra_rows, verdict.repeated_rows, verdict.rows) == (2, 1, 1, 3)
    assert not verdict.is_equal


def test_all_cells_count_though_only_the_first_are_listed() -> None:
    many = [(f"d{i}", "g", "1") for i in range(3 * MANY)]
    verdict = compare("t", table(*many), table(*((d, g, "2") for d, g, _ in many)))
    assert (verdict.differing_cells, len(verdict.differences)) == (3 * MANY, MANY)


def test_table_that_is_not_there_is_a_difference() -> None:
    (verdict,) = compare_all({"t": REFERENCE}, {})
    assert (verdict.missing_rows, verdict.is_equal) == (3, False)


def test_rows_come_back_from_a_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    write_rows(tmp_path / "rows.jsonl", {"t": REFERENCE, "u": table()})
    assert read_rows(tmp_path / "rows.jsonl") == {"t": REFERENCE, "u": table()}


def test_nothing_compared_is_no_certificate() -> None:
    assert not Certificate("duckdb").is_equal
