"""Spark's calls to a Kinesis reader in Spark's order, without Spark; and streams to read."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Sequence
from typing import Any

from pyspark import cloudpickle

from streaming.aws import client
from streaming.kinesis_source import KinesisReader

Row = dict[str, Any]


class Query:
    """A query with its checkpoint: offsets planned and committed. A new one over the same checkpoint is a restart."""

    def __init__(self, options: dict[str, str], checkpoint: list[Any] | None = None) -> None:
        self.reader = KinesisReader(options)
        self.planned: list[Any] = [] if checkpoint is None else checkpoint
        if self.planned:
            self.reader.partitions(self.planned[-1], self.planned[-1])

    def plan(self) -> tuple[Any, Any]:
        """The next batch's start and end; the end is written down."""
        start = self.planned[-1] if self.planned else self.reader.initialOffset()
        self.planned.append(json.loads(json.dumps(self.reader.latestOffset())))
        return start, self.planned[-1]

    def rows(self, start: Any, end: Any) -> list[Row]:
        """The rows of a batch, read by tasks that got nothing but what is pickled."""
        found: list[Row] = []
        for partition in self.reader.partitions(copy.deepcopy(start), copy.deepcopy(end)):
            task, its_part = cloudpickle.loads(cloudpickle.dumps((self.reader, partition)))
            for batch in task.read(its_part):
                found += batch.to_pylist()
        return found

    def batch(self) -> list[Row]:
        """Plan, read and commit the next batch."""
        start, end = self.plan()
        found = self.rows(start, end) if start != end else []
        self.reader.commit(end)
        return found

    def until(self, count: int, seconds: float = 30) -> list[list[Row]]:
        """Batches until they hold so many rows."""
        found: list[list[Row]] = []
        deadline = time.monotonic() + seconds
        while sum(map(len, found)) < count and time.monotonic() < deadline:
            found.append(self.batch())
        return found


def numbers(rows: Sequence[Row]) -> list[int]:
    """What `put` wrote."""
    return [json.loads(row["value"])["n"] for row in rows]


def stream(name: str, shards: int) -> str:
    """A new stream that takes records."""
    client("kinesis").create_stream(StreamName=name, ShardCount=shards)
    wait(name)
    return name


def wait(name: str) -> list[dict[str, Any]]:
    """The shards, once the stream has done what it was told."""
    kinesis, deadline = client("kinesis"), time.monotonic() + 30
    while kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return list(kinesis.list_shards(StreamName=name)["Shards"])


def put(name: str, start: int, count: int, keys: int = 20) -> None:
    """Numbered records, those of a key in order."""
    kinesis = client("kinesis")
    for first in range(start, start + count, keys):
        part = range(first, min(first + keys, start + count))
        entries = [{"Data": b'{"n": %d}' % n, "PartitionKey": f"k{n % keys}"} for n in part]
        assert kinesis.put_records(StreamName=name, Records=entries)["FailedRecordCount"] == 0


def assert_each_once_and_in_order(batches: Sequence[Sequence[Row]], count: int) -> None:
    """Every number once, and those of a key in the order of batches, and within a batch and shard."""
    rows = [row for batch in batches for row in batch]
    assert sorted(numbers(rows)) == list(range(count))
    by_key: dict[str, list[int]] = {}
    for row, n in zip(rows, numbers(rows), strict=True):
        by_key.setdefault(row["partition_key"], []).append(n)
    assert all(found == sorted(found) for found in by_key.values())
