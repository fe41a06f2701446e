"""What is missing or wrong before anything runs: one line for each cause, with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ingestion.doctor import embedded, machine, profile, warehouse, zone
from ingestion.doctor.finding import OK, WRONG, Finding
from ingestion.settings import Settings

__all__ = ["OK", "WRONG", "Finding", "examine"]


def examine(settings: Settings, target: str) -> Iterator[Finding]:
    """Look at everything that `dbt build --target` and `media land` need, in the order in which it is needed.

    Only reads, but for probes that it removes: a small object in each bucket, and on a warehouse a schema of its own.
    What depends on something wrong is not looked at, so that a cause is named once.
    Raises SettingsError for a target that does not exist.
    """
    chosen = profile.load(target)
    settings = replace(settings, target=target)
    yield from machine.examine(settings)
    named = list(profile.examine(chosen))
    yield from named
    places = list(zone.examine(settings, chosen))
    yield from places
    wrong = {finding.check for finding in [*named, *places] if finding.state == WRONG}
    if chosen.is_embedded:
        yield from embedded.examine(settings, chosen, reads_zone=not wrong)
        return
    # The others have credentials of their own.
    elsewhere = {zone.RAW} if chosen.adapter == "athena" else {zone.RAW, zone.S3}
    if not wrong - elsewhere:
        yield from warehouse.examine(chosen)
