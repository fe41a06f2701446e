"""Where the raw zone lies: a folder, or a bucket of S3 or of anything that speaks its protocol."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from ingestion.storage.base import LOCK, Storage, StorageError, UnreachableError
from ingestion.storage.local import Local

S3_SCHEME = "s3://"

__all__ = [
    "LOCK",
    "S3_SCHEME",
    "Local",
    "Storage",
    "StorageError",
    "UnreachableError",
    "boto3_wanted",
    "enable_s3",
    "open_storage",
]


def open_storage(root: Path | str) -> Storage:
    """The storage of a zone: a folder's path, or the text s3://bucket/prefix. StorageError where boto3 is missing."""
    if not str(root).startswith(S3_SCHEME):
        return Local(Path(root))
    with boto3_wanted():
        from ingestion.storage.s3 import S3
    return S3(str(root))


def enable_s3(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a connection of DuckDB read and write s3:// by the settings of boto3. StorageError without credentials."""
    with boto3_wanted():
        from ingestion.storage import duckdb_s3
    duckdb_s3.enable(connection)


@contextmanager
def boto3_wanted() -> Iterator[None]:
    """Around imports of what needs boto3: StorageError with advice where it is not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        package, _, _ = str(error.name).partition(".")
        hint = "`python3 bootstrap.py install` makes the whole environment"
        raise StorageError(f"s3:// needs the package {package}, which is not installed here; {hint}") from error
