"""What Athena refuses and Trino would do: the front refuses it in Athena's stead."""

from __future__ import annotations

import re

from tests.engines.athena.trino import StatementError

LONGEST_STATEMENT_BYTES = 262_144
KNOWN = (
    *("select", "with", "values", "insert", "merge", "update", "delete", "create", "drop", "alter", "show"),
    *("describe", "desc", "msck", "optimize", "vacuum", "explain", ""),
)
#: Trino's own statements, and Hive's, that Athena does not take.
FOREIGN = (
    (r"create\s+or\s+replace\s+table", "CREATE OR REPLACE TABLE"),
    (r"create\s+materialized\s+view", "CREATE MATERIALIZED VIEW"),
    (r"alter\s+table\s+\S+\s+execute\b", "ALTER TABLE EXECUTE"),
    (r"drop\s+materialized\s+view", "DROP MATERIALIZED VIEW"),
)
#: What Iceberg tables of Athena cannot hold; Trino's connector widens these without a word.
NO_ICEBERG_TYPE = re.compile(r"(tinyint|smallint|char\(|time\b|timestamp\(\d+\) with time zone)")


def refuse_statement(sql: str) -> None:
    """Refuse a kind of statement that Athena does not have; `sql` begins with its first word."""
    if re.split(r"\W", sql, maxsplit=1)[0].lower() not in KNOWN:
        raise StatementError("NOT_SUPPORTED", f"Queries of this type are not supported: {sql[:40]}")
    for pattern, name in FOREIGN:
        if re.match(pattern, sql, re.IGNORECASE):
            raise StatementError("NOT_SUPPORTED", f"Queries of this type are not supported: {name}")


def refuse_iceberg_type(column: str, trino_type: str) -> None:
    """Refuse a column of a new Iceberg table: Athena takes timestamps of microseconds only, and no small integers."""
    precision = re.fullmatch(r"timestamp\((\d+)\)", trino_type)
    if precision and precision[1] != "6":
        raise StatementError(
            "NOT_SUPPORTED",
            f'Timestamp precision ({precision[1]}) not supported for Iceberg. Use "timestamp(6)" instead.',
        )
    if NO_ICEBERG_TYPE.match(trino_type):
        raise StatementError("NOT_SUPPORTED", f"Type not supported for Iceberg: {trino_type} of column {column}")


def refuse_change_of_rows(is_iceberg: bool) -> None:
    """Refuse DELETE, UPDATE and MERGE on a Hive table; Trino would drop whole partitions."""
    if not is_iceberg:
        raise StatementError("NOT_SUPPORTED", "Modifying Hive table rows is only supported for transactional tables")
