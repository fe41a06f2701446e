"""A job with both sinks, over a real Kafka, moto's S3 and Snowflake's stand-in, and what must hold after each run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

from ingestion.settings import CHECKOUT, Settings, load_settings
from ingestion.zone import Manifest, Zone
from tests.engines import aws, gate
from tests.engines import snowflake as stand_in
from tests.engines.base import Engine, stopped_at_end
from tests.engines.gate import Gate
from tests.engines.kafka import Broker
from tests.ingestion.helpers import rows
from tests.streaming.jobs import command, produce, run, surroundings

TOPIC, RAW = "streams", "media.media_dev_raw"
OPTIONS = ("--topic", TOPIC, "--sink", "s3", "--sink", "snowflake", "--load-every", "1", "--max-records", "400")
PATIENCE_SECONDS = 280.0


def listen(number: int) -> bytes:
    """A record of the input `streams` with a user of its own; every tenth is bad."""
    at = f"2026-01-30T10:{number // 60 % 60:02}:{number % 60:02}" if number % 10 else "never"
    return json.dumps({"user_id": f"u{number}", "track_id": "t", "listen_time": at}).encode()


@dataclass
class Both:
    """What was produced, and where it has to be.

    odd: values that were produced beside the listens and belong in quarantine.
    """

    home: Path
    broker: Broker
    storage: Engine
    snowflake: Engine
    gate: Gate
    produced: int = 0
    odd: list[bytes] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """S3, and Snowflake behind its gate."""
        behind = {"SNOWFLAKE_PORT": str(self.gate.port)}
        return {**self.storage.environment, **self.snowflake.environment, **behind}

    @property
    def raw(self) -> str:
        return self.storage.environment["MEDIA_RAW"]

    @property
    def checkpoint(self) -> str:
        return f"s3a://{aws.BUCKET}/checkpoints"

    @property
    def options(self) -> tuple[str, ...]:
        return (*OPTIONS, "--checkpoint", self.checkpoint)

    def put(self, count: int = 500) -> None:
        """Write listens, each other than all before."""
        produce(self.broker, TOPIC, map(listen, range(self.produced, self.produced + count)))
        self.produced += count

    def put_odd(self, *values: bytes) -> None:
        """Write what is no listen."""
        produce(self.broker, TOPIC, values)
        self.odd += values

    def run(self, die: str = "") -> tuple[int, str]:
        """Land what is there: the exit code, and what the job said."""
        with mock.patch.dict(os.environ, self.environment):
            return run(self.home, self.broker, *self.options, "--once", die=die, raw=self.raw)

    @contextmanager
    def running(self) -> Iterator[Callable[[Callable[[str], bool]], None]]:
        """A job until the block ends, then SIGTERM. Gives a function that waits for something in the job's log."""
        log = self.home / "job.log"
        with log.open("wb") as output, mock.patch.dict(os.environ, self.environment):
            job = subprocess.Popen(
                command(*self.options, "--trigger", "1"), cwd=CHECKOUT, stdout=output, stderr=output,
                env=surroundings(self.home, self.broker, raw=self.raw), start_new_session=True,
            )  # fmt: skip

        def wait(what: Callable[[str], bool]) -> None:
            end = time.monotonic() + PATIENCE_SECONDS
            while not what(log.read_text()):
                assert job.poll() is None and time.monotonic() < end, log.read_text()[-3000:]
                time.sleep(0.2)

        try:
            yield wait
            job.send_signal(signal.SIGTERM)
            assert job.wait(PATIENCE_SECONDS) == 0, log.read_text()[-3000:]
        finally:
            if job.poll() is None:
                os.killpg(job.pid, signal.SIGKILL)
            job.wait()

    def settings(self) -> Settings:
        return replace(load_settings(), raw=self.raw)

    def found(self) -> list[Manifest]:
        """The batches in S3."""
        with mock.patch.dict(os.environ, self.environment):
            return list(Zone(self.raw).manifests(TOPIC))

    def check(self) -> dict[str, int]:
        """Each event is in S3 once, and Snowflake has what S3 has; AssertionError if not, else the counts."""
        batches = self.found()
        counts = {
            "produced": self.produced + len(self.odd),
            "accepted": sum(one.rows_accepted for one in batches),
            "duplicate": sum(one.rows_duplicate for one in batches),
            "quarantined": sum(one.rows_quarantined for one in batches),
        }
        assert counts["produced"] == counts["accepted"] + counts["duplicate"] + counts["quarantined"], counts
        with mock.patch.dict(os.environ, self.environment):
            files = [name for one in batches for name in one.files]
            users = Counter(row["user_id"] for row in rows(self.settings(), files, "user_id", "user_id"))
        wanted = Counter(f"u{number}" for number in range(self.produced) if number % 10)
        assert users == wanted, f"lost {wanted - users}, doubled {users - wanted}"
        ledger, loaded, names = in_snowflake(self.snowflake.environment)
        landed = sorted((one.batch_id, one.rows_accepted) for one in batches)
        assert ledger == landed, f"in S3 {landed}, in Snowflake's ledger {ledger}"
        assert loaded == [batch for batch in landed if batch[1]], f"in S3 {landed}, in Snowflake {loaded}"
        assert names == users
        return counts


def in_snowflake(environment: Mapping[str, str]) -> tuple[list[Any], list[Any], Counter[str]]:
    """The ledger, the rows by batch, and the users."""
    with stand_in.connect_to(environment) as connection:
        cursor = connection.cursor()
        ledger = cursor.execute(f"select batch_id, rows_accepted from {RAW}.batch order by batch_id").fetchall()
        rows = f"select batch_id, count(*) from {RAW}.{TOPIC} group by batch_id order by batch_id"
        loaded = cursor.execute(rows).fetchall()
        return ledger, loaded, Counter(user for (user,) in cursor.execute(f"select user_id from {RAW}.{TOPIC}"))


@contextmanager
def both(folder: Path, broker: Broker) -> Iterator[Both]:
    """Everything started, nothing produced."""
    with (
        stopped_at_end(aws.start(folder / "aws")) as storage,
        stopped_at_end(stand_in.start(folder / "snowflake", storage.environment)) as snowflake,
        gate.opened(int(snowflake.environment["SNOWFLAKE_PORT"])) as door,
    ):
        broker.create_topic(TOPIC, 2)
        (folder / "home").mkdir()
        yield Both(folder / "home", broker, storage, snowflake, door)


def naive(folder: Path, broker: Broker, die: str = "") -> tuple[int, str]:
    """The control: an append in foreachBatch of the same topic."""
    words = [sys.executable, "-m", "tests.streaming.naive", broker.servers, TOPIC, str(folder)]
    return run(folder, broker, die=die, words=words)
