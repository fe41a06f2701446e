"""What a process costs: wall seconds, CPU seconds, peak resident memory."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingestion.settings import CHECKOUT

PYTHON = sys.executable
DBT = (PYTHON, "-m", "dbt.cli.main")
MEDIA = (PYTHON, "-m", "ingestion.cli")
#: Isolated from everything, so that it stays small.
LAUNCH = (PYTHON, "-I", "-S", str(Path(__file__).with_name("launch.py")))
#: ru_maxrss is in kilobytes on Linux, in bytes on macOS.
RSS_PER_MB = 1e6 if sys.platform == "darwin" else 1e6 / 1024


@dataclass
class Cost:
    """Seconds of the clock, seconds of all cores in user and system mode, megabytes at the highest point."""

    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_mb: float = 0.0


class BenchmarkError(RuntimeError):
    """A step of a benchmark failed; the message ends with what it wrote."""


def run(words: Sequence[str | Path], env: Mapping[str, str], log: Path) -> Cost:
    """Run a process to its end, its output in `log`. BenchmarkError, with the end of the log, if it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    used = log.with_suffix(".used.json")
    command = [*LAUNCH, str(used), *(str(word) for word in words)]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, cwd=CHECKOUT, env={**os.environ, **env}, stdout=output, stderr=output, start_new_session=True
        )
        try:
            code = process.wait()
        except BaseException:  # interrupted: nothing of it may go on writing into a folder that is being removed
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    if code:
        raise BenchmarkError(f"exit code {code}: {' '.join(map(str, words))}\n{end_of(log)}")
    return Cost(**json.loads(used.read_text(encoding="utf-8")))


def end_of(log: Path) -> str:
    """The last lines that a process wrote."""
    return log.read_text(encoding="utf-8", errors="replace")[-3000:]


@contextmanager
def measured() -> Iterator[Cost]:
    """The cost of a block in this process; `peak_mb` is that of the process so far."""
    cost = Cost()
    before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    yield cost
    after = resource.getrusage(resource.RUSAGE_SELF)
    cost.wall_seconds = time.perf_counter() - started
    cost.cpu_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cost.peak_mb = after.ru_maxrss / RSS_PER_MB


def surroundings(home: Path) -> dict[str, str]:
    """The environment of every measured process: all settings at their defaults, everything below `home`."""
    return {
        "MEDIA_HOME": str(home),
        "MEDIA_RAW": str(home),
        "MEDIA_PII_KEY": "",
        "MEDIA_MEMORY_LIMIT": "",
        "MEDIA_THREADS": "",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "0",
    }


def dbt_options(home: Path) -> list[str]:
    """Options of every dbt call: its own target and log folders, the DuckDB profile of the project."""
    return [
        "--project-dir", str(CHECKOUT), "--profiles-dir", str(CHECKOUT / "profiles"), "--target", "duckdb",
        "--target-path", str(home / "target"), "--log-path", str(home / "logs"), "--log-level-file", "none",
        "--no-use-colors", "--no-version-check",
    ]  # fmt: skip
