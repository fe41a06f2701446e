"""What fakesnow 0.12.1 does otherwise than Snowflake, as far as dbt-snowflake and this project meet it.

Each function changes one thing, says why, and has a probe in `probes.py` that fails without it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.transforms import show
from snowflake.connector.errors import Error, ProgrammingError
from sqlglot import exp

KINDS = "_fs_global._fs_information_schema._fs_kinds"


def around(name: str, wrapper: Callable[..., Any]) -> None:
    """Replace a method of the cursor by `wrapper(original, cursor, ...)`."""
    original = getattr(FakeSnowflakeCursor, name)
    setattr(FakeSnowflakeCursor, name, lambda cursor, *args, **kwargs: wrapper(original, cursor, *args, **kwargs))


def created(statement: exp.Expression) -> exp.Table | None:
    """The table or view that a CREATE makes."""
    if not isinstance(statement, exp.Create) or statement.args.get("kind") not in ("TABLE", "VIEW"):
        return None
    target = statement.this.this if isinstance(statement.this, exp.Schema) else statement.this
    return target if isinstance(target, exp.Table) else None


def properties(statement: exp.Expression) -> list[exp.Expression]:
    """What stands between CREATE and the columns: TEMPORARY, ICEBERG, ..."""
    found = statement.args.get("properties")
    return list(found.expressions) if found else []


def exact_sums() -> None:
    """fakesnow sums everything as doubles; Snowflake sums numbers exactly."""
    from fakesnow import transforms

    transforms.numeric_agg_implicit_cast = lambda expression: expression


def qualified_temporary_tables() -> None:
    """dbt qualifies its temporary tables; DuckDB has such only in a catalogue of their own. They become plain ones."""

    def transform(original: Any, cursor: Any, statement: exp.Expression, params: Any) -> Any:
        table, given = created(statement), properties(statement)
        kept = [one for one in given if not isinstance(one, exp.TemporaryProperty)]
        if table is not None and table.args.get("db") and len(kept) < len(given):
            statement.args["properties"].set("expressions", kept)
            statement.set("replace", True)
        return original(cursor, statement, params)

    around("_transform", transform)


def stars_have_columns() -> None:
    """For CREATE TABLE with a list of columns fakesnow asks what `*` stands for, in a SQL that DuckDB may not know."""
    from fakesnow import transforms

    original = transforms.create_table_as

    def create_table_as(statement: exp.Expression, duck_conn: Any) -> Any:
        query = statement.expression if isinstance(statement, exp.Create) else None
        query = query.unnest() if isinstance(query, exp.Subquery) else query
        if isinstance(query, exp.Select) and isinstance(statement.this, exp.Schema) and query.is_star:
            described = duck_conn.execute(f"describe {query.sql('duckdb')}").fetchall()
            query.set("expressions", [exp.column(name) for name, *_ in described])
        return original(statement, duck_conn)

    transforms.create_table_as = create_table_as


def iceberg_tables_are_known() -> None:
    """SHOW OBJECTS says which tables are Iceberg: dbt refuses to go on with a table of the other format."""
    known = (
        f"exists (select 1 from {KINDS} as kind where upper(kind.catalog) = upper(table_catalog)"
        " and upper(kind.schema) = upper(table_schema) and upper(kind.name) = upper(table_name))"
    )
    for view in ("SQL_CREATE_VIEW_SHOW_OBJECTS", "SQL_CREATE_VIEW_SHOW_TABLES"):
        sql = getattr(show, view).replace("'N' as is_iceberg", f"case when {known} then 'Y' else 'N' end as is_iceberg")
        setattr(show, view, sql)
    catalogue = show.fs_global_creation_sql
    show.fs_global_creation_sql = lambda: (
        f"create table if not exists {KINDS} (catalog varchar, schema varchar, name varchar);" + catalogue()
    )

    def execute(original: Any, cursor: Any, transformed: exp.Expression, params: Any = None) -> None:
        table = created(transformed)
        iceberg = any(isinstance(one, exp.IcebergProperty) for one in properties(transformed))
        original(cursor, transformed, params)
        if table is not None:
            name = [table.catalog or cursor._conn.database, table.db or cursor._conn.schema, table.name]
            with cursor._duck_conn.cursor() as other:
                other.execute(f"delete from {KINDS} where (catalog, schema, name) = (?, ?, ?)", name)
                if iceberg:
                    other.execute(f"insert into {KINDS} values (?, ?, ?)", name)

    around("_execute", execute)


def missing_instants_stay_null() -> None:
    """A null timestamp reaches the client as 1970-01-01."""
    import pyarrow as pa
    from fakesnow import arrow

    original = arrow.timestamp_to_sf_struct

    def struct(instants: Any) -> Any:
        whole = instants.combine_chunks() if isinstance(instants, pa.ChunkedArray) else instants
        made = original(whole)
        return pa.StructArray.from_arrays(made.flatten(), fields=list(made.type), mask=whole.is_null())

    arrow.timestamp_to_sf_struct = struct


def errors_are_answers() -> None:
    """What DuckDB refuses comes as HTTP 500, and the connector then tries again for minutes."""

    def execute(original: Any, cursor: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(cursor, *args, **kwargs)
        except Error:
            raise
        except Exception as error:
            raise ProgrammingError(msg=f"{type(error).__name__}: {error}", errno=603, sqlstate="XX000") from error

    around("execute", execute)
