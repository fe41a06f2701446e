"""The raw zone as the sink of a stream: a micro-batch is a batch of the zone, landed once whatever is killed.

Its id is a function of the checkpoint's query id, the input and the number of the batch, so that another attempt at
the same batch finds what the first one left: files without a manifest, which it removes, or the manifest, and then
there is nothing to do. The protocol is that of `ingestion.zone`; readers cannot tell a stream from the lander.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pyspark.sql import DataFrame, functions

from ingestion import contract as contracts
from ingestion import steps
from ingestion.lander import write
from ingestion.settings import Settings
from ingestion.storage import StorageError
from ingestion.zone import Manifest, Zone, batch_id
from streaming import check, offsets
from streaming.settings import StopRequestedError, StreamError, StreamSettings, Topic

QUERY_ID = "sql.streaming.queryId"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Landed:
    """One finished micro-batch; manifest: None where an earlier attempt had landed it or it had no records."""

    topic: Topic
    number: int
    seconds: float
    manifest: Manifest | None


class RawSink:
    """What foreachBatch calls for one topic. It holds the right to land the query's batches until `close`."""

    def __init__(
        self, settings: Settings, stream: StreamSettings, topic: Topic, landed: Callable[[Landed], None]
    ) -> None:
        self._settings, self._stream, self._topic, self._report = settings, stream, topic, landed
        self._contract = contracts.load(topic.input)
        self._zone = Zone(settings.raw)
        self._columns: set[str] = set()
        self._held = ExitStack()
        self._query = ""
        self.idle = threading.Event()
        self.idle.set()
        self.stopping = threading.Event()

    def __call__(self, frame: DataFrame, number: int) -> None:
        """Land one micro-batch: columns `value` (binary) and `arrived_at` (timestamp of the broker)."""
        if self.stopping.is_set():
            raise StopRequestedError(f"batch {number} of {self._topic.name} is left to the next run")
        self.idle.clear()
        try:
            started = time.monotonic()
            self.hold(str(frame.sparkSession.sparkContext.getLocalProperty(QUERY_ID)))
            steps.on_step("read")
            manifest = self._land(frame, number)
            self._report(Landed(self._topic, number, time.monotonic() - started, manifest))
            steps.on_step("commit")
        finally:
            self.idle.set()

    def close(self) -> None:
        """Give the right to land back."""
        self._held.close()

    def hold(self, query: str) -> None:
        """Take the right to land the batches of a query. StreamError while another job on its checkpoint lives."""
        if query == self._query:
            return
        try:
            self._held.enter_context(self._zone.lock(name=f".stream-{query}.lock", refuse=True))
        except StorageError as error:
            checkpoint = self._stream.checkpoint_of(self._topic)
            raise StreamError(
                f"{checkpoint}: another job runs on this checkpoint; stop one of them ({error})"
            ) from error
        self._query = query

    def _land(self, frame: DataFrame, number: int) -> Manifest | None:
        content = f"stream {self._query} {number}"
        batch = batch_id(self._topic.input, None, content, 0)
        names = (self._zone.manifest_name, self._zone.withdrawn_name)
        if any(self._zone.storage.exists(name(self._topic.input, batch)) for name in names):
            if self._stream.deduplicate_minutes:
                frame.count()  # Spark has to know these records, whoever landed them
            return None
        self._zone.remove_leftovers(self._topic.input, batch)
        cached = frame.coalesce(self._stream.parts or frame.sparkSession.sparkContext.defaultParallelism).persist()
        try:
            sizes = _sizes(cached)
            if not sizes:
                return None
            arrived_at = min(max(last for _, last in sizes.values()), datetime.now(UTC))
            origin = write.Batch(batch, self._contract, arrived_at, self._stream.origin(self._topic))
            written = self._write(cached, origin, _first_rows(sizes))
        finally:
            cached.unpersist()
        if written.read != (read := sum(count for count, _ in sizes.values())):
            raise StreamError(f"batch {number} of {self._topic.name}: {read} records, but {written.read} were checked")
        manifest = self._manifest(origin, written, content, frame, number)
        return manifest if self._zone.publish(manifest) else None

    def _write(self, cached: DataFrame, batch: write.Batch, first_rows: dict[int, int]) -> write.Written:
        """Check and write all parts; once more when they turn out to have different columns, which is rare."""
        while True:
            wanted = tuple(column for column in self._contract.columns if column in self._columns)
            attempt = check.Attempt(self._settings, batch, first_rows, wanted)
            rows = cached.select("value").mapInArrow(check.in_worker(attempt), check.RESULT).collect()
            parts = [write.Written(**json.loads(row.written)) for row in rows]
            written = check.together(parts, self._contract.columns)
            self._columns.update(written.columns)
            if all(part.columns == written.columns for part in parts if part.files):
                return written
            self._zone.remove_leftovers(self._topic.input, batch.batch_id)

    def _manifest(
        self, batch: write.Batch, written: write.Written, content: str, frame: DataFrame, number: int
    ) -> Manifest:
        end = offsets.planned(frame.sparkSession, self._stream.checkpoint_of(self._topic), number)
        place = {"query": self._query, "batch": number, "end_offsets": end}
        return replace(write.manifest_of(batch, written, content), stream=place)


def _sizes(cached: DataFrame) -> dict[int, tuple[int, datetime]]:
    """Part -> its records and the greatest arrival among them; parts without records are left out."""
    part = functions.spark_partition_id().alias("part")
    last = functions.max(functions.unix_micros("arrived_at")).alias("last_us")
    rows = cached.groupBy(part).agg(functions.count("*").alias("records"), last).collect()
    return {row.part: (row.records, EPOCH + timedelta(microseconds=row.last_us)) for row in rows}


def _first_rows(sizes: dict[int, tuple[int, datetime]]) -> dict[int, int]:
    """Part -> number of its first record, so that a batch is numbered from 1 without a gap."""
    first_rows, number = {}, 1
    for part in sorted(sizes):
        first_rows[part] = number
        number += sizes[part][0]
    return first_rows
