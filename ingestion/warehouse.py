"""What an embedded target has built (DuckDB's file, and the lake's Iceberg tables), to be asked in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from ingestion.lake.connection import attached, catalog, enable_views
from ingestion.settings import LAKE, Settings


@contextmanager
def connected(settings: Settings, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in which built tables are found as `schema.table`, whichever embedded target built them.

    To read, the file shows all; to write, the lake is attached as `lake` and its tables come first.

    Raises duckdb.IOException while dbt builds, because one process at a time opens the file; LakeError if the lake was
    moved.
    """
    with duckdb.connect(str(settings.warehouse), read_only=read_only) as connection:
        connection.execute("set timezone = 'UTC'")
        if settings.target == LAKE and (settings.lake_endpoint or not read_only):
            with attached(connection, settings):
                yield connection
            return
        if settings.target == LAKE:
            catalog(settings).close()  # opened once, it tells the views what others have committed to its file
        enable_views(connection, settings)
        yield connection
