"""On the PYTHONPATH of a job that a test kills: every Python of it, workers of Spark too, looks here when it starts.

DIE_AT=step:n kills the whole job, Java included, at the n-th time that a process comes to this step.
"""

from __future__ import annotations

import os
import signal

from ingestion import steps

WHERE, GROUP = "DIE_AT", "DIE_GROUP"


def _arm(where: str) -> None:
    wanted, _, times = where.partition(":")
    left = int(times or 1)
    # The first process is the leader of the group; Java and the workers inherit its number.
    group = int(os.environ.setdefault(GROUP, str(os.getpid())))

    def die(step: str) -> None:
        nonlocal left
        left -= step == wanted
        if step == wanted and left == 0:
            os.killpg(group, signal.SIGKILL)
            os.killpg(0, signal.SIGKILL)  # Spark's workers have a group of their own

    steps.on_step = die


if os.environ.get(WHERE):
    _arm(os.environ[WHERE])
