"""What the raw zone asks of the place where it lies. Names are relative to its root, with forward slashes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import duckdb

#: The lock of the zone as a whole.
LOCK = ".lock"


class StorageError(OSError):
    """The storage refuses or does not answer; the message names the place and says what to do."""


class UnreachableError(StorageError):
    """No bucket can be reached: no credentials, refused ones, or no answer."""


class Storage(Protocol):
    """A place for files that are written once. Every method raises OSError (StorageError on S3) when it fails."""

    @property
    def root(self) -> Path | str:
        """The folder, or s3://bucket/prefix."""

    def url(self, name: str) -> str:
        """What DuckDB reads the file by, on a connection that went through `prepare`."""

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Enable a connection of DuckDB to read here."""

    def glob(self, pattern: str) -> list[str]:
        """Files whose name matches, segment by segment, in order of name."""

    def exists(self, name: str) -> bool:
        """Is there a file of this name?"""

    def read(self, name: str) -> bytes:
        """The content of a small file."""

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        """The contents of many small files, in this order."""

    def fetch(self, name: str, folder: Path) -> Path:
        """The file as one on this machine's disk: itself, or a copy in `folder`."""

    def draft(self, name: str, folder: Path) -> Path:
        """Where to write what `place` will give this name. `folder` is there for what is thrown away."""

    def place(self, draft: Path, name: str) -> None:
        """Give a finished draft its name: whole, durable, or not at all. Replaces what stood there."""

    def create(self, name: str, content: bytes) -> bool:
        """Make a small file unless one of this name stands: False then. Only one of several callers succeeds."""

    def remove(self, name: str) -> None:
        """Delete a file."""

    def lock(
        self, waiting: Callable[[], None], name: str = LOCK, *, refuse: bool = False
    ) -> AbstractContextManager[None]:
        """One holder of `name` at a time. Waits for the other, and calls `waiting` once before it does.

        refuse: StorageError instead of waiting for a holder that lives.
        """
