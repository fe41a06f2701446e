"""An Athena statement on Trino: queries pass as they are, Hive's DDL becomes Trino's, or an entry in Glue."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from tests.engines.athena import refusals, trino
from tests.engines.athena.glue import Glue, Name
from tests.engines.athena.trino import Result, StatementError
from tests.engines.athena.types import hive_type, trino_type

CATALOG, ICEBERG = "awsdatacatalog", "iceberg"
COMMENTS = re.compile(r"\s*((--[^\n]*(\n|$)|/\*.*?\*/)\s*)*", re.DOTALL)
TABLE = r"([`\"\w.]+)"
#: Properties of CREATE TABLE AS, Athena's name to Trino's; others mean nothing to Trino.
ICEBERG_PROPERTIES = ("location", "partitioning", "format")
HIVE_PROPERTIES = ("external_location", "partitioned_by", "bucketed_by", "bucket_count", "format")
DONE = Result()


@dataclass(frozen=True)
class Outcome:
    """Athena's statement type (DDL, DML or UTILITY), and what came back."""

    statement_type: str
    result: Result


class Session:
    """Runs the statements of one query: its database, and whether it was cancelled meanwhile."""

    def __init__(self, port: int, glue: Glue, database: str, cancelled: threading.Event) -> None:
        self.port, self.glue, self.database, self.cancelled = port, glue, database, cancelled

    def run(self, sql: str) -> Outcome:
        """Run one statement.

        Raises:
            StatementError: as Athena would word it.
        """
        text = COMMENTS.sub("", sql.strip().rstrip(";"), count=1).strip()
        refusals.refuse_statement(text)
        for pattern, method in DDL:
            if found := re.match(pattern, text, re.IGNORECASE | re.DOTALL):
                return Outcome("DDL", method(self, text, found))
        if re.match(r"(show|describe|desc)\b", text, re.IGNORECASE):
            plain = re.sub(r"^show\s+databases", "show schemas", text.replace("`", '"'), flags=re.IGNORECASE)
            return Outcome("UTILITY", self.trino(plain))
        if changed := re.match(rf"(?:delete\s+from|update|merge\s+into)\s+{TABLE}", text, re.IGNORECASE):
            refusals.refuse_change_of_rows(self.glue.is_iceberg(self.name(changed[1])))
        return self.query(text)

    def query(self, text: str) -> Outcome:
        """A query, a change of rows, or a view: Trino's words are Athena's."""
        result = self.trino(text)
        if result.update_type == "CREATE VIEW":
            named = re.search(rf"view\s+{TABLE}", text, re.IGNORECASE)
            self.glue.describe_view(self.name(named[1] if named else ""))
            return Outcome("DDL", DONE)
        if result.update_type:
            return Outcome("DML", Result(update_count=result.update_count, scanned_bytes=result.scanned_bytes))
        return Outcome("DML", result)

    def trino(self, sql: str) -> Result:
        """The statement as it stands, in the query's database."""
        return trino.run(self.port, sql, self.database, CATALOG, self.cancelled)

    def name(self, text: str) -> Name:
        """Database and table of a name of one to three parts, quoted in either way."""
        parts = [part.strip('`"').lower() for part in text.split(".")]
        return (parts[-2] if len(parts) > 1 else self.database), parts[-1]

    def schema(self, text: str, found: re.Match[str]) -> Result:
        """CREATE and DROP SCHEMA or DATABASE."""
        action, condition, name, rest = found.groups(default="")
        return self.trino(f'{action} schema {condition} {CATALOG}."{self.name(name)[1]}" {rest}')

    def drop(self, text: str, found: re.Match[str]) -> Result:
        """DROP TABLE and DROP VIEW."""
        kind, condition, name = found.groups(default="")
        return self.trino(f"drop {kind} {condition} {quoted(CATALOG, self.name(name))}")

    def create_as(self, text: str, found: re.Match[str]) -> Result:
        """CREATE TABLE AS: the properties are named otherwise, and some types are refused for Iceberg."""
        tree = sqlglot.parse_one(f"{found[0]} select 1", read="athena")
        query = text[found.end() :]
        given = properties_of(tree)
        is_iceberg = given.get("table_type", "").strip("'").lower() == "iceberg"
        if is_iceberg:
            for column in self.trino(f"select * from ({query}\n) where false").columns:
                refusals.refuse_iceberg_type(column["name"], column["type"])
        known = ICEBERG_PROPERTIES if is_iceberg else HIVE_PROPERTIES
        properties = ", ".join(f"{key} = {value}" for key, value in given.items() if key in known)
        name = quoted(ICEBERG if is_iceberg else CATALOG, self.name(tree.this.sql("trino")))
        exists = "if not exists " if tree.args.get("exists") else ""
        done = self.trino(f"create table {exists}{name} with ({properties}) as {query}")
        return Result(update_count=done.update_count, scanned_bytes=done.scanned_bytes)

    def create(self, text: str, found: re.Match[str]) -> Result:
        """CREATE TABLE with columns: an empty Iceberg table, or an entry in Glue for files that are there."""
        tree = sqlglot.parse_one(text, read="athena")
        name = self.name(".".join(part.name for part in tree.this.this.parts))
        columns = [column for column in tree.this.expressions if isinstance(column, exp.ColumnDef)]
        given = tree.args["properties"].expressions if tree.args.get("properties") else []
        options = {prop.name: prop.args["value"].name for prop in given if type(prop) is exp.Property}
        by_class = {type(prop): prop for prop in given}
        location = by_class[exp.LocationProperty].name if exp.LocationProperty in by_class else ""
        partitions = by_class.get(exp.PartitionedByProperty)
        if options.get("table_type", "").lower() == "iceberg":
            return self.create_iceberg(name, columns, location, partitions)
        file_format = by_class.get(exp.FileFormatProperty)
        serde = by_class.get(exp.RowFormatSerdeProperty)
        self.glue.create_external(
            name,
            [(column.name.lower(), hive_type(column.kind)) for column in columns],
            [(part.name.lower(), hive_type(part.kind)) for part in partitions.this.expressions] if partitions else [],
            location,
            "parquet" if file_format and file_format.name.lower() == "parquet" else "text",
            serde.name if serde else None,
            options,
            bool(tree.args.get("exists")),
        )
        return DONE

    def create_iceberg(
        self, name: Name, columns: list[exp.ColumnDef], location: str, partitions: exp.Expression | None
    ) -> Result:
        """CREATE TABLE of Athena's own words for Iceberg."""
        listed = ", ".join(f'"{column.name.lower()}" {trino_type(column.kind)}' for column in columns)
        fields = [f"'{part.sql('trino').lower()}'" for part in partitions.this.expressions] if partitions else []
        partitioning = f", partitioning = array[{', '.join(fields)}]" if fields else ""
        return self.trino(
            f"create table {quoted(ICEBERG, name)} ({listed}) with (location = '{location}'{partitioning})"
        )

    def alter(self, text: str, found: re.Match[str]) -> Result:
        """ALTER TABLE in Hive's words: on Iceberg tables Trino's, on others a change of the entry in Glue."""
        name, action = self.name(found[1]), found[2].strip()
        table = self.glue.table(name)
        is_iceberg = self.glue.is_iceberg(name)
        if is_iceberg and (renamed := re.match(rf"rename\s+to\s+{TABLE}", action, re.IGNORECASE)):
            return self.trino(f"alter table {quoted(ICEBERG, name)} rename to {quoted(ICEBERG, self.name(renamed[1]))}")
        if re.match(r"set\s+tblproperties\b", action, re.IGNORECASE):
            if not is_iceberg:
                table.setdefault("Parameters", {}).update(re.findall(r"'([^']+)'\s*=\s*'([^']*)'", action))
                self.glue.save(name, table)
            return DONE
        if added := re.match(r"(add|replace)\s+columns\s*(\(.*\))", action, re.IGNORECASE | re.DOTALL):
            columns = sqlglot.parse_one(f"create table t {added[2]}", read="hive").this.expressions
            return self.alter_columns(name, table, columns, is_iceberg, added[1].lower() == "add")
        if is_iceberg and (dropped := re.match(r"drop\s+column\s+[`\"]?(\w+)", action, re.IGNORECASE)):
            return self.trino(f'alter table {quoted(ICEBERG, name)} drop column "{dropped[1]}"')
        raise StatementError("NOT_SUPPORTED", f"ALTER TABLE {action[:60]}")

    def alter_columns(
        self, name: Name, table: dict[str, object], columns: list[exp.ColumnDef], is_iceberg: bool, adds: bool
    ) -> Result:
        """ADD COLUMNS, and REPLACE COLUMNS of a Hive table."""
        if is_iceberg and not adds:
            raise StatementError("NOT_SUPPORTED", "ALTER TABLE REPLACE COLUMNS of an Iceberg table")
        if is_iceberg:
            for column in columns:
                self.trino(f'alter table {quoted(ICEBERG, name)} add column "{column.name}" {trino_type(column.kind)}')
            return DONE
        storage = table["StorageDescriptor"]
        fresh = [{"Name": column.name.lower(), "Type": hive_type(column.kind)} for column in columns]
        storage["Columns"] = (storage["Columns"] if adds else []) + fresh  # type: ignore[index]
        self.glue.save(name, table)
        return DONE

    def optimize(self, text: str, found: re.Match[str]) -> Result:
        """OPTIMIZE … REWRITE DATA USING BIN_PACK."""
        name, where = found.groups(default="")
        return self.trino(f"alter table {quoted(ICEBERG, self.name(name))} execute optimize {where}")

    def vacuum(self, text: str, found: re.Match[str]) -> Result:
        """VACUUM: snapshots older than Trino's least retention go."""
        name = quoted(ICEBERG, self.name(found[1]))
        return self.trino(f"alter table {name} execute expire_snapshots(retention_threshold => '7d')")


