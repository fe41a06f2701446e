"""On the PYTHONPATH of a job that a test kills: every Python of it, workers of Spark too, looks here when it starts.

DIE_AT=step:n kills the whole job, Java included, at the n-th time that a process comes to this step.
DIE_AT=sql:text kills it when its loader is about to send Snowflake a statement that contains the text (lower case).
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from ingestion import steps

WHERE, GROUP = "DIE_AT", "DIE_GROUP"


def _kill_all() -> None:
    os.killpg(int(os.environ[GROUP]), signal.SIGKILL)
    os.killpg(0, signal.SIGKILL)  # Spark's workers have a group of their own


def _at_step(wanted: str, times: int) -> None:
    left = times

    def die(step: str) -> None:
        nonlocal left
        left -= step == wanted
        if step == wanted and left == 0:
            _kill_all()

    steps.on_step = die


def _before_sql(text: str) -> None:
    from snowflake.connector.cursor import SnowflakeCursor

    original = SnowflakeCursor.execute

    def execute(self: SnowflakeCursor, command: str, *args: Any, **kwargs: Any) -> Any:
        if text in " ".join(command.lower().split()):
            _kill_all()
        return original(self, command, *args, **kwargs)

    SnowflakeCursor.execute = execute  # type: ignore[method-assign]


def _arm(where: str) -> None:
    # The first process is the leader of the group; Java and the workers inherit its number.
    os.environ.setdefault(GROUP, str(os.getpid()))
    wanted, _, detail = where.partition(":")
    if wanted != "sql":
        _at_step(wanted, int(detail or 1))
    elif "load_raw" in sys.orig_argv:
        _before_sql(detail)


if os.environ.get(WHERE):
    _arm(os.environ[WHERE])
