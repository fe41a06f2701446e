"""kill -9 at any moment of a build: one rerun gives what an undisturbed warehouse gives."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.convergence.engine import Warehouse, differences
from tests.convergence.history import history

KILLS = int(os.environ.get("CONVERGENCE_KILLS", "20"))
BUILD = ["build", "--exclude", "resource_type:unit_test"]  # unit tests read nothing that is built


def build_and_kill(warehouse: Warehouse, seconds: float) -> bool:
    """Build in a forked process and kill it after so many seconds; whether it was still running."""
    warehouse.close()
    child = os.fork()
    if child == 0:
        try:
            warehouse.dbt(*BUILD, check=False)
        finally:
            os._exit(0)  # neither pytest's nor DuckDB's clean-up is ours to run here
    time.sleep(seconds)
    running = os.waitpid(child, os.WNOHANG) == (0, 0)
    if running:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return running


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kills_and_one_rerun_each(tmp_path: Path) -> None:
    r = random.Random(20)
    batches = history(20, size=60)
    size = -(-len(batches) // KILLS)
    calm, disturbed = Warehouse(tmp_path / "calm"), Warehouse(tmp_path / "disturbed")
    calm.land(batches)
    started = time.perf_counter()
    calm.dbt(*BUILD)
    one_build_seconds = time.perf_counter() - started
    want = calm.results()
    killed = 0
    for number in range(KILLS):
        disturbed.land(batches[number * size : (number + 1) * size])
        killed += build_and_kill(disturbed, r.uniform(0.05, 0.9) * one_build_seconds)
        disturbed.dbt("run", "--exclude", "config.materialized:view", "dim_date")
    disturbed.dbt(*BUILD)
    found = differences(disturbed.results(), want)
    assert not found, "\n".join(found)
    assert killed >= KILLS / 2, f"only {killed} of {KILLS} builds were still running when they were killed"
