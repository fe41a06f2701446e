"""What tests of this engine share: S3, Glue, Trino and the front together, and dbt on them in this process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from unittest import mock

import pytest
from dbt.cli.main import dbtRunner, dbtRunnerResult

from ingestion.zone import METADATA, RAW
from streaming.jars import JarsError
from tests.engines import athena, aws
from tests.engines.athena.client import Client
from tests.engines.base import CHECKOUT, stopped_at_end
from tests.engines.running import apart


@contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """Everything started below `folder`, and the environment that leads there. Without Trino's jars the test skips."""
    with stopped_at_end(aws.start(folder / "aws")) as storage:
        try:
            engine = athena.start(folder / "athena", storage.environment)
        except JarsError as error:
            pytest.skip(f"no jars of Trino: {str(error).splitlines()[0]}")
        with stopped_at_end(engine):
            yield {**storage.environment, **engine.environment}


class Lake:
    """dbt-athena, parsed once, over a raw zone on S3 that mirrors a local folder."""

    def __init__(self, folder: Path, environment: dict[str, str], name: str) -> None:
        self.root = folder / "zone"
        self.name = name
        self.environment = {
            **environment, "MEDIA_SCHEMA": name, "MEDIA_ENV": "dev", "MEDIA_RAW": f"s3://{aws.BUCKET}/{name}",
        }  # fmt: skip
        self.client = Client(self.environment, f"{name}_dev_raw")
        self._options = [
            "--project-dir", str(CHECKOUT), "--profiles-dir", str(CHECKOUT / "profiles"), "--target", "athena",
            "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"), "--no-use-colors",
        ]  # fmt: skip
        self._manifest = self._invoke(dbtRunner(), "parse").result

    def _invoke(self, runner: dbtRunner, *args: str) -> dbtRunnerResult:
        with mock.patch.dict(os.environ, self.environment):
            return runner.invoke([*args, *self._options, "--quiet"])

    def dbt(self, *args: str) -> str:
        """Run a dbt command; what went wrong as text, empty if nothing did."""
        done = self._invoke(dbtRunner(manifest=self._manifest), *args)
        if done.success:
            return ""
        results = getattr(done.result, "results", None) or []
        return f"{done.exception or ''} {[one.message for one in results if one.status in ('error', 'fail')]}"

    def apart(self, *args: str) -> AbstractContextManager[subprocess.Popen[str]]:
        """A dbt command in a process of its own, killed at the end of the block if it still runs."""
        return apart([sys.executable, "-m", "dbt.cli.main", *args, *self._options], self.environment)

    def wait_for_statement(self, *words: str, seen: set[str], patience_seconds: float = 200) -> None:
        """Wait until somebody has sent a statement with all those words, other than those `seen`."""
        end = time.monotonic() + patience_seconds
        while True:
            for identifier in self.client.sent() - seen:
                text = self.client.describe(identifier)["Query"].lower()
                if all(word in text for word in words):
                    return
                seen = seen | {identifier}
            assert time.monotonic() < end, f"nobody has sent a statement with {words}"
            time.sleep(0.05)

    def mirror(self) -> None:
        """Make the raw zone on S3 what the local folder is: new files there, others gone."""
        prefix = f"{self.name}/"
        pages = self.client.s3.get_paginator("list_objects_v2").paginate(Bucket=aws.BUCKET, Prefix=prefix)
        there = {item["Key"] for page in pages for item in page.get("Contents", [])}
        files = [path for top in (RAW, METADATA) for path in (self.root / top).rglob("*") if path.is_file()]
        here = {prefix + path.relative_to(self.root).as_posix(): path for path in files}
        for key in there - set(here):
            self.client.s3.delete_object(Bucket=aws.BUCKET, Key=key)
        for key in set(here) - there:
            self.client.s3.upload_file(str(here[key]), aws.BUCKET, key)