#: The first that matches; what none matches is a query, whose words are the same on both.
DDL = (
    (rf"(create|drop)\s+(?:schema|database)\s+(if\s+(?:not\s+)?exists\s+)?{TABLE}(.*)", Session.schema),
    (rf"drop\s+(table|view)\s+(if\s+exists\s+)?{TABLE}", Session.drop),
    (rf"create\s+table\s+(?:if\s+not\s+exists\s+)?{TABLE}\s*(?:with\s*\(.*?\))?\s+as\b(?=\s)", Session.create_as),
    (rf"create\s+(?:external\s+)?table\s+(?:if\s+not\s+exists\s+)?{TABLE}\s*\(", Session.create),
    (rf"alter\s+table\s+{TABLE}\s+(.*)", Session.alter),
    (rf"optimize\s+{TABLE}\s+rewrite\s+data\s+using\s+bin_pack(\s+where\s.*)?", Session.optimize),
    (rf"vacuum\s+{TABLE}", Session.vacuum),
)


def quoted(catalog: str, name: Name) -> str:
    """A name for Trino."""
    return f'{catalog}."{name[0]}"."{name[1]}"'


def properties_of(tree: exp.Expression) -> dict[str, str]:
    """The WITH properties of CREATE TABLE AS in Trino's words."""
    found = {}
    for prop in tree.args["properties"].expressions if tree.args.get("properties") else []:
        if isinstance(prop, exp.LocationProperty):
            found["location"] = prop.this.sql("trino")
        elif isinstance(prop, exp.FileFormatProperty):
            found["format"] = prop.this.sql("trino")
        else:
            found[prop.name.lower()] = prop.args["value"].sql("trino")
    return found
