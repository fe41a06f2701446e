"""Landings and builds in one process that has parsed the project.

`python -m benchmarks.warm HOME` reads a step from each line of its input and answers with a line; `Helper` is the
other end. So the same step can be asked of several processes in turn, and what else the machine does meets them alike.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections import defaultdict
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg

from benchmarks.measure import LAUNCH, PYTHON, BenchmarkError, dbt_options, end_of, measured, surroundings
from ingestion.lander import land as lander
from ingestion.settings import CHECKOUT, load_settings


class Helper:
    """A process with a warm dbt for one home."""

    def __init__(self, home: Path) -> None:
        self.log = home / "warm.txt"
        words = [*LAUNCH, str(home / "warm.json"), PYTHON, "-m", "benchmarks.warm", str(home)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                words, cwd=CHECKOUT, env={**os.environ, **surroundings(home)}, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip

    def do(self, step: dict[str, Any]) -> dict[str, Any]:
        """One step, and what it cost. BenchmarkError if the process ended."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(step) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise BenchmarkError(f"{step['name']}: the process ended\n{end_of(self.log)}")
        done: dict[str, Any] = json.loads(answer)
        return done

    def close(self) -> None:
        """No more steps; waits for the end."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


class NodeClock:
    """CPU seconds of this process between the start and the end of each node (one dbt thread: one node at a time)."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._started: dict[str, float] = {}

    def __call__(self, event: EventMsg) -> None:
        """Called by dbt for every event."""
        if event.info.name in ("NodeStart", "NodeFinished"):
            usage = resource.getrusage(resource.RUSAGE_SELF)
            now, node = usage.ru_utime + usage.ru_stime, event.data.node_info.unique_id
            if event.info.name == "NodeStart":
                self._started[node] = now
            elif node in self._started:
                self.seconds[node] += now - self._started.pop(node)


class Warm:
    """dbt with the project parsed once."""

    def __init__(self, home: Path) -> None:
        self.options = [*dbt_options(home), "--quiet", "--no-write-json"]
        parsed = dbtRunner().invoke(["parse", *self.options])
        if not isinstance(parsed.result, Manifest):
            raise BenchmarkError(f"dbt parse: {parsed.exception}")
        self.manifest = parsed.result

    def build(self) -> dict[str, float]:
        """`dbt build`; CPU seconds by node. BenchmarkError, naming the nodes, if one fails."""
        clock = NodeClock()
        done = dbtRunner(manifest=self.manifest, callbacks=[clock]).invoke(["build", *self.options])
        if not done.success:
            nodes = getattr(done.result, "results", None) or []
            failed = [f"{n.node.name}: {n.message}" for n in nodes if n.status in ("error", "fail")]
            raise BenchmarkError(f"dbt build: {done.exception or ''} {failed}")
        return dict(clock.seconds)


def land(files: list[str], arrived_at: str) -> int:
    """Land files with default settings; the accepted rows. BenchmarkError if a file failed or a row was refused."""
    options = lander.Options(arrived_at=datetime.fromisoformat(arrived_at))
    rows = 0
    for outcome in lander.land(load_settings(), [Path(file) for file in files], options):
        if outcome.status != lander.LANDED or outcome.manifest is None or outcome.manifest.rows_quarantined:
            raise BenchmarkError(f"{outcome.path}: {outcome.status} {outcome.message}")
        rows += outcome.manifest.rows_accepted
    return rows


def done(warm: Warm, step: dict[str, Any]) -> dict[str, Any]:
    """Land the step's files, if it has any, and build."""
    with measured() as landing:
        rows = land(step["files"], step["arrived_at"]) if step["files"] else 0
    with measured() as building:
        nodes = warm.build()
    return {
        "name": step["name"],
        "rows": rows,
        "land": asdict(landing),
        "build": asdict(building),
        "cpu_seconds_by_node": nodes,
    }


def main() -> None:
    """Answer until the input ends. What libraries print goes to the error output, between lines of answers."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    warm = Warm(Path(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(done(warm, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
