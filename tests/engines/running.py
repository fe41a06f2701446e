"""dbt on a local engine, in this process and parsed once, and raw zones uploaded to the engines' S3."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt_common.events.base_types import EventMsg

from ingestion.zone import Zone
from tests.convergence.engine import Batch, write_batch
from tests.engines.base import CHECKOUT

#: KPIs that tell of what landed and of single events, so they are made beside the raw zone and not from marts alone.
BESIDE_RAW = ("kpi_data_quality_daily", "kpi_event_mix_daily")


class Dbt:
    """dbt with one target. `environment` leads to the engine; what parsing reads of it stays as it was at the start."""

    def __init__(self, target: str, environment: Mapping[str, str], folder: Path) -> None:
        self.environment = dict(environment)
        self.options = [
            "--project-dir", str(CHECKOUT), "--profiles-dir", str(CHECKOUT / "profiles"), "--target", target,
            "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"), "--no-use-colors",
            "--no-version-check", "--quiet",
        ]  # fmt: skip
        parsed = self._invoke(dbtRunner(), ["parse"], {})
        assert parsed.success, parsed.exception
        self.manifest = parsed.result

    def _invoke(self, runner: dbtRunner, words: Sequence[str], environment: Mapping[str, str]) -> dbtRunnerResult:
        with mock.patch.dict(os.environ, {**self.environment, **environment}):
            return runner.invoke([*words, *self.options])

    def try_to(self, *words: str, **environment: str) -> str:
        """Run a command; empty if it went well, else what it complained about."""
        told: list[str] = []
        runner = dbtRunner(manifest=self.manifest, callbacks=[lambda event: told.append(complaint(event))])
        done = self._invoke(runner, words, environment)
        return "" if done.success else f"{done.exception or ''} {' '.join(filter(None, told))}"

    def __call__(self, *words: str, **environment: str) -> None:
        """Run a command that has to succeed."""
        assert self.try_to(*words, **environment) == ""

    def command(self, *words: str, module: str = "dbt.cli.main") -> list[str]:
        """The command line of a process of its own, which `module` runs."""
        return [sys.executable, "-m", module, *words, *self.options]


@contextmanager
def apart(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A command in a process of its own, killed at the end of the block if it still runs."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, cwd=CHECKOUT, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def complaint(event: EventMsg) -> str:
    """The text of an event that is an error, else nothing."""
    return str(event.info.msg) if event.info.level == "error" else ""


def land(folder: Path, batches: Sequence[Batch], environment: Mapping[str, str]) -> None:
    """Write batches into the zone at `folder` and bring the whole of it to MEDIA_RAW."""
    folder.mkdir(parents=True, exist_ok=True)
    for batch in batches:
        write_batch(Zone(folder), batch)
    upload(folder, environment)


def upload(folder: Path, environment: Mapping[str, str]) -> None:
    """Put every file below `folder` to MEDIA_RAW."""
    bucket, _, prefix = environment["MEDIA_RAW"].removeprefix("s3://").partition("/")
    client = s3(environment)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        client.upload_file(str(path), bucket, f"{prefix}/{path.relative_to(folder).as_posix()}")


def s3(environment: Mapping[str, str]) -> Any:
    """boto3's client of the engines' S3."""
    import boto3

    return boto3.client(
        "s3", endpoint_url=environment["AWS_ENDPOINT_URL"], region_name=environment["AWS_REGION"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )  # fmt: skip
