"""The raw zone: paths, batch ids, manifests, and the protocol that makes a batch exist.

    raw/<input>/arrival_date=YYYY-MM-DD/<batch_id>-<n>.parquet           accepted rows
    quarantine/<input>/arrival_date=YYYY-MM-DD/<batch_id>-<n>.parquet    refused rows
    quarantine/<input>/arrival_date=YYYY-MM-DD/<batch_id>-file.<suffix>  a file refused whole
    processing-metadata/<input>/<batch_id>.json                          the manifest, one line
    processing-metadata/<input>/withdrawn/<batch_id>.json                the manifest of a withdrawn batch

A batch exists when its manifest does. Data files come first, each whole or not at all (a rename
on a disk, one PUT into a bucket); the manifest comes last and exclusively. A file
without a manifest is a leftover that nobody reads; the next attempt of the same batch
removes it, under whatever date it lies. Where the zone lies is the business of `ingestion.storage`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingestion import steps
from ingestion.storage import LOCK, open_storage

RAW, QUARANTINE, METADATA, WITHDRAWN = "raw", "quarantine", "processing-metadata", "withdrawn"


class ZoneError(RuntimeError):
    """The zone cannot do what was asked; the message names the batch or the file."""


@dataclass(frozen=True)
class Manifest:
    """One landed batch. Counts are rows; `files` and `quarantine_files` are relative to the zone's root."""

    batch_id: str
    input: str
    arrived_at: str
    mapping: str | None
    source: str
    content_hash: str
    delivery: int
    rows_read: int
    rows_accepted: int
    rows_duplicate: int
    rows_quarantined: int
    reasons: dict[str, int]
    files: list[str]
    quarantine_files: list[str]
    columns: list[str]
    replay_of: str | None = None
    #: Only for replays: how many rows of the replayed batch's quarantine are settled by it.
    rows_settled: int = 0
    #: Only for replays: which of them were not kept, because they repeat an accepted one.
    duplicate_rows: list[int] = field(default_factory=list)
    #: Only in the mark of a withdrawn batch: by this an engine that reads whole folders tells it from a live one.
    withdrawn: bool = False
    #: Only for micro-batches of a stream: which one it is, and where the next begins (see `streaming.offsets`).
    stream: dict[str, Any] | None = None

    def check(self) -> None:
        """Raise ZoneError unless read = accepted + duplicate + quarantined."""
        total = self.rows_accepted + self.rows_duplicate + self.rows_quarantined
        if self.rows_read != total:
            raise ZoneError(
                f"{self.source}: {self.rows_read} rows read, but {self.rows_accepted} accepted + "
                f"{self.rows_duplicate} duplicate + {self.rows_quarantined} quarantined; nothing was landed"
            )

    def line(self) -> str:
        """The manifest as one line of JSON."""
        content = asdict(self)
        if self.stream is None:
            del content["stream"]
        return json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n"


def parse_manifest(name: str, content: bytes) -> Manifest:
    """Parse a manifest; keys that a newer version added are ignored. Raises ZoneError with the file's name."""
    known = {f.name for f in fields(Manifest)}
    try:
        return Manifest(**{k: v for k, v in json.loads(content).items() if k in known})
    except (ValueError, TypeError, AttributeError) as error:
        raise ZoneError(f"{name}: not a manifest ({error})") from error


