"""A lake without dbt: settings of an empty MEDIA_HOME, its catalogue, and a DuckDB connection to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ingestion.lake.connection import serve
from ingestion.lake.server import Server
from ingestion.settings import Settings, load_settings
from ingestion.warehouse import connected


@pytest.fixture
def settings(media_home: Path) -> Settings:
    found = load_settings({"MEDIA_HOME": str(media_home), "MEDIA_TARGET": "lake"})
    found.lake.mkdir(parents=True)
    return found


@pytest.fixture
def server(settings: Settings) -> Iterator[Server]:
    running = serve(settings)
    yield running
    running.close()


@pytest.fixture
def connection(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    with connected(settings, read_only=False) as connection:
        connection.execute("create schema lake.marts")
        yield connection
