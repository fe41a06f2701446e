"""What Snowflake refuses and DuckDB takes, refused here with Snowflake's words: a list, and by no means everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

from tests.engines.snowflake.patches import around, created, properties

#: Functions of Snowflake that sqlglot has no class for. What is in neither is taken for one of DuckDB's.
FUNCTIONS = frozenset({"current_role", "current_warehouse", "current_account", "system$typeof", "timestampadd"})


def statements_are_refused() -> None:
    """What only DuckDB understands has to fail here, as it would on the account."""

    def transform(original: Any, cursor: Any, statement: exp.Expression, params: Any) -> Any:
        for reason in refusals(statement):
            raise ProgrammingError(msg=f"SQL compilation error:\n{reason}", errno=1003, sqlstate="42000")
        return original(cursor, statement, params)

    around("_transform", transform)


def refusals(statement: exp.Expression) -> Iterator[str]:
    """Why Snowflake would not take a parsed statement; nothing if it would."""
    for node in statement.walk():
        if isinstance(node, exp.Anonymous) and node.name.lower() not in FUNCTIONS:
            yield f"Unknown function {node.name.upper()}."
        elif isinstance(node, exp.Filter):
            yield "syntax error: unexpected 'FILTER'."
        elif isinstance(node, exp.Distinct) and node.args.get("on"):
            yield "syntax error: unexpected 'ON' after DISTINCT."
    yield from iceberg_refusals(statement)


def iceberg_refusals(statement: exp.Expression) -> Iterator[str]:
    """Column types that an Iceberg table does not have, and what else its CREATE must say."""
    given = properties(statement)
    if created(statement) is None or not any(isinstance(one, exp.IcebergProperty) for one in given):
        return
    named = {one.name.lower() for one in given if isinstance(one, exp.Property)}
    for name in {"external_volume", "catalog", "base_location"} - named:
        yield f"Iceberg table needs {name.upper()}."
    for column in statement.find_all(exp.ColumnDef):
        kind = column.args["kind"]
        sized = [size.name for size in kind.expressions]
        if kind.this in (exp.DataType.Type.VARIANT, exp.DataType.Type.TIMESTAMPTZ):
            yield f"Column {column.name}: {kind.sql('snowflake')} is not supported in an Iceberg table."
        if kind.this in (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ) and sized != ["6"]:
            yield f"Column {column.name}: for Iceberg tables, only timestamp precision 6 is supported."
        if kind.is_type("varchar", "text", "char") and sized not in ([], ["134217728"]):
            yield f"Column {column.name}: for Iceberg tables, only max length (134,217,728) is supported."