def batch_id(input_name: str, mapping: str | None, content: str, delivery: int) -> str:
    """Twenty hex digits, a function of what landed and never of the day."""
    text = f"{input_name}|{mapping or ''}|{content}|{delivery}"
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def instant_text(instant: datetime) -> str:
    """UTC instant as ISO text with microseconds and Z."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_instant(text: str) -> datetime:
    """Inverse of `instant_text`; other ISO forms pass, a missing zone means UTC. Raises ValueError."""
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


class Zone:
    """The files under one root, a folder or s3://bucket/prefix. Nothing here knows a contract.

    Names are relative to the root, with forward slashes, as manifests write them.
    """

    def __init__(self, root: Path | str) -> None:
        self.storage = open_storage(root)

    @property
    def root(self) -> Path | str:
        """Where the zone lies, as messages say it."""
        return self.storage.root

    # --- names ---------------------------------------------------------------------------------
    def folder(self, area: str, input_name: str, arrived_at: datetime) -> str:
        """Folder of a batch's files in `raw` or `quarantine`."""
        return f"{area}/{input_name}/arrival_date={arrived_at.astimezone(UTC):%Y-%m-%d}"

    def manifest_name(self, input_name: str, batch: str) -> str:
        return f"{METADATA}/{input_name}/{batch}.json"

    def withdrawn_name(self, input_name: str, batch: str) -> str:
        return f"{METADATA}/{input_name}/{WITHDRAWN}/{batch}.json"

    # --- reading -------------------------------------------------------------------------------
    def manifests(self, input_name: str | None = None) -> Iterator[Manifest]:
        """Every live batch, by input and id."""
        names = self.storage.glob(f"{METADATA}/{input_name or '*'}/*.json")
        for name, content in zip(names, self.storage.read_all(names), strict=True):
            yield parse_manifest(self.storage.url(name), content)

    def find(self, batch: str) -> Manifest | None:
        """The live batch of this id, whatever its input."""
        return self._first(f"{METADATA}/*/{batch}.json")

    def _first(self, pattern: str) -> Manifest | None:
        for name in self.storage.glob(pattern):
            return parse_manifest(self.storage.url(name), self.storage.read(name))
        return None

    def replays_of(self, manifest: Manifest) -> list[Manifest]:
        """Live replays of a batch, in the order in which they were made."""
        found = [m for m in self.manifests(manifest.input) if m.replay_of == manifest.batch_id]
        return sorted(found, key=lambda m: (m.delivery, m.batch_id))

    def next_replay(self, manifest: Manifest, mapping: str | None) -> tuple[str, int]:
        """Batch id and number of the next replay of a batch: a function of that batch, not of the day."""
        delivery = 0
        while True:
            batch = batch_id(manifest.input, mapping, f"replay of {manifest.batch_id}", delivery)
            taken = (self.manifest_name(manifest.input, batch), self.withdrawn_name(manifest.input, batch))
            if not any(self.storage.exists(name) for name in taken):
                return batch, delivery
            delivery += 1

    def next_delivery(self, input_name: str, mapping: str | None, content: str, again: bool) -> tuple[str, int, bool]:
        """Which batch this content is now: (batch_id, delivery, already landed).

        A withdrawn delivery is passed over; a live one is the answer unless `again` asks for one more.
        """
        delivery = 0
        while True:
            batch = batch_id(input_name, mapping, content, delivery)
            live = self.storage.exists(self.manifest_name(input_name, batch))
            if live and not again:
                return batch, delivery, True
            if not live and not self.storage.exists(self.withdrawn_name(input_name, batch)):
                return batch, delivery, False
            delivery += 1

    # --- writing -------------------------------------------------------------------------------
    def place(self, draft: Path, name: str) -> None:
        """Give a finished data file, written where `storage.draft` said, its name."""
        steps.on_step("rename")
        self.storage.place(draft, name)

    def publish(self, manifest: Manifest) -> bool:
        """Make the batch exist. False when somebody else published the same id first."""
        manifest.check()
        done = self.storage.create(self.manifest_name(manifest.input, manifest.batch_id), manifest.line().encode())
        if done:
            steps.on_step("published")
        return done

    def remove_leftovers(self, input_name: str, batch: str) -> list[str]:
        """Delete what an earlier attempt of this batch left, under any date. Refuses a live batch."""
        if self.storage.exists(self.manifest_name(input_name, batch)):
            raise ZoneError(f"batch {batch} of {input_name} is live; its files are not leftovers")
        patterns = [f"{area}/{input_name}/arrival_date=*/{batch}-*" for area in (RAW, QUARANTINE)]
        patterns.append(f"{METADATA}/{input_name}/.{batch}.json.*")
        removed = [name for pattern in patterns for name in self.storage.glob(pattern)]
        for name in removed:
            self.storage.remove(name)
        return removed

    def withdraw(self, batch: str) -> list[Manifest]:
        """Take a batch, and the replays of it, out of the zone: manifest first, then files.

        Safe to repeat after a crash. Raises ZoneError for an id that was never landed.
        """
        manifest = self.find(batch)
        if manifest is None:
            return [self._finish_withdrawal(batch)]
        gone = []
        for one in [*reversed(self.replays_of(manifest)), manifest]:
            steps.on_step("withdraw")
            mark = replace(one, withdrawn=True).line().encode()
            self.storage.create(self.withdrawn_name(one.input, one.batch_id), mark)
            self.storage.remove(self.manifest_name(one.input, one.batch_id))
            steps.on_step("withdrawn")
            self.remove_leftovers(one.input, one.batch_id)
            gone.append(one)
        return gone

    def _finish_withdrawal(self, batch: str) -> Manifest:
        manifest = self._first(f"{METADATA}/*/{WITHDRAWN}/{batch}.json")
        if manifest is None:
            raise ZoneError(f"no batch {batch} in {self.root}; `media status --batches` lists them")
        self.remove_leftovers(manifest.input, batch)
        return manifest

    def lock(
        self, waiting: Callable[[], None] = lambda: None, name: str = LOCK, *, refuse: bool = False
    ) -> AbstractContextManager[None]:
        """One holder of `name` at a time. Waits for the other; calls `waiting` once before it does.

        refuse: StorageError instead of waiting for a holder that lives. Whoever chooses batch ids by what the zone
        holds takes the zone's own lock; a stream, whose ids are its own, takes one that nobody else asks for.
        """
        return self.storage.lock(waiting, name, refuse=refuse)
