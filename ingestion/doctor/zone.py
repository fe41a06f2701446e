"""The raw zone, and the other places in S3 that a target writes to."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

from ingestion.doctor.finding import Finding, note, ok, wrong
from ingestion.doctor.machine import standing_folder
from ingestion.doctor.profile import Chosen
from ingestion.settings import Settings
from ingestion.storage import Storage, UnreachableError, open_storage

#: Names of checks: the zone, and what concerns every bucket.
RAW, S3 = "raw zone", "S3"
#: By one of these Snowflake is allowed to read the zone.
READERS = ("SNOWFLAKE_STORAGE_INTEGRATION", "SNOWFLAKE_STAGE")


def examine(settings: Settings, chosen: Chosen) -> Iterator[Finding]:
    """MEDIA_RAW can be read and written, is where the target can reach it, and knows conditional writes."""
    if isinstance(settings.raw, Path):
        if chosen.environment.get("SNOWFLAKE_STAGE") and chosen.adapter == "snowflake":
            yield note(RAW, "not looked at: SNOWFLAKE_STAGE says where it lies")
        elif not chosen.is_embedded:
            where = f"MEDIA_RAW is the folder {settings.raw}, which {chosen.name} cannot read"
            yield wrong(RAW, f"{where}; set MEDIA_RAW=s3://bucket/prefix")
        elif not os.access(standing_folder(settings.raw), os.W_OK):
            yield wrong(RAW, f"{settings.raw} cannot be written; set MEDIA_RAW to a folder of yours")
        else:
            yield ok(RAW, str(settings.raw))
    elif chosen.adapter == "snowflake" and not any(chosen.environment.get(name) for name in READERS):
        yield note(RAW, f"neither {' nor '.join(READERS)} is set: Snowflake reads only public buckets then")
    places = {RAW: settings.raw} if isinstance(settings.raw, str) else {}
    try:
        for setting, address in (places | chosen.s3_places()).items():
            yield _place(setting, address)
    except UnreachableError as error:
        yield wrong(S3, str(error))


def _place(check: str, address: str) -> Finding:
    """List, write once and only once, read and remove a probe. UnreachableError where that is no fault of the place."""
    try:
        storage = open_storage(address)
        storage.glob("*")
        refuses = _probe(storage)
    except UnreachableError:
        raise
    except OSError as error:
        return wrong(check, str(error))
    if not refuses:
        advice = "two landings at once could overwrite each other; use an endpoint that has If-None-Match"
        return wrong(check, f"{address}: the endpoint ignores conditional writes; {advice}")
    return ok(check, f"{address} can be listed, read and written")


def _probe(storage: Storage) -> bool:
    """Whether a second write under one name is refused."""
    name = f".doctor-{uuid.uuid4().hex}"
    storage.create(name, b"probe")
    try:
        refuses = not storage.create(name, b"another")
        storage.read(name)
    finally:
        storage.remove(name)
    return refuses
