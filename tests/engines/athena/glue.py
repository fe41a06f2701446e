"""The Glue catalogue as the front uses it: tables that Athena's DDL makes, views with their real columns."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import boto3

from tests.engines.athena.trino import StatementError
from tests.engines.athena.types import glue_type

KEPT = (
    *("Name", "Description", "TableType", "Parameters", "PartitionKeys", "StorageDescriptor"),
    *("ViewOriginalText", "ViewExpandedText"),
)
HIVE = "org.apache.hadoop.hive.ql.io."
SERDE = "org.apache.hadoop.hive.serde2."
#: Input format, output format, serde.
FORMATS = {
    "parquet": tuple(f"{HIVE}parquet.{name}" for name in (
        "MapredParquetInputFormat", "MapredParquetOutputFormat", "serde.ParquetHiveSerDe")),
    "text": ("org.apache.hadoop.mapred.TextInputFormat", f"{HIVE}HiveIgnoreKeyTextOutputFormat",
             f"{SERDE}lazy.LazySimpleSerDe"),
}  # fmt: skip

Name = tuple[str, str]
Columns = list[tuple[str, str]]


class Glue:
    """Calls to one Glue endpoint, by (database, table)."""

    def __init__(self) -> None:
        self.client = boto3.client("glue")

    def table(self, name: Name) -> dict[str, Any]:
        """The table's entry.

        Raises:
            StatementError: TABLE_NOT_FOUND, as Athena words it.
        """
        try:
            found: dict[str, Any] = self.client.get_table(DatabaseName=name[0], Name=name[1])["Table"]
        except self.client.exceptions.EntityNotFoundException:
            message = f"line 1:1: Table 'awsdatacatalog.{name[0]}.{name[1]}' does not exist"
            raise StatementError("TABLE_NOT_FOUND", message) from None
        return found

    def is_iceberg(self, name: Name) -> bool:
        """Whether the table is Iceberg's; Glue says so in a parameter."""
        return bool(self.table(name).get("Parameters", {}).get("table_type", "").upper() == "ICEBERG")

    def save(self, name: Name, table: dict[str, Any]) -> None:
        """Write a changed entry back."""
        self.client.update_table(DatabaseName=name[0], TableInput={key: table[key] for key in KEPT if key in table})

    def create_external(
        self, name: Name, columns: Columns, partitions: Columns, location: str, stored_as: str, serde: str | None,
        properties: dict[str, str], if_not_exists: bool,
    ) -> None:  # fmt: skip
        """Register an external Hive table; types are Hive's."""
        reads, writes, usual_serde = FORMATS[stored_as]
        storage = {
            "Columns": [{"Name": column, "Type": kind} for column, kind in columns],
            "Location": location,
            "InputFormat": reads,
            "OutputFormat": writes,
            "SerdeInfo": {"SerializationLibrary": serde or usual_serde},
        }
        entry = {
            "Name": name[1],
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", **properties},
            "PartitionKeys": [{"Name": column, "Type": kind} for column, kind in partitions],
            "StorageDescriptor": storage,
        }
        try:
            self.client.create_table(DatabaseName=name[0], TableInput=entry)
        except self.client.exceptions.AlreadyExistsException:
            if not if_not_exists:
                raise StatementError("TABLE_ALREADY_EXISTS", f"Table '{name[1]}' already exists") from None
        except self.client.exceptions.EntityNotFoundException:
            raise StatementError("SCHEMA_NOT_FOUND", f"Schema '{name[0]}' does not exist") from None

    def describe_view(self, name: Name) -> None:
        """Give a new view its real columns: Trino leaves one named dummy, Athena writes them, dbt reads them."""
        view = self.table(name)
        encoded = re.search(r"Presto View: (\S+)", view["ViewOriginalText"])
        if encoded is None:
            raise StatementError("INVALID_VIEW", f"{name[0]}.{name[1]} has no definition")
        columns = json.loads(base64.b64decode(encoded[1]))["columns"]
        described = [{"Name": column["name"], "Type": glue_type(column["type"])} for column in columns]
        view["StorageDescriptor"]["Columns"] = described
        self.save(name, view)
