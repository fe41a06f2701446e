"""Snowflake as a sink: the loader of `dbt build`, run by itself whenever batches have landed in the raw zone.

There is one loader and one ledger: `dbt run-operation load_raw` copies the files that manifests list, and what it
copied and its ledger rows are one transaction. So Snowflake gets each batch once, in the state in which it lies in S3,
whatever dies; and while Snowflake does not answer, the raw zone goes on and the loader catches up.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from ingestion import steps
from ingestion.settings import Settings, project_root
from ingestion.storage import S3_SCHEME
from streaming.metrics import Metrics, log
from streaming.settings import StreamError

#: Pauses between tries while Snowflake does not take a load, in seconds; the last one repeats.
PAUSES_SECONDS = (2.0, 5.0, 15.0, 60.0)
LAST_WORDS = 600


class SnowflakeSink:
    """A thread that loads what has landed. Batches that land meanwhile are loaded together by the next load."""

    def __init__(self, settings: Settings, every_seconds: float, metrics: Metrics) -> None:
        if not str(settings.raw).startswith(S3_SCHEME):
            raise StreamError(f"--sink snowflake: Snowflake loads from S3, but MEDIA_RAW is {settings.raw}")
        self._settings, self._every, self._metrics = settings, every_seconds, metrics
        # What an earlier run landed and did not load is due at once.
        self._due, self._ended = threading.Event(), threading.Event()
        self._due.set()
        self._thread = threading.Thread(target=self._keep, name="snowflake", daemon=True)

    def start(self) -> None:
        """Begin to load."""
        self._thread.start()

    def landed(self) -> None:
        """A batch has landed."""
        self._due.set()

    def close(self) -> None:
        """Load what is left, once. StreamError when that fails; nothing is lost by it."""
        self._ended.set()
        self._thread.join()
        if self._due.is_set() and (problem := self._load()):
            raise StreamError(
                f"the last batches are in {self._settings.raw}, but not yet in Snowflake: the next run or `dbt build` "
                f"loads them ({problem})"
            )

    def _keep(self) -> None:
        failures = 0
        while not self._ended.is_set():
            if not self._due.wait(0.5):
                continue
            failures = failures + 1 if self._load() else 0
            pause = PAUSES_SECONDS[min(failures, len(PAUSES_SECONDS)) - 1] if failures else self._every
            self._ended.wait(pause)

    def _load(self) -> str:
        """One load: empty if it went well, else the end of what dbt said."""
        self._due.clear()
        started = time.monotonic()
        steps.on_step("load")
        done = subprocess.run(
            load_command(self._settings.home / "stream-dbt"), cwd=project_root(), text=True,
            env={**os.environ, "MEDIA_RAW": str(self._settings.raw)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        steps.on_step("loaded")
        seconds = time.monotonic() - started
        if done.returncode == 0:
            self._metrics.loaded(seconds)
            return ""
        self._due.set()
        problem = f"exit code {done.returncode} {' '.join(done.stdout.split())[-LAST_WORDS:]}".strip()
        log("load_failed", sink="snowflake", seconds=round(seconds, 3), problem=problem)
        return problem


def load_command(folder: Path) -> list[str]:
    """dbt's loader alone, with its parsed project in `folder`."""
    profiles = project_root() / "profiles"
    return [
        sys.executable, "-m", "dbt.cli.main", "run-operation", "load_raw", "--target", "snowflake",
        "--profiles-dir", str(profiles), "--target-path", str(folder / "target"), "--log-path", str(folder / "logs"),
        "--no-use-colors", "--no-version-check", "--quiet",
    ]  # fmt: skip
