"""Run a command against local engines: `python -m tests.engines snowflake -- dbt build --target snowflake`."""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from streaming.jars import JarsError
from tests.engines import aws
from tests.engines.base import EngineError, ended_by_sigterm, stopped_at_end

#: dbt targets, which read the S3 of `aws`; and what stands between a producer and the stream.
NAMES = ("snowflake", "redshift", "athena")
BROKERS = ("kafka", "kinesis")


def main() -> int:
    """Start what was asked for, run the command with its environment, stop everything; the command's exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.engines", description=__doc__)
    parser.add_argument(
        "engines", nargs="+", choices=["aws", *NAMES, *BROKERS], help="aws (S3 and Glue) starts with each of them"
    )
    parser.add_argument("--folder", type=Path, help="logs and data; kept when given, a temporary one otherwise")
    ended_by_sigterm()
    ours, command = split(sys.argv[1:])
    options = parser.parse_args(ours)
    with ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="engines-")))
        try:
            running = stack.enter_context(stopped_at_end(aws.start(folder.resolve() / "aws")))
            environment = dict(running.environment)
            for name in (*NAMES, *BROKERS):
                if name in options.engines:
                    module = importlib.import_module(f"tests.engines.{name}")
                    engine = stack.enter_context(stopped_at_end(module.start(folder.resolve() / name, environment)))
                    environment |= engine.environment
                    print(f"{name}: ready after {engine.seconds_to_start:.1f} s", file=sys.stderr, flush=True)
        except (EngineError, JarsError) as error:
            print(error, file=sys.stderr)
            return 1
        return subprocess.call(command or [os.environ.get("SHELL", "sh")], env={**os.environ, **environment})


def split(words: list[str]) -> tuple[list[str], list[str]]:
    """The words before the first `--`, and the command after it (empty: the user's shell)."""
    at = words.index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


if __name__ == "__main__":
    raise SystemExit(main())
