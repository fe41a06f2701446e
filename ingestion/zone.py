"""The raw zone: paths, batch ids, manifests, and the protocol that makes a batch exist.

    raw/<input>/arrival_date=YYYY-MM-DD/<batch_id>-<n>.parquet           accepted rows
    quarantine/<input>/arrival_date=YYYY-MM-DD/<batch_id>-<n>.parquet    refused rows
    quarantine/<input>/arrival_date=YYYY-MM-DD/<batch_id>-file.<suffix>  a file refused whole
    processing-metadata/<input>/<batch_id>.json                          the manifest, one line
    processing-metadata/<input>/withdrawn/<batch_id>.json                the manifest of a withdrawn batch

A batch exists when its manifest does. Data files are written first, each under a temporary
name in its own folder and then renamed; the manifest comes last and exclusively. A file
without a manifest is a leftover that nobody reads; the next attempt of the same batch
removes it, under whatever date it lies.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path

RAW, QUARANTINE, METADATA, WITHDRAWN = "raw", "quarantine", "processing-metadata", "withdrawn"
TEMPORARY = ".tmp"


def _no_hook(step: str) -> None:
    """Default of `on_step`: do nothing."""


#: Called with a step's name just before it happens; crash tests replace it to die there.
on_step: Callable[[str], None] = _no_hook


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
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")) + "\n"


def read_manifest(path: Path) -> Manifest:
    """Parse a manifest; keys that a newer version added are ignored. Raises ZoneError naming the file."""
    known = {f.name for f in fields(Manifest)}
    try:
        return Manifest(**{k: v for k, v in json.loads(path.read_text(encoding="utf-8")).items() if k in known})
    except (ValueError, TypeError, AttributeError) as error:
        raise ZoneError(f"{path}: not a manifest ({error})") from error


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
    """The folders under one root. Everything here touches the disk; nothing here knows a contract."""

    def __init__(self, root: Path) -> None:
        self.root = root

    # --- paths ---------------------------------------------------------------------------------
    def folder(self, area: str, input_name: str, arrived_at: datetime) -> Path:
        """Folder of a batch's files in `raw` or `quarantine`."""
        return self.root / area / input_name / f"arrival_date={arrived_at.astimezone(UTC):%Y-%m-%d}"

    def manifest_path(self, input_name: str, batch: str) -> Path:
        return self.root / METADATA / input_name / f"{batch}.json"

    def withdrawn_path(self, input_name: str, batch: str) -> Path:
        return self.root / METADATA / input_name / WITHDRAWN / f"{batch}.json"

    def relative(self, path: Path) -> str:
        """Path as the manifest writes it: from the root, with forward slashes."""
        return path.relative_to(self.root).as_posix()

    # --- reading -------------------------------------------------------------------------------
    def manifests(self, input_name: str | None = None) -> Iterator[Manifest]:
        """Every live batch, by input and id."""
        for path in sorted((self.root / METADATA).glob(f"{input_name or '*'}/*.json")):
            yield read_manifest(path)

    def find(self, batch: str) -> Manifest | None:
        """The live batch of this id, whatever its input."""
        for path in (self.root / METADATA).glob(f"*/{batch}.json"):
            return read_manifest(path)
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
            taken = (self.manifest_path(manifest.input, batch), self.withdrawn_path(manifest.input, batch))
            if not any(path.exists() for path in taken):
                return batch, delivery
            delivery += 1

    def next_delivery(self, input_name: str, mapping: str | None, content: str, again: bool) -> tuple[str, int, bool]:
        """Which batch this content is now: (batch_id, delivery, already landed).

        A withdrawn delivery is passed over; a live one is the answer unless `again` asks for one more.
        """
        delivery = 0
        while True:
            batch = batch_id(input_name, mapping, content, delivery)
            live = self.manifest_path(input_name, batch).exists()
            if live and not again:
                return batch, delivery, True
            if not live and not self.withdrawn_path(input_name, batch).exists():
                return batch, delivery, False
            delivery += 1

    # --- writing -------------------------------------------------------------------------------
    def place(self, temporary: Path, final: Path) -> None:
        """Give a finished data file its name, durably."""
        _sync(temporary)
        on_step("rename")
        temporary.replace(final)
        _sync(final.parent)

    def publish(self, manifest: Manifest) -> bool:
        """Make the batch exist. False when somebody else published the same id first."""
        manifest.check()
        path = self.manifest_path(manifest.input, manifest.batch_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
        temporary.write_text(manifest.line(), encoding="utf-8")
        _sync(temporary)
        on_step("publish")
        try:
            os.link(temporary, path)  # link, unlike rename, refuses an existing name
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
        _sync(path.parent)
        on_step("published")
        return True

    def remove_leftovers(self, input_name: str, batch: str) -> list[Path]:
        """Delete what an earlier attempt of this batch left, under any date. Refuses a live batch."""
        if self.manifest_path(input_name, batch).exists():
            raise ZoneError(f"batch {batch} of {input_name} is live; its files are not leftovers")
        removed = []
        for area in (RAW, QUARANTINE):
            for path in (self.root / area / input_name).glob(f"arrival_date=*/{batch}-*"):
                path.unlink()
                removed.append(path)
        for path in (self.root / METADATA / input_name).glob(f".{batch}.json.*{TEMPORARY}"):
            path.unlink()
            removed.append(path)
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
            target = self.withdrawn_path(one.input, one.batch_id)
            target.parent.mkdir(parents=True, exist_ok=True)
            on_step("withdraw")
            self.manifest_path(one.input, one.batch_id).replace(target)
            on_step("withdrawn")
            self.remove_leftovers(one.input, one.batch_id)
            gone.append(one)
        return gone

    def _finish_withdrawal(self, batch: str) -> Manifest:
        for path in (self.root / METADATA).glob(f"*/{WITHDRAWN}/{batch}.json"):
            manifest = read_manifest(path)
            self.remove_leftovers(manifest.input, batch)
            return manifest
        raise ZoneError(f"no batch {batch} under {self.root / METADATA}; `media status --batches` lists them")

    @contextmanager
    def lock(self, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """One writer at a time. Waits for the other; calls `waiting` once before it does.

        The kernel releases the lock when the holder dies, so a killed landing blocks nobody.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("a", encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _sync(path: Path) -> None:
    """Flush a file or a folder to the disk, so that a manifest never outlives its data."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems cannot sync a folder
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
