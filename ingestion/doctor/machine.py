"""This machine: disk, and what the tests' engines need beside Python."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from ingestion.doctor.finding import Finding, note, ok, wrong
from ingestion.settings import Settings

#: Two weeks of the demo take 0.4 GB with DuckDB's temporary files; with less than this a landing may break off.
LEAST_FREE_BYTES = 1 << 30
#: Tools that tests need, and for what; nothing else does.
TEST_TOOLS = {
    "java": "the tests with Spark need Java 17 or newer on PATH",
    "mvn": "the tests of Athena and of the lake fetch their Java parts with Maven (mvn on PATH)",
}


def examine(settings: Settings) -> Iterator[Finding]:
    """The home can be written and has room; tools that only tests need are notes."""
    standing = standing_folder(settings.home)
    free = shutil.disk_usage(standing).free
    if not os.access(standing, os.W_OK):
        yield wrong("home", f"{standing} cannot be written; set MEDIA_HOME to a folder of yours")
    elif free < LEAST_FREE_BYTES:
        yield wrong("home", f"{standing} has {free / (1 << 30):.1f} GB left; make room, or set MEDIA_HOME elsewhere")
    else:
        yield ok("home", f"{settings.home}, {free / (1 << 30):.0f} GB free")
    for tool, purpose in TEST_TOOLS.items():
        if shutil.which(tool) is None:
            yield note(tool, f"not found; {purpose}, nothing else does")


def standing_folder(path: Path) -> Path:
    """The folder itself, or the nearest one above it that is there already."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())
