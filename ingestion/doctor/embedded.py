"""The targets that need no account: DuckDB's file, its extensions, and the lake beside it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from ingestion import duckdb_extensions
from ingestion.doctor.finding import WRONG, Finding, ok, wrong
from ingestion.doctor.profile import Chosen
from ingestion.duckdb_extensions import ExtensionError
from ingestion.lake.connection import EXTENSIONS
from ingestion.lake.errors import LakeError
from ingestion.settings import LAKE, Settings
from ingestion.storage import open_storage
from ingestion.warehouse import connected


def examine(settings: Settings, chosen: Chosen, reads_zone: bool) -> Iterator[Finding]:
    """The extensions load, what was built can be opened for writing, and DuckDB reads the zone where that is in S3."""
    if chosen.name == LAKE:
        extensions = _extensions()
        yield extensions
        if extensions.state == WRONG:
            return
    yield _built(settings)
    if reads_zone and isinstance(settings.raw, str):
        yield _zone(settings)


def _extensions() -> Finding:
    with duckdb.connect() as connection:
        try:
            for name in EXTENSIONS:
                duckdb_extensions.load(connection, name)
        except ExtensionError as error:
            return wrong("extensions", str(error))
    return ok("extensions", f"{', '.join(EXTENSIONS)} load into DuckDB {duckdb.__version__}")


def _built(settings: Settings) -> Finding:
    """Another process that holds the file, a lake that was moved, a catalogue that does not answer: all show here."""
    if not settings.warehouse.exists():
        return ok("warehouse", f"{settings.warehouse} will be made by the first build")
    try:
        with connected(settings, read_only=False) as connection:
            found = connection.execute("select count(*) from duckdb_tables() where not internal").fetchone()
    except (LakeError, OSError, ExtensionError, duckdb.Error) as error:
        return wrong("warehouse", f"{settings.warehouse}: {error}")
    return ok("warehouse", f"{settings.warehouse}, {found[0] if found else 0} tables")


def _zone(settings: Settings) -> Finding:
    with duckdb.connect() as connection:
        try:
            open_storage(settings.raw).prepare(connection)
            connection.execute(f"select count(*) from glob('{settings.raw}/processing-metadata/*/*.json')")
        except (OSError, ExtensionError, duckdb.Error) as error:
            return wrong("DuckDB on S3", str(error))
    return ok("DuckDB on S3", f"reads {settings.raw}")
