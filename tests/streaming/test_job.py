"""A running job: what it tells, who else may run, and how it ends."""

from __future__ import annotations

import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingestion.settings import CHECKOUT
from tests.engines.base import free_port
from tests.engines.kafka import Broker
from tests.ingestion.helpers import manifests, rows, settings_of
from tests.streaming.both import listen
from tests.streaming.jobs import command, events, produce, run, surroundings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("spark")]

TOPIC = ("--topic", "listens=streams")


@contextmanager
def running(home: Path, broker: Broker, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A job and its log; killed at the end if it still runs."""
    log = home / "job.log"
    with log.open("wb") as output:
        job = subprocess.Popen(
            command(*options), cwd=CHECKOUT, env=surroundings(home, broker), stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield job, log
    finally:
        if job.poll() is None:
            job.kill()
        job.wait()


def wait_for(what: Callable[[], bool], job: subprocess.Popen[bytes], log: Path, seconds: float = 150) -> None:
    """Until it is so; the log, if the job ends or the time does first."""
    end = time.monotonic() + seconds
    while not what():
        assert job.poll() is None and time.monotonic() < end, log.read_text()[-3000:]
        time.sleep(0.1)


def landed(log: Path) -> int:
    return sum(event["rows"] for event in events(log.read_text(), "batch"))


def figures(port: int) -> dict[str, float]:
    """What Prometheus would read."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        lines = answer.read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def test_a_life(broker: Broker, tmp_path: Path) -> None:
    """Figures while it runs, a second job refused, a broker lost, SIGTERM amid records, the rest by the next run."""
    broker.create_topic("listens", 2)
    produce(broker, "listens", (listen(i) for i in range(200)))
    port = free_port()
    with running(tmp_path, broker, *TOPIC, "--trigger", "0.5", "--metrics-port", str(port)) as (job, log):
        wait_for(lambda: landed(log) == 200, job, log)
        shards = [f'media_stream_lag_records{{topic="listens",shard="{n}"}}' for n in (0, 1)]
        wait_for(lambda: figures(port).keys() >= set(shards), job, log)
        found = figures(port)
        rows = {
            o: found[f'media_stream_rows_total{{topic="listens",outcome="{o}"}}'] for o in ("accepted", "quarantined")
        }
        assert rows == {"accepted": 180, "quarantined": 20}
        assert [found[shard] for shard in shards] == [0, 0]
        assert abs(found['media_stream_last_commit_timestamp_seconds{topic="listens"}'] - time.time()) < 120
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)

        code, said = run(tmp_path, broker, *TOPIC, "--once")
        assert code == 1
        assert "another job runs on this checkpoint; stop one of them" in said

        broker.kill()  # an outage: the job waits, and goes on where it was
        time.sleep(3)
        broker.start()
        produce(broker, "listens", (listen(i) for i in range(200, 400)))
        wait_for(lambda: landed(log) > 200, job, log)
        produce(broker, "listens", (listen(i) for i in range(400, 2000)))
        job.send_signal(signal.SIGTERM)
        assert job.wait(120) == 0, log.read_text()[-3000:]
        (end,) = events(log.read_text(), "stopped")
        assert sum(end[name] for name in ("accepted", "duplicate", "quarantined")) == landed(log)
    code, said = run(tmp_path, broker, *TOPIC, "--once")
    assert code == 0, said[-3000:]
    assert landed(log) + sum(event["rows"] for event in events(said, "batch")) == 2000
    found_rows = [(one.rows_accepted, one.rows_quarantined) for one in manifests(settings_of(tmp_path))]
    assert [sum(column) for column in zip(*found_rows, strict=True)] == [1800, 200]


def test_repeated_records_are_left_out_across_batches_and_kills(broker: Broker, tmp_path: Path) -> None:
    broker.create_topic("repeated", 2)
    job = ("--topic", "repeated=streams", "--once", "--deduplicate", "60", "--max-records", "150")
    produce(broker, "repeated", [*map(listen, range(100)), *map(listen, range(100))])
    code, said = run(tmp_path, broker, *job, die="commit:1")
    assert code == -9, said[-3000:]
    produce(broker, "repeated", map(listen, range(50, 150)))
    code, said = run(tmp_path, broker, *job)
    assert code == 0, said[-3000:]
    (end,) = events(said, "stopped")
    assert end["repeated"] > 0
    found = manifests(settings_of(tmp_path))
    assert sum(one.rows_read for one in found) == 150
    users = [row["user_id"] for one in found for row in rows(settings_of(tmp_path), one.files, "user_id", "user_id")]
    assert sorted(users) == sorted(f"u{number}" for number in range(150) if number % 10)
