"""Where table metadata is written: a local folder or an S3 bucket, by the location's scheme."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlparse

from ingestion.storage import S3_SCHEME, boto3_wanted


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
    return S3Files() if address(location).startswith(S3_SCHEME) else LocalFiles()


def address(location: str) -> str:
    """One spelling for each file: Spark writes file:/lake and s3a://bucket where others write file:///lake and s3://."""
    return re.sub(r"^s3[an]://", S3_SCHEME, re.sub(r"^(file:/*|/)", "file:///", location))


def local_path(location: str) -> Path:
    """The path of a location such as file:///lake; nothing in it is escaped."""
    return Path(address(location).removeprefix("file://"))


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
    """Objects of S3, with the address and the credentials of boto3. Errors are StorageError."""

    def __init__(self) -> None:
        with boto3_wanted():
            from ingestion.storage import aws
        self._aws = aws
        self._client = aws.s3_client()

    @staticmethod
    def _at(location: str) -> dict[str, str]:
        parsed = urlparse(location)
        return {"Bucket": parsed.netloc, "Key": parsed.path.lstrip("/")}

    def read(self, location: str) -> bytes:
        """The whole object."""
        with self._aws.explained(location):
            content: bytes = self._client.get_object(**self._at(location))["Body"].read()
        return content

    def write(self, location: str, content: bytes) -> None:
        """Write an object; it appears whole."""
        with self._aws.explained(location):
            self._client.put_object(**self._at(location), Body=content)

    def prepare(self, location: str) -> None:
        """Nothing: S3 has no folders."""

    def list(self, location: str) -> Iterator[Listed]:
        """Every object below a location."""
        at = self._at(f"{location.rstrip('/')}/")
        with self._aws.explained(location):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=at["Bucket"], Prefix=at["Key"])
            for found in (one for page in pages for one in page.get("Contents", [])):
                yield Listed(f"s3://{at['Bucket']}/{found['Key']}", found["Size"], found["LastModified"])

    def delete(self, location: str) -> None:
        """Delete an object; one that is gone already is no error."""
        with self._aws.explained(location):
            self._client.delete_object(**self._at(location))
