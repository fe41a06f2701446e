"""DuckDB with the lake attached as `lake`: for dbt's plugin and for whoever asks the tables."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlparse

import duckdb

from ingestion.lake.catalog import NAME, Catalog
from ingestion.lake.errors import LakeError
from ingestion.lake.files import S3_SCHEMES
from ingestion.lake.server import Server
from ingestion.settings import Settings

EXTENSIONS = ("avro", "httpfs", "iceberg")


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension of DuckDB from its wheel; nothing is downloaded and nothing copied."""
    folder = Path(sysconfig.get_paths()["purelib"]) / f"duckdb_extension_{name}" / "extensions"
    file = folder / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if not file.is_file():
        raise LakeError(
            f"DuckDB {duckdb.__version__} needs the package duckdb-extension-{name} {duckdb.__version__}, which is not "
            "installed here: run `python3 bootstrap.py test-fast --collect-only`, which brings .venv up to date"
        )
    connection.execute(f"load '{_text(str(file))}'")


def serve(settings: Settings, port: int = 0, token: str = "") -> Server:
    """Start the catalogue of this MEDIA_HOME. Raises LakeError if its tables were moved."""
    return Server(Catalog(settings.lake / "catalog.sqlite", settings.lake_warehouse), port, token)


def attach(connection: duckdb.DuckDBPyConnection, settings: Settings, endpoint: str, token: str) -> None:
    """Attach the catalogue at `endpoint` under the name `lake`."""
    connection.execute("set autoinstall_known_extensions = false")
    for name in EXTENSIONS:
        load_extension(connection, name)
    if urlparse(settings.lake_warehouse).scheme in S3_SCHEMES:
        connection.execute(s3_secret(os.environ))
    connection.execute(f"create or replace secret {NAME} (type iceberg, token '{_text(token)}')")
    connection.execute(
        f"attach if not exists '{_text(settings.lake_warehouse)}' as {NAME} (type iceberg, secret {NAME},"
        f" endpoint '{_text(endpoint)}', access_delegation_mode 'none')"
    )


def s3_secret(env: Mapping[str, str]) -> str:
    """Statement that tells DuckDB how to reach S3, from the usual AWS variables."""
    options = {
        "key_id": env.get("AWS_ACCESS_KEY_ID"),
        "secret": env.get("AWS_SECRET_ACCESS_KEY"),
        "session_token": env.get("AWS_SESSION_TOKEN"),
        "region": env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION"),
    }
    given = [f"{name} '{_text(value)}'" for name, value in options.items() if value]
    endpoint = urlparse(env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL") or "")
    if endpoint.netloc:
        secure = str(endpoint.scheme == "https").lower()
        given += [f"endpoint '{_text(endpoint.netloc)}'", "url_style 'path'", f"use_ssl {secure}"]
    return f"create or replace secret lake_s3 (type s3, {', '.join(given)})"


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
