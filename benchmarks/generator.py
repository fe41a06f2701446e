"""The generator: events per second and peak memory, in memory and as files.

`python -m benchmarks.generator JOB.json` is the process that is measured, one for each way.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.measure import PYTHON, Cost, measured, run, surroundings
from benchmarks.report import Part, console, show
from benchmarks.sizes import Sizes
from ingestion.generate.plan import EVENT_INPUTS, Plan
from ingestion.generate.run import generate_all

DAYS, TRACKS, ROWS_PER_ACCOUNT = 10, 20_000, 4.3
MEMORY = "in memory"
COLUMNAR, TEXT = 3_000_000, 150_000
#: Least events per CPU second: the generator uses one core, so on an idle machine this is the speed by the clock too.
#: The limit of columns holds for what is in memory; compressing Parquet costs more than making it.
LEAST = {MEMORY: COLUMNAR, "parquet": None, "csv": TEXT, "ndjson": TEXT}


def measure(home: Path, sizes: Sizes) -> Part:
    """Each way in a process of its own."""
    part = Part("generator", sizes.verdict)
    rows = []
    for kind, least in LEAST.items():
        wanted = sizes.text_rows if least == TEXT else sizes.generator_rows
        with console.status(f"generating: {kind}"):
            events, cost = generated(home, kind, wanted)
        speed = events / cost.wall_seconds
        rows.append((kind, events, cost.cpu_seconds, round(events / cost.cpu_seconds), round(speed), cost.peak_mb))
        part.figures[kind] = {"events": events, "events_per_cpu_second": events / cost.cpu_seconds, **asdict(cost)}
    columns = ("", "events", "CPU s", "events per CPU s", "events per second", "peak MB")
    show("Generator, a process for each, all inputs but no truth; Python's start left out", columns, rows)
    for kind, _, _, speed, _, _ in rows:
        if least := LEAST[kind]:
            part.claim(f"{kind}: {speed:,} events per CPU second, at least {least:,}", speed >= least)
    return part


def generated(home: Path, kind: str, wanted: int) -> tuple[int, Cost]:
    """Events and what they cost."""
    job, result, folder = home / "job.json", home / "result.json", home / "generated"
    accounts = max(1, round(wanted / DAYS / ROWS_PER_ACCOUNT))
    job.write_text(json.dumps({"kind": kind, "accounts": accounts, "folder": str(folder), "result": str(result)}))
    run([PYTHON, "-m", "benchmarks.generator", job], surroundings(home), home / "log.txt")
    shutil.rmtree(folder, ignore_errors=True)
    found = json.loads(result.read_text(encoding="utf-8"))
    return found["events"], Cost(**found["cost"])


def main() -> None:
    """Generate as the job says; events and cost into the file that it names."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    plan = Plan(days=DAYS, accounts=job["accounts"], tracks=TRACKS)
    with measured() as cost:
        if job["kind"] == MEMORY:
            events = sum(
                batch.num_rows for name in EVENT_INPUTS for day in range(DAYS) for batch in plan.batches(name, day)
            )
        else:
            summary = generate_all(plan, Path(job["folder"]), job["kind"], with_truth=False)
            events = sum(summary.rows[name] for name in EVENT_INPUTS)
    Path(job["result"]).write_text(json.dumps({"events": events, "cost": asdict(cost)}), encoding="utf-8")


if __name__ == "__main__":
    main()
