"""Where landings happen: the locked zone, and a folder for what is thrown away afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingestion import zone as zones
from ingestion.settings import Settings
from ingestion.zone import Zone


def _nobody() -> None:
    """Default of `waiting`: tell nobody."""


@dataclass(frozen=True)
class Workshop:
    """The locked zone and a folder for what is thrown away afterwards."""

    settings: Settings
    zone: Zone
    folder: Path


@contextmanager
def workshop(settings: Settings, waiting: Callable[[], None] = _nobody) -> Iterator[Workshop]:
    """Lock the zone; what a killed landing left in the scratch folder is cleared."""
    zone = Zone(settings.raw)
    with zone.lock(waiting):
        tag = zones.batch_id("scratch", None, str(settings.raw), 0)
        folder = settings.scratch / f"land-{tag}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield Workshop(settings, zone, folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
