"""DuckDB with the lake attached as `lake`: for dbt's plugin and for whoever asks the tables."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from ingestion import duckdb_extensions
from ingestion.lake.catalog import NAME, Catalog
from ingestion.lake.server import Server
from ingestion.settings import Settings
from ingestion.storage import S3_SCHEME, enable_s3

EXTENSIONS = ("avro", "httpfs", "iceberg")


def catalog(settings: Settings) -> Catalog:
    """The catalogue of this MEDIA_HOME. Raises LakeError if its tables were moved."""
    return Catalog(settings.lake / "catalog.sqlite", settings.lake_warehouse)


def serve(settings: Settings, port: int = 0, token: str = "") -> Server:
    """Start the catalogue of this MEDIA_HOME. Raises LakeError if its tables were moved."""
    return Server(catalog(settings), port, token)


def attach(connection: duckdb.DuckDBPyConnection, settings: Settings, endpoint: str, token: str) -> None:
    """Attach the catalogue at `endpoint` under the name `lake`."""
    _load(connection, settings)
    connection.execute(f"create or replace secret {NAME} (type iceberg, token '{_text(token)}')")
    # our own catalogue has one warehouse; its address as the name would make DuckDB take s3:// for a read-only file
    warehouse = settings.lake_warehouse if settings.lake_endpoint else NAME
    connection.execute(
        f"attach if not exists '{_text(warehouse)}' as {NAME} (type iceberg, secret {NAME},"
        f" endpoint '{_text(endpoint)}', access_delegation_mode 'none')"
    )


def enable_views(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Load what the file's views over Iceberg tables need, where it has such views; they read without the catalogue."""
    found = connection.execute("select count(*) from duckdb_views() where sql like '%iceberg_scan(%'").fetchone()
    if found and found[0]:
        _load(connection, settings)


def _load(connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    connection.execute("set autoinstall_known_extensions = false")
    for name in EXTENSIONS:
        duckdb_extensions.load(connection, name)
    if settings.lake_warehouse.startswith(S3_SCHEME):
        enable_s3(connection)


@contextmanager
def attached(connection: duckdb.DuckDBPyConnection, settings: Settings) -> Iterator[None]:
    """Attach the lake for as long as the block lasts, and find its tables without naming it."""
    server = None if settings.lake_endpoint else serve(settings)
    try:
        if server:
            attach(connection, settings, server.endpoint, server.token)
        else:
            attach(connection, settings, settings.lake_endpoint, settings.lake_token)
        schemas = connection.execute(
            "select database_name || '.' || schema_name from duckdb_schemas() where not internal and database_name in"
            f" ('warehouse', '{NAME}') order by database_name = '{NAME}' desc, schema_name"
        ).fetchall()
        path = ",".join(["warehouse.main", *(schema for (schema,) in schemas)])
        connection.execute(f"set search_path = '{_text(path)}'")
        yield
    finally:
        if server:
            server.close()


def _text(value: str) -> str:
    """Text to stand between single quotes in SQL."""
    return value.replace("'", "''")
