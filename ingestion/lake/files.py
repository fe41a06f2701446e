"""Where table metadata is written: a local folder or an S3 bucket, by the location's scheme."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlparse

S3_SCHEMES = ("s3", "s3a", "s3n")


@dataclass(frozen=True)
class Listed:
    """A file below a location: its address as Iceberg writes it, its size, and when it was last changed."""

    location: str
    size_bytes: int
    changed_at: datetime


class Files(Protocol):
    """What catalogue and maintenance do with files."""

    def read(self, location: str) -> bytes: ...

    def write(self, location: str, content: bytes) -> None: ...

    def prepare(self, location: str) -> None: ...

    def list(self, location: str) -> Iterator[Listed]: ...

    def delete(self, location: str) -> None: ...


def files_at(location: str) -> Files:
    """The files under a location such as file:///lake or s3://bucket/lake."""
    return S3Files() if urlparse(location).scheme in S3_SCHEMES else LocalFiles()


def local_path(location: str) -> Path:
    """The path of a location such as file:///lake; nothing in it is escaped."""
    return Path(location.removeprefix("file://"))


class LocalFiles:
    """Files of this machine."""

    def read(self, location: str) -> bytes:
        """The whole file. Raises FileNotFoundError."""
        return local_path(location).read_bytes()

    def write(self, location: str, content: bytes) -> None:
        """Write a file that appears whole and stays when the machine stops."""
        path = local_path(location)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def prepare(self, location: str) -> None:
        """Make the folders of a table: DuckDB writes files, but makes no folders."""
        for part in ("metadata", "data"):
            (local_path(location) / part).mkdir(parents=True, exist_ok=True)

    def list(self, location: str) -> Iterator[Listed]:
        """Every file below a location."""
        for path in sorted(local_path(location).rglob("*")):
            if path.is_file():
                state = path.stat()
                yield Listed(f"file://{path}", state.st_size, datetime.fromtimestamp(state.st_mtime, UTC))

    def delete(self, location: str) -> None:
        """Delete a file; one that is gone already is no error."""
        local_path(location).unlink(missing_ok=True)


class S3Files:
    """Objects of an S3 endpoint; address and credentials from the usual AWS variables."""

    def __init__(self) -> None:
        from pyarrow import fs

        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        self._fs: Any = fs
        self._system: Any = fs.S3FileSystem(endpoint_override=endpoint, region=os.environ.get("AWS_REGION"))

    @staticmethod
    def _key(location: str) -> str:
        parsed = urlparse(location)
        return f"{parsed.netloc}{parsed.path}"

    def read(self, location: str) -> bytes:
        """The whole object. Raises FileNotFoundError."""
        with self._system.open_input_stream(self._key(location)) as stream:
            content: bytes = stream.read()
        return content

    def write(self, location: str, content: bytes) -> None:
        """Write an object; it appears whole."""
        with self._system.open_output_stream(self._key(location)) as stream:
            stream.write(content)

    def prepare(self, location: str) -> None:
        """Nothing: S3 has no folders."""

    def list(self, location: str) -> Iterator[Listed]:
        """Every object below a location."""
        selector = self._fs.FileSelector(self._key(location), allow_not_found=True, recursive=True)
        scheme = urlparse(location).scheme
        for found in self._system.get_file_info(selector):
            if found.type == self._fs.FileType.File:
                yield Listed(f"{scheme}://{found.path}", found.size, found.mtime)

    def delete(self, location: str) -> None:
        """Delete an object; one that is gone already is no error."""
        try:
            self._system.delete_file(self._key(location))
        except FileNotFoundError:
            return
