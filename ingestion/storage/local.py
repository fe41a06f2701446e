"""The raw zone in a folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from ingestion import steps
from ingestion.storage.base import LOCK, StorageError

TEMPORARY = ".tmp"


class Local:
    """Files under one folder; see `ingestion.storage.base.Storage`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def root(self) -> Path:
        return self._root

    def url(self, name: str) -> str:
        return str(self._root / name)

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Nothing to do: DuckDB reads files."""

    def glob(self, pattern: str) -> list[str]:
        return sorted(path.relative_to(self._root).as_posix() for path in self._root.glob(pattern) if path.is_file())

    def exists(self, name: str) -> bool:
        return (self._root / name).exists()

    def read(self, name: str) -> bytes:
        return (self._root / name).read_bytes()

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        return map(self.read, names)

    def fetch(self, name: str, folder: Path) -> Path:  # noqa: ARG002 - S3 needs it
        return self._root / name

    def draft(self, name: str, folder: Path) -> Path:  # noqa: ARG002 - S3 needs it
        """Beside its final name: a rename is atomic within a file system only."""
        path = self._root / (name + TEMPORARY)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def place(self, draft: Path, name: str) -> None:
        final = self._root / name
        _sync(draft)
        draft.replace(final)
        _sync(final.parent)

    def create(self, name: str, content: bytes) -> bool:
        """A link refuses an existing name, which a rename does not."""
        path = self._root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}{TEMPORARY}")
        temporary.write_bytes(content)
        _sync(temporary)
        steps.on_step("publish")
        try:
            os.link(temporary, path)
        except FileExistsError:
            return False
        finally:
            temporary.unlink()
        _sync(path.parent)
        return True

    def remove(self, name: str) -> None:
        (self._root / name).unlink()

    @contextmanager
    def lock(self, waiting: Callable[[], None], name: str = LOCK, *, refuse: bool = False) -> Iterator[None]:
        """The kernel releases the lock when the holder dies, so a killed landing blocks nobody."""
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / name).open("a", encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if refuse:
                    raise StorageError(f"{self._root / name}: held by another process that runs") from None
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
