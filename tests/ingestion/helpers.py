"""What the tests of the lander share: a home, files, and a look at what landed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from ingestion.lander import land as lander
from ingestion.lander import sources
from ingestion.settings import Settings, load_settings
from ingestion.zone import Manifest, Zone

ARRIVED_AT = datetime(2026, 1, 31, 12, tzinfo=UTC)
STREAMS = "user_id,track_id,listen_time\n"


def settings_of(home: Path, **variables: str) -> Settings:
    """Settings of a home, as the environment would give them."""
    return load_settings({"MEDIA_HOME": str(home), **variables})


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """A file with exactly this content."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def land(settings: Settings, *paths: Path, **options: Any) -> list[lander.Outcome]:
    """Land files at a fixed instant, unless another is given."""
    options.setdefault("arrived_at", ARRIVED_AT)
    return list(lander.land(settings, sources.expand(str(p) for p in paths), lander.Options(**options)))


def land_one(settings: Settings, path: Path, **options: Any) -> Manifest:
    """Land one file and give its manifest."""
    (outcome,) = land(settings, path, **options)
    assert outcome.status == lander.LANDED, outcome.message
    assert outcome.manifest is not None
    return outcome.manifest


def rows(
    settings: Settings, names: Sequence[str], columns: str = "*", order: str = "source_row"
) -> list[dict[str, Any]]:
    """The rows of files that a manifest lists."""
    if not names:
        return []
    storage = Zone(settings.raw).storage
    files = [storage.url(name) for name in names]
    with duckdb.connect() as connection:
        storage.prepare(connection)
        connection.execute("set timezone = 'UTC'")
        found = connection.execute(f"select {columns} from read_parquet({files}) order by {order}")
        titles = [d[0] for d in found.description or []]
        return [dict(zip(titles, row, strict=True)) for row in found.fetchall()]


def everything(settings: Settings) -> dict[str, int]:
    """Every file in the zone (but the lock), with its size: two equal pictures mean that nothing changed."""
    storage = Zone(settings.raw).storage
    folders = ("raw/*/*", "quarantine/*/*", "processing-metadata/*", "processing-metadata/*/withdrawn")
    names = [name for folder in folders for name in storage.glob(f"{folder}/*")]
    return {name: len(storage.read(name)) for name in names}


def manifests(settings: Settings) -> list[Manifest]:
    """Every live manifest."""
    return list(Zone(settings.raw).manifests())
