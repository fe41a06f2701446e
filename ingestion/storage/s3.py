"""The raw zone in a bucket: S3, or any endpoint that speaks its protocol and knows conditional writes."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from ingestion import steps
from ingestion.storage import aws, duckdb_s3
from ingestion.storage.base import LOCK
from ingestion.storage.lease import Lease

#: One PUT for every file below this size, so that a killed upload leaves no part behind; S3 takes 5 GiB at once.
ONE_PUT_BYTES = 4 << 30
WILD = re.compile(r"[*?\[]")


class S3:
    """Objects under s3://bucket/prefix; see `ingestion.storage.base.Storage`."""

    def __init__(self, root: str) -> None:
        self._root = root.rstrip("/")
        self._bucket, _, prefix = self._root.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = aws.s3_client()
        self._lease: Lease | None = None

    @property
    def root(self) -> str:
        return self._root

    def url(self, name: str) -> str:
        return f"{self._root}/{name}"

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        duckdb_s3.enable(connection)

    def glob(self, pattern: str) -> list[str]:
        """One call for each folder that a wildcard opens, sixteen at a time: an object store has no folders to walk."""
        *folders, last = pattern.split("/")
        starts = [""]
        with aws.explained(self._root), ThreadPoolExecutor(aws.CONNECTIONS) as pool:
            for segment in folders:
                if WILD.search(segment):
                    starts = [f for found in pool.map(partial(self._folders, segment), starts) for f in found]
                else:
                    starts = [f"{start}{segment}/" for start in starts]
            return sorted(name for found in pool.map(partial(self._files, last), starts) for name in found)

    def exists(self, name: str) -> bool:
        try:
            self._client.head_object(**self._at(name))
        except ClientError as error:
            if aws.code_of(error) in aws.MISSING:
                return False
            raise aws.explain(error, self.url(name)) from error
        return True

    def read(self, name: str) -> bytes:
        with self._explained(name):
            return bytes(self._client.get_object(**self._at(name))["Body"].read())

    def read_all(self, names: Sequence[str]) -> Iterator[bytes]:
        with ThreadPoolExecutor(aws.CONNECTIONS) as pool:
            yield from pool.map(self.read, names)

    def fetch(self, name: str, folder: Path) -> Path:
        target = folder / Path(name).name
        with self._explained(name):
            self._client.download_file(self._bucket, self._prefix + name, str(target))
        return target

    def draft(self, name: str, folder: Path) -> Path:
        return folder / f"upload-{Path(name).name}"

    def place(self, draft: Path, name: str) -> None:
        one_put = TransferConfig(multipart_threshold=ONE_PUT_BYTES)
        with self._explained(name):
            self._client.upload_file(str(draft), self._bucket, self._prefix + name, Config=one_put)
        draft.unlink()

    def create(self, name: str, content: bytes) -> bool:
        """By a conditional write; not before it is certain that nobody took the zone's lock away meanwhile."""
        if self._lease is not None:
            self._lease.check()
        steps.on_step("publish")
        try:
            self._client.put_object(**self._at(name), Body=content, IfNoneMatch="*")
        except ClientError as error:
            if aws.code_of(error) in aws.LOST_RACE:
                return False
            raise aws.explain(error, self.url(name)) from error
        return True

    def remove(self, name: str) -> None:
        with self._explained(name):
            self._client.delete_object(**self._at(name))

    @contextmanager
    def lock(self, waiting: Callable[[], None], name: str = LOCK, *, refuse: bool = False) -> Iterator[None]:
        """A lease, because no kernel tells when its holder dies: see `ingestion.storage.lease`."""
        with self._explained(name):
            lease = Lease(self._client, self._bucket, self._prefix + name, self._root)
            lease.acquire(waiting, refuse)
        self._lease = lease
        try:
            yield
        finally:
            self._lease = None
            lease.release()

    # --- inside --------------------------------------------------------------------------------
    def _at(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + name}

    @contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        with aws.explained(self.url(name)):
            yield

    def _pages(self, start: str) -> Iterator[dict[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2")
        yield from pages.paginate(Bucket=self._bucket, Prefix=self._prefix + start, Delimiter="/")

    def _folders(self, wanted: str, start: str) -> list[str]:
        literal = WILD.split(wanted)[0]
        found = [one["Prefix"] for page in self._pages(start + literal) for one in page.get("CommonPrefixes", [])]
        names = [prefix.removeprefix(self._prefix) for prefix in found]
        return [name for name in names if fnmatch.fnmatchcase(name.rstrip("/").rpartition("/")[2], wanted)]

    def _files(self, wanted: str, start: str) -> list[str]:
        literal = WILD.split(wanted)[0]
        found = [one["Key"] for page in self._pages(start + literal) for one in page.get("Contents", [])]
        names = [key.removeprefix(self._prefix) for key in found]
        return [name for name in names if fnmatch.fnmatchcase(name.rpartition("/")[2], wanted)]
