"""What tests do with a running engine: dbt in this process or in one that can be killed, queries, a mirrored zone."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import redshift_connector

from ingestion.zone import METADATA, RAW
from tests.engines.running import Dbt, apart, s3


class Warehouse:
    """dbt's target `redshift` on a local engine; `environment` are the variables of the engine and of S3.

    dbt writes below `folder`, its manifest to `target/`.
    """

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment = environment
        self.dbt = Dbt("redshift", environment, folder)

    def apart(self, *arguments: str) -> AbstractContextManager[subprocess.Popen[str]]:
        """dbt in a process of its own, killed at the end of the block if it still runs."""
        return apart(self.dbt.command(*arguments), self.environment)

    def connect(self) -> redshift_connector.Connection:
        """A connection of its own, each statement of which is a transaction unless one is begun."""
        connection = redshift_connector.connect(
            host=self.environment["REDSHIFT_HOST"], port=int(self.environment["REDSHIFT_PORT"]), ssl=False,
            user=self.environment["REDSHIFT_USER"], password=self.environment["REDSHIFT_PASSWORD"],
            database=self.environment["REDSHIFT_DATABASE"],
        )  # fmt: skip
        connection.autocommit = True
        return connection

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a statement, none if it gives none."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    @contextmanager
    def locked(self, table: str) -> Iterator[None]:
        """Keep everybody else out of a table."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("begin")
            cursor.execute(f"lock table {table}")
            yield
            cursor.execute("rollback")

    def wait_for_lock(self, patience_seconds: float = 200) -> None:
        """Wait until a session of somebody waits for a lock."""
        end = time.monotonic() + patience_seconds
        while not self.query("select 1 from pg_locks where not granted"):
            assert time.monotonic() < end, "nobody waits for the lock"
            time.sleep(0.2)

    def mirror(self, root: Path) -> None:
        """Make the zone on S3 what the folder holds; the folder may be the home of a warehouse too."""
        bucket, _, prefix = self.environment["MEDIA_RAW"].removeprefix("s3://").partition("/")
        client = s3(self.environment)
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix + "/")
        there = {item["Key"] for page in pages for item in page.get("Contents", [])}
        files = [path for area in (RAW, METADATA) for path in (root / area).rglob("*") if path.is_file()]
        wanted = {f"{prefix}/{path.relative_to(root).as_posix()}": path for path in files}
        for key in wanted.keys() - there:
            client.upload_file(str(wanted[key]), bucket, key)
        for key in there - wanted.keys():
            client.delete_object(Bucket=bucket, Key=key)
