"""The long table of faults: each a real kill -9 or a real outage, after which nothing is lost and nothing is doubled.

`make chaos` (`python3 bootstrap.py chaos`) runs all of it, `python -m tests.streaming.chaos NAME…` some of it. A cell
puts new events into Kafka, lets its fault happen while the job lands them with both sinks, starts the job again where
it died, and checks everything that was produced since the beginning: produced = accepted + duplicate + quarantined in
S3, by content too, and Snowflake has what S3 has.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest import mock

import boto3
from rich.console import Console
from rich.table import Table

from ingestion.settings import CHECKOUT
from tests.convergence.engine import Warehouse, differences
from tests.engines import aws
from tests.engines.base import ended_by_sigterm
from tests.engines.kafka import running as running_broker
from tests.ingestion.helpers import land, write
from tests.streaming.both import Both, both, listen, naive
from tests.streaming.jobs import events
from tests.streaming.kpis import kpis

#: Where the job is killed: at a step of ours, the n-th time a process comes to it, or before a statement of Snowflake.
KILLS = {
    "a batch is read": "read:1",
    "its rows are checked, in a worker": "staged:1",
    "the second part is checked": "staged:2",
    "before a file is put into S3": "rename:1",
    "between two files": "rename:2",
    "before the manifest": "publish:1",
    "behind the manifest": "published:1",
    "before Spark's commit": "commit:1",
    "behind Spark's commit, the next offsets planned": "read:2",
    "before a load": "load:1",
    "before the ledger's COPY": "sql:copy into media.media_dev_raw.batch",
    "between the ledger's COPY and that of the rows": "sql:copy into media.media_dev_raw.streams_row",
    "before Snowflake's commit": "sql:commit",
    "behind a load": "loaded:1",
}
OUTAGE_SECONDS = 120.0
FILE_BYTES = 4_096


def kill(both: Both, die: str) -> None:
    """kill -9 of the whole job."""
    both.put()
    code, said = both.run(die)
    assert code == -9, f"{die}: the job was not killed\n{said[-2000:]}"


def broker_restart(both: Both) -> None:
    """The broker is killed while the job runs, and comes back."""
    with both.running() as wait:
        both.put()
        wait(lambda log: len(events(log, "batch")) > 0)
        both.broker.kill()
        time.sleep(5)
        both.broker.start()
        both.put()
        wait(lambda log: sum(event["rows"] for event in events(log, "batch")) == 1_000)


def s3_refuses(both: Both) -> None:
    """Every seventh request to S3 is refused, by turns with 500 and with 503 SlowDown, and all wait 50 ms."""
    faults(both, every=7, seconds=0.05)
    try:
        both.put()
        both.run()  # it may give up: then the next run has to go on
    finally:
        faults(both)


def faults(both: Both, **wanted: float) -> None:
    """Tell S3 what is to go wrong; nothing: nothing."""
    file = both.storage.folder / aws.FAULTS_FILE
    if not wanted:
        file.unlink()
        return
    draft = file.with_suffix(".draft")
    draft.write_text(json.dumps(wanted))
    draft.replace(file)


def snowflake_away(both: Both, seconds: float = OUTAGE_SECONDS) -> None:
    """Snowflake refuses connections for two minutes; S3 goes on meanwhile, and the loads catch up."""
    with both.running() as wait:
        both.put()
        wait(lambda log: len(events(log, "loaded")) > 0)
        both.gate.shut()
        began = time.monotonic()
        both.put()
        wait(lambda log: sum(event["rows"] for event in events(log, "batch")) == 1_000)
        wait(lambda log: len(events(log, "load_failed")) > 0)
        time.sleep(max(0.0, seconds - (time.monotonic() - began)))
        both.gate.open()
        wait(lambda log: events(log, "loaded")[-1]["at"] > events(log, "load_failed")[-1]["at"])


def poison(both: Both) -> None:
    """Records that break parsers: they go to quarantine and stop nothing."""
    both.put()
    nested = b"[" * 100_000
    long = b'{"user_id": "' + b"x" * 900_000
    both.put_odd(nested, long, b"\xff\xfe\x00", b'{"user_id": 1}{"user_id": 2}', b"", b'"' + b"\\ud800" * 9 + b'"')


def disk_full(both: Both) -> None:
    """No file of the job may grow beyond 4 kB, so checked rows cannot be kept; then there is room again."""
    both.put()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, before[1]))
    try:
        code, _ = both.run()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert code not in (0, -9), "the job did not notice that it could not write"


def lost_checkpoint(both: Both) -> None:
    """The checkpoint is deleted: the job goes on behind the last batch in S3."""
    with mock.patch.dict("os.environ", both.environment):
        boto3.resource("s3").Bucket(aws.BUCKET).objects.filter(Prefix="checkpoints").delete()
    both.put()


def two_jobs(both: Both) -> None:
    """A second job on the same checkpoint is refused with a clear message, and the first goes on."""
    with both.running() as wait:
        both.put()
        wait(lambda log: len(events(log, "batch")) > 0)
        code, said = both.run()
        assert code == 1, said[-2000:]
        assert "another job runs on this checkpoint; stop one of them" in said


OUTAGES: dict[str, Callable[[Both], None]] = {
    "the broker is killed and comes back": broker_restart,
    "S3 answers 500 and 503 SlowDown": s3_refuses,
    "Snowflake is away for two minutes": snowflake_away,
    "poison records": poison,
    "the disk is full": disk_full,
    "the checkpoint is lost": lost_checkpoint,
    "two jobs on one checkpoint": two_jobs,
}


def cells() -> dict[str, Callable[[Both], None]]:
    """Name -> fault."""
    kills = {f"killed: {name}": _killing(die) for name, die in KILLS.items()}
    return {**kills, **OUTAGES}


def _killing(die: str) -> Callable[[Both], None]:
    return lambda both: kill(both, die)


def recovered(both: Both, fault: Callable[[Both], None]) -> dict[str, int]:
    """Let the fault happen, start the job again, and check everything."""
    fault(both)
    code, said = both.run()
    assert code == 0, said[-2000:]
    return both.check()


def kpis_as_by_files(both: Both, folder: Path) -> None:
    """dbt builds on what the stream landed; its KPIs are those of the same events in a file."""
    lines = [*map(listen, range(both.produced)), *both.odd]
    warehouse = Warehouse(folder / "warehouse", "duckdb")
    empty = warehouse.home / "empty"
    warehouse.keep(empty)
    land(warehouse.settings, write(folder, "streams.ndjson", b"\n".join(lines) + b"\n"), arrived_at=None)
    warehouse.dbt("run")
    by_files = kpis(warehouse)
    for area in ("raw", "quarantine", "processing-metadata"):
        shutil.rmtree(warehouse.zone.root / area, ignore_errors=True)
    with mock.patch.dict("os.environ", both.environment):
        for one in boto3.resource("s3").Bucket(aws.BUCKET).objects.filter(Prefix="zone/"):
            target = Path(warehouse.zone.root) / one.key.removeprefix("zone/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(one.get()["Body"].read())
    warehouse.restore(empty)
    warehouse.dbt("run")
    found = differences(kpis(warehouse), by_files)
    assert not found, "\n".join(found)
    assert by_files["kpi.kpi_hourly"], "a comparison of nothing"
    assert by_files["kpi.kpi_content_daily"], "a comparison of nothing"


def control(both: Both, folder: Path) -> int:
    """How many rows an append in foreachBatch has too many after the death that the job survives."""
    folder.mkdir()
    code, said = naive(folder, both.broker, "commit:1")
    assert code == -9, said[-2000:]
    code, said = naive(folder, both.broker)
    assert code == 0, said[-2000:]
    found = sum(len(path.read_bytes().splitlines()) for path in (folder / "rows").glob("*.txt"))
    return found - both.produced - len([one for one in both.odd if one.strip()])


def resharding() -> None:
    """Kinesis: splits, merges and kills in any order, on an engine that reshards."""
    words = [sys.executable, "-m", "pytest", "-n0", "-q", "tests/streaming/test_kinesis_resharding.py"]
    done = subprocess.run(words, cwd=CHECKOUT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-2000:]


def main(arguments: Sequence[str] | None = None) -> int:
    """0: everything held; 1: something did not."""
    ended_by_sigterm()
    parser = argparse.ArgumentParser(prog="python -m tests.streaming.chaos", description=__doc__)
    parser.add_argument("cells", nargs="*", metavar="words", help="only faults whose name contains one of these")
    parser.add_argument("--folder", help="work here and keep it")
    options = parser.parse_args(arguments)
    words = options.cells or [""]
    chosen = {name: fault for name, fault in cells().items() if any(word in name for word in words)}
    folder = Path(options.folder or tempfile.mkdtemp(prefix="chaos-")).resolve()
    console, held = Console(width=None if Console().is_terminal else 160), True
    table = Table("fault", "seconds", "produced", "accepted", "duplicate", "quarantined", "")

    def cell(name: str, run: Callable[[], dict[str, int] | str | None]) -> None:
        nonlocal held
        started = time.monotonic()
        try:
            counts = run()
            told = counts if isinstance(counts, str) else "nothing lost, nothing doubled, S3 = Snowflake"
            numbers = list(map(str, counts.values())) if isinstance(counts, dict) else [""] * 4
        except (AssertionError, subprocess.TimeoutExpired) as error:
            held, told, numbers = False, f"DOES NOT HOLD: {str(error)[-1500:]}", [""] * 4
        seconds = f"{time.monotonic() - started:.0f}"
        console.print(f"{name}: {seconds} s; {told}", markup=False, highlight=False)
        table.add_row(name, seconds, *numbers, told.partition("\n")[0][:80])

    with running_broker(folder / "kafka") as broker, both(folder, broker) as job:
        for name, fault in chosen.items():
            cell(name, lambda fault=fault: recovered(job, fault))
        cell("KPIs = KPIs of the same events in a file", lambda: kpis_as_by_files(job, folder) or "equal")
        cell("control: append in foreachBatch", lambda: _control_fails(control(job, folder / "naive")))
    if not options.cells:
        cell("Kinesis: splits, merges and kills", lambda: resharding() or "each event once, in order")
    console.print(table)
    if not options.folder:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if held else 1


def _control_fails(doubled: int) -> str:
    assert doubled > 0, "the control held, so the harness proves nothing"
    return f"{doubled} rows doubled, as it must be"


if __name__ == "__main__":
    sys.exit(main())
