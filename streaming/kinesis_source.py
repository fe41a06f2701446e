"""Kinesis as a streaming source of Spark 4: `spark.dataSource.register(KinesisSource)`, then `format("kinesis")`.

Kinesis does not say which record is its last. So the driver reads ahead, and the position behind the last record it saw
is the batch's end, which Spark writes down before the batch begins: a batch that is run again has the same records.
What the driver has read it keeps on disk for the tasks, if they run on the same machine; else they read it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql.datasource import DataSource, DataSourceStreamReader, InputPartition
from pyspark.sql.types import StructType

from streaming.aws import client
from streaming.kinesis import Position, Stream
from streaming.kpl import user_records
from streaming.settings import StreamError
from streaming.spool import Spool, Writer, batches

NAME = "kinesis"
OLDEST, NEWEST = "TRIM_HORIZON", "LATEST"
SCHEMA = (
    "value binary, stream string, shard string, sequence string, sub_sequence int, partition_key string, "
    "arrived_at timestamp"
)
ARROW = pa.schema([
    ("value", pa.binary()), ("stream", pa.string()), ("shard", pa.string()), ("sequence", pa.string()),
    ("sub_sequence", pa.int32()), ("partition_key", pa.string()), ("arrived_at", pa.timestamp("us", "UTC")),
])  # fmt: skip
READERS = 16
#: How long the list of shards holds, unless one has just been closed.
SHARDS_SECONDS = 10
#: An idle shard's position is renewed this often, as a part of the retention; it costs an empty batch.
RENEWALS = 8
#: A record may be seen by a reader so much later than it arrived.
SETTLED_MS = 60_000
UNLIMITED = 1 << 62


class ShardRange(InputPartition):
    """The records of one shard in one batch, and the file they may be in."""

    def __init__(self, shard: str, start: Position, end: Position, path: Path | None) -> None:
        self.shard, self.start, self.end, self.path = shard, start, end, path


class KinesisSource(DataSource):
    """Options: stream (required), region, endpointUrl (default: as the environment says), startingPosition
    (TRIM_HORIZON, LATEST, an ISO instant, or end offsets as JSON), maxRecordsPerBatch (none: all there is),
    failOnDataLoss (true), spoolDir (none: tasks read from Kinesis again). With availableNow Spark runs one batch only.
    """

    @classmethod
    def name(cls) -> str:
        """The name of the format."""
        return NAME

    def schema(self) -> str:
        """Records as the producer sent them; sub_sequence counts those that the KPL had packed into one."""
        return SCHEMA

    def streamReader(self, schema: StructType) -> DataSourceStreamReader:  # noqa: ARG002, N802 (Spark's own)
        """The reader."""
        return KinesisReader(self.options)


class KinesisReader(DataSourceStreamReader):
    """Plans batches in the driver, reads them in the tasks."""

    def __init__(self, options: Mapping[str, str]) -> None:
        self._options = {name.lower(): value for name, value in dict(options).items()}
        if "stream" not in self._options:
            raise StreamError("format kinesis: give the option stream")
        self._limit = int(self._options.get("maxrecordsperbatch") or UNLIMITED)
        spool = self._options.get("spooldir")
        self._folder = Path(spool) if spool else None
        self._source: Stream | None = None
        self._start: dict[str, Position] | None = None
        self._positions: dict[str, Position] | None = None
        self._shards: dict[str, tuple[str, ...]] = {}
        self._shards_until_ms = 0

    def __getstate__(self) -> dict[str, Any]:
        """Tasks get the options; connections stay behind."""
        return {**vars(self), "_source": None}

    @property
    def source(self) -> Stream:
        """The connection of this process."""
        if self._source is None:
            name, get = self._options["stream"], self._options.get
            fails = get("failondataloss", "true").lower() != "false"
            self._source = Stream(client("kinesis", get("endpointurl"), get("region")), name, fails)
        return self._source

    # --- In the driver ---

    def initialOffset(self) -> dict[str, Any]:  # noqa: N802
        """Where a new query begins, fixed at the first call."""
        if self._start is None:
            self._start = self._begin(self._options.get("startingposition", OLDEST))
        return _as_json(self._start)

    def _begin(self, where: str) -> dict[str, Position]:
        if where.startswith("{"):
            return _positions(json.loads(where))
        at_ms = None
        if where == NEWEST:
            at_ms = self.source.now_ms()
        elif where != OLDEST:
            at_ms = _instant_ms(where)
        shards = self._listed()
        return {shard: Position(at_ms) for shard, parents in shards.items() if not set(parents) & set(shards)}

    def latestOffset(self) -> dict[str, Any]:  # noqa: N802
        """Read ahead from the last end, and give the new one."""
        if self._positions is None:
            self.initialOffset()
            self._positions = dict(self._start or {})
        self._positions = self._follow(self._positions)
        return _as_json(self._positions)

    def _follow(self, positions: dict[str, Position]) -> dict[str, Position]:
        """The positions after reading ahead in every open shard."""
        shards = self._listed(again=any(position.closed for position in positions.values()))
        self._check_listed(positions, shards)
        known = {**positions, **self._children(positions, shards)}
        turn = {shard: position for shard, position in known.items() if shard in shards and not position.closed}
        share = max(1, self._limit // max(1, len(turn)))
        with ThreadPoolExecutor(READERS) as pool:
            ends = pool.map(lambda shard: self._ahead(shard, turn[shard], share), turn)
            known |= dict(zip(turn, ends, strict=True))
        # A closed shard is kept until Kinesis forgets it: its children look for it.
        return {shard: position for shard, position in known.items() if shard in shards}

    def _children(
        self, positions: Mapping[str, Position], shards: Mapping[str, tuple[str, ...]]
    ) -> dict[str, Position]:
        """Shards to begin with: new ones whose parents are read to the end, so that a key stays in order."""
        found = {}
        for shard, parents in shards.items():
            listed = [parent for parent in parents if parent in shards]
            if shard in positions or not all(p in positions and positions[p].closed for p in listed):
                continue
            begun = [positions[p].at_ms for p in listed]
            found[shard] = Position(begun[0] if begun else None)
        return found

    def _check_listed(self, positions: Mapping[str, Position], shards: Mapping[str, tuple[str, ...]]) -> None:
        """StreamError for a shard that is gone and was not read to its end."""
        lost = [shard for shard, position in positions.items() if not position.closed and shard not in shards]
        if lost and self._options.get("failondataloss", "true").lower() != "false":
            raise StreamError(
                f"{self.source.name}: the stream has no {', '.join(lost)} any more, which was not read to its end; "
                "to go on with what is left: --option failOnDataLoss=false"
            )

    def _ahead(self, shard: str, start: Position, wanted: int) -> Position:
        """Read a shard until it is at its end for now; the records go into the spool, if there is one."""
        end, behind_ms = start, 0
        if self._folder is None:
            for page in self.source.pages(shard, start, wanted):
                end, behind_ms = page.position, page.behind_ms
        else:
            spool = Spool(self._folder)
            with Writer(self._folder, shard) as writer:
                for page in self.source.pages(shard, start, wanted):
                    end, behind_ms = page.position, page.behind_ms
                    if page.records:
                        writer.write(self._batch(shard, page.records))
                writer.keep(spool.path(shard, start, end))
        if end.count > start.count:  # else the end stays as it is, or Spark would make a batch of nothing
            return replace(end, behind_ms=behind_ms)
        return self._renewed(start, end)

    def _renewed(self, start: Position, end: Position) -> Position:
        """The end; of a shard where nothing came for long, that nothing did."""
        settled_ms = self.source.now_ms() - SETTLED_MS
        is_idle = end.count == start.count and not end.closed
        if is_idle and settled_ms - (end.until_ms or 0) > self.source.retention_ms // RENEWALS:
            return replace(end, until_ms=settled_ms)
        return end

    def _listed(self, again: bool = False) -> dict[str, tuple[str, ...]]:
        if again or self.source.now_ms() >= self._shards_until_ms:
            self._shards = self.source.shards()
            self._shards_until_ms = self.source.now_ms() + SHARDS_SECONDS * 1000
        return self._shards

    def partitions(self, start: dict[str, Any], end: dict[str, Any]) -> Sequence[InputPartition]:
        """One for each shard that has records in the batch; the first call after a restart says where it stands."""
        starts, ends = _positions(start), _positions(end)
        if self._positions is None:
            self._positions = ends
        ranges: list[InputPartition] = []
        for shard, last in ends.items():
            # A shard begun in this batch has no start; where its reading began is in its end.
            first = starts.get(shard, Position(last.at_ms))
            if not first.after:
                first = Position(last.at_ms)
            if last.count > first.count:
                path = Spool(self._folder).path(shard, first, last) if self._folder else None
                ranges.append(ShardRange(shard, first, last, path))
        return ranges

    def commit(self, end: dict[str, Any]) -> None:
        """What is committed is not asked for again."""
        if self._folder is not None:
            Spool(self._folder).forget(_positions(end))

    # --- In the tasks ---

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """The records of a range, from the spool or from Kinesis: the same, in the same order."""
        if not isinstance(partition, ShardRange):
            raise TypeError(f"not a range of a shard: {partition}")
        if partition.path is not None and partition.path.exists():
            yield from batches(partition.path)
            return
        for records in self.source.replay(partition.shard, partition.start, partition.end):
            if records:
                yield self._batch(partition.shard, records)

    def _batch(self, shard: str, records: Sequence[dict[str, Any]]) -> pa.RecordBatch:
        """Records of Kinesis as rows, those that the KPL had packed apart again."""
        rows = [
            (value, self._options["stream"], shard, record["SequenceNumber"], number, key, _utc(record))
            for record in records
            for number, (key, value) in enumerate(user_records(record["Data"], record["PartitionKey"]))
        ]
        columns = zip(*rows, strict=True) if rows else ([] for _ in ARROW)
        return pa.record_batch([pa.array(c, f.type) for c, f in zip(columns, ARROW, strict=True)], schema=ARROW)


def _utc(record: Mapping[str, Any]) -> datetime:
    arrived: datetime = record["ApproximateArrivalTimestamp"]
    return arrived.astimezone(UTC)


def _as_json(positions: Mapping[str, Position]) -> dict[str, Any]:
    return {shard: positions[shard].as_json() for shard in sorted(positions)}


def _positions(offset: Mapping[str, Any]) -> dict[str, Position]:
    return {shard: Position.of(position) for shard, position in offset.items()}


def _instant_ms(text: str) -> int:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise StreamError(f"startingPosition {text}: give {OLDEST}, {NEWEST} or an ISO instant") from error
    return round((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp() * 1000)
