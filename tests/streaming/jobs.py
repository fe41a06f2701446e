"""What the tests of the job share: events in a real broker, jobs as processes of their own, and what they landed."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ingestion.settings import CHECKOUT
from tests.engines.kafka import Broker

DYING = CHECKOUT / "tests" / "streaming" / "dying"
TOPICS = ("viewership_logs", "streams", "player_events")
#: The first that an event has is its key, so that versions of one event stay in their order.
KEYS = ("event_id", "session_id", "user_id")


def lines_of(inputs: Path, name: str) -> list[bytes]:
    """The lines of all generated files of an input, in the order in which they would be landed."""
    found: list[bytes] = []
    for path in sorted((inputs / name).iterdir()):
        content = path.read_bytes()
        found += (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines()
    return [line for line in found if line.strip()]


def key_of(line: bytes) -> bytes | None:
    """The key of a record; a broken one has none."""
    try:
        event = json.loads(line)
        return next((str(event[name]).encode() for name in KEYS if event.get(name)), None)
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


def produce(broker: Broker, topic: str, lines: Iterable[bytes]) -> None:
    """Write records and wait until the broker has them all."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": broker.servers, "enable.idempotence": True})
    for line in lines:
        producer.produce(topic, line, key_of(line))
        producer.poll(0)
    assert producer.flush(60) == 0


def command(*options: str) -> list[str]:
    """`media stream run` in this interpreter."""
    return [sys.executable, "-m", "ingestion.cli", "stream", "run", *options]


def surroundings(home: Path, broker: Broker, die: str = "", raw: str = "") -> dict[str, str]:
    """The environment of a job; die: step:n, see `dying`; raw: a zone elsewhere than at home."""
    paths = [str(DYING), str(CHECKOUT)] if die else [str(CHECKOUT)]
    return {
        **os.environ,
        "MEDIA_HOME": str(home),
        "MEDIA_RAW": raw or str(home),
        "MEDIA_KAFKA_SERVERS": broker.servers,
        "PYTHONPATH": os.pathsep.join(paths),
        "DIE_AT": die,
    }


def run(
    home: Path, broker: Broker, *options: str, die: str = "", raw: str = "", words: list[str] | None = None
) -> tuple[int, str]:
    """Run a job to its end: the exit code (-9 for one that was killed) and what it said. words: another command."""
    done = subprocess.run(
        words or command(*options), cwd=CHECKOUT, env=surroundings(home, broker, die, raw), start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=280,
    )  # fmt: skip
    return done.returncode, done.stdout


def events(said: str, name: str) -> list[dict[str, Any]]:
    """The lines of a job's log that report this event; one that is being written is none yet."""
    whole = [line for line in said.splitlines(keepends=True) if line.endswith("\n")]
    found = [json.loads(line) for line in whole if line.startswith("{")]
    return [line for line in found if line["event"] == name]
