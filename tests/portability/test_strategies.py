"""The macros of macros/engine by themselves: how rows are replaced, and what each engine writes in its own way."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from .compiling import DIALECTS, ENGINES, render
from .rules import findings

RELATIONS = (
    "{% set fct = api.Relation.create(database='db', schema='marts', identifier='fct') %}"
    "{% set new = api.Relation.create(database='db', schema='marts', identifier='fct__new') %}"
)
CASES = {
    "dates of a topic": "replace_rows(fct, new, ['event_date'], ['event_date', 'plays'], ['2026-01-01', '2026-01-03'])",
    "key": "replace_rows(fct, new, ['account_id'], ['account_id', 'plays'], none)",
    "key with a date": "replace_rows(fct, new, ['event_date', 'id'], ['event_date', 'id', 'plays'], none)",
}


#: Five days in a row over the end of a year, two in a row, one alone.
SOME_DATES = [
    *("2025-12-29", "2025-12-30", "2025-12-31", "2026-01-01", "2026-01-02"),
    *("2026-01-05", "2026-01-06", "2026-02-28"),
]
EXPRESSIONS = {
    "listagg": "select {{ dbt.listagg('a', \"';'\", 'order by a') }} as a from db.marts.fct",
    "dates": "select {{ add_days('d', 1) }} as d, {{ add_ms('t', 'ms') }} as t from db.marts.fct",
    "epoch": "select {{ epoch_us('t') }} as us from db.marts.fct",
    "floor": "select {{ div_floor('n', 900000000) }} as n from numbers",
    "ratio": "select {{ ratio('n', 'd') }} as n from numbers",
    "some dates": "select d from days where {{ dates_in('d', " + repr([*reversed(SOME_DATES), SOME_DATES[0]]) + ") }}",
    "all dates": "select d from days where {{ dates_in('d', " + repr(SOME_DATES[:5]) + ") }}",
    "no dates": "select d from days where {{ dates_in('d', []) }}",
}
SEPARATOR = "\n-- next\n"


@pytest.fixture(scope="module", params=ENGINES)
def rendered(request: pytest.FixtureRequest, folder: Path) -> dict[str, str]:
    """Each case as one engine writes it, by one call of dbt; `engine` is its name."""
    pieces = {name: "{{ " + call + " }}" for name, call in CASES.items()} | EXPRESSIONS
    texts = render(request.param, folder, RELATIONS + SEPARATOR.join(pieces.values())).split(SEPARATOR)
    return dict(zip(pieces, texts, strict=True)) | {"engine": request.param}


def statements(rendered: dict[str, str], case: str) -> list[exp.Expression]:
    parsed = [tree for tree in sqlglot.parse(rendered[case], read=DIALECTS[rendered["engine"]]) if tree is not None]
    return [tree for tree in parsed if not isinstance(tree, exp.Transaction | exp.Commit | exp.Command)]


def test_everything_is_the_engines_own(rendered: dict[str, str]) -> None:
    """Redshift's adapter inherits PostgreSQL's macros, string_agg and interval arithmetic: none comes through."""
    engine = rendered["engine"]
    found = {case: findings(rendered[case], engine, DIALECTS[engine]) for case in (*CASES, *EXPRESSIONS)}
    if engine == "duckdb":  # decimals are doubles in its division, so its own `//` is used
        assert "//" in rendered["floor"]
    assert {case: what for case, what in found.items() if what} == {}


@pytest.mark.parametrize("case", CASES)
def test_rows_are_replaced_atomically(rendered: dict[str, str], case: str) -> None:
    """One MERGE, or DELETE and INSERT; dbt has a transaction around the two, but not on Snowflake."""
    kinds = [type(tree) for tree in statements(rendered, case)]
    assert kinds == ([exp.Merge] if rendered["engine"] == "athena" else [exp.Delete, exp.Insert])
    if rendered["engine"] == "snowflake":
        text = rendered[case].lower()
        assert text.index("begin") < text.index("delete") < text.index("insert") < text.index("commit")


def test_dates_that_became_empty_are_deleted_too(rendered: dict[str, str]) -> None:
    """What is deleted hangs on the dates given, not on the rows that came back."""
    literals = {date.this for date in statements(rendered, "dates of a topic")[0].find_all(exp.Literal)}
    assert {"2026-01-01", "2026-01-03"} <= literals


@pytest.mark.parametrize(
    ("case", "dates"), [("some dates", SOME_DATES), ("all dates", SOME_DATES[:5]), ("no dates", [])]
)
def test_ranges_of_dates_hold_the_dates_and_no_other(rendered: dict[str, str], case: str, dates: list[str]) -> None:
    span = "range(date '2025-12-01', date '2026-04-01', interval 1 day)"
    days = f"create table days as select cast(unnest({span}) as date) as d"
    with duckdb.connect() as connection:
        connection.execute(days)
        assert [str(row[0]) for row in connection.execute(f"{rendered[case]} order by d").fetchall()] == dates
    assert rendered[case].count("2025-12-31") == 0, "days in a row are a range"


def test_whole_division_rounds_down(rendered: dict[str, str]) -> None:
    """Just below a boundary a quotient of six decimals would be rounded up to it."""
    numbers = [0, 1, 899_999_999, 900_000_000, 1_767_225_599_999_999, 1_767_225_600_000_000]
    found = run(rendered["floor"], [(number, 1) for number in numbers])
    assert found == [number // 900_000_000 for number in numbers]


def test_ratio_is_exact(rendered: dict[str, str]) -> None:
    if rendered["engine"] in ("athena", "redshift"):  # they divide decimals, which DuckDB cannot stand in for
        assert "cast(n as decimal(28, 6)) / nullif(d, 0)" in rendered["ratio"]
        return
    pairs = [(1, 3), (2, 3), (41_831, 80_000), (1, 2_000_000), (0, 7), (14_999_999_999_999, 10**19 // 10), (5, 0)]
    expected = [exact(numerator, denominator) for numerator, denominator in pairs]
    assert run(rendered["ratio"], pairs) == expected


def exact(numerator: int, denominator: int) -> Decimal | None:
    if not denominator:
        return None
    return (Decimal(numerator) / denominator).quantize(Decimal("0.000001"), ROUND_HALF_UP)


def run(sql: str, rows: list[tuple[int, int]]) -> list[object]:
    """Evaluate on DuckDB. `/` divides multiples only here, so that whole-number division gives the same."""
    with duckdb.connect() as connection:
        connection.execute("create table numbers (n bigint, d bigint)")
        connection.executemany("insert into numbers values (?, ?)", rows)
        whole = sql.replace(") / ", ") // ").replace("decimal(34, 0)", "hugeint")
        return [row[0] for row in connection.execute(whole).fetchall()]
