"""The conditions in the dbt source: true for accepted rows, false for exactly what the row was refused for."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot

from ingestion import contract
from ingestion.contract import reference
from ingestion.contract.conditions import conditions
from tests.contract.cases import Case, row_cases

INPUTS = contract.names()
CHECKED = {"missing", "not_in_enum", "below_minimum", "above_maximum", "too_old"}


@pytest.fixture(scope="module")
def tables() -> duckdb.DuckDBPyConnection:
    """An empty typed table for each input."""
    connection = duckdb.connect()
    for name in INPUTS:
        columns = ", ".join(f"{f.name} {f.sql_type.replace('string', 'varchar')}" for f in contract.load(name).fields)
        connection.execute(f"create table {name} (batch_id varchar, arrived_at timestamp, {columns})")
    return connection


def broken(connection: duckdb.DuckDBPyConnection, name: str, row: dict) -> set[str]:
    """The names of the conditions that are not true for a row."""
    connection.execute(f"delete from {name}")
    values = {"batch_id": "b", "arrived_at": "2026-01-31 12:00:00", **row}
    marks = ", ".join("?" for _ in values)
    connection.execute(f"insert into {name} ({', '.join(values)}) values ({marks})", list(values.values()))
    rules = conditions(contract.load(name))
    flags = ", ".join(f"coalesce({rule['condition']}, false)" for rule in rules)
    found = connection.execute(f"select {flags} from {name}").fetchone()
    return {rule["name"] for rule, holds in zip(rules, found, strict=True) if not holds}


def codes_of(reasons: list[str]) -> set[str]:
    return {reason for reason in reasons if reason.partition(":")[0] in CHECKED}


@pytest.mark.parametrize("case", [c for c in row_cases() if not c.lacks_column], ids=lambda c: f"{c.input}-{c.name}")
def test_conditions_find_what_the_lander_would(tables: duckdb.DuckDBPyConnection, case: Case) -> None:
    wanted = contract.load(case.input)
    row = {name: case.row[column] for name, column in wanted.resolve(list(case.row)).items()}
    values, reasons = reference.check_row(wanted, row, case.arrived_at)
    # What could not be converted never gets into a typed table; a bad enumeration gets there as it is.
    for reason in reasons:
        code, _, name = reason.partition(":")
        if code == "not_in_enum":
            values[name] = row[name]
        elif wanted.field(name).required and code in ("bad_type", "bad_timestamp"):
            reasons = [*reasons, f"missing:{name}"]
    if wanted.name == "player_events" and any(r.startswith("not_in_enum:event_type") for r in reasons):
        values["event_type"] = row["event_type"]
    assert broken(tables, case.input, values) == codes_of(reasons)


@pytest.mark.parametrize("name", INPUTS)
def test_every_constraint_has_its_condition(name: str) -> None:
    names = [rule["name"] for rule in conditions(contract.load(name))]
    assert len(names) == len(set(names))
    for field in contract.load(name).fields:
        assert (f"missing:{field.name}" in names) == bool(field.required or field.required_when)
        assert (f"not_in_enum:{field.name}" in names) == bool(field.enum)
        assert (f"below_minimum:{field.name}" in names) == (field.minimum is not None)
        assert (f"above_maximum:{field.name}" in names) == (field.maximum is not None)


@pytest.mark.parametrize("dialect", ["duckdb", "snowflake", "trino", "redshift", "spark"])
def test_conditions_parse_in_every_dialect(dialect: str) -> None:
    for name in INPUTS:
        for rule in conditions(contract.load(name)):
            sqlglot.parse_one(f"select 1 from raw_rows where {rule['condition']}", dialect=dialect)
