"""Reading the shards of a Kinesis stream from one exact position to another. Knows nothing of Spark."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from streaming.aws import explained
from streaming.settings import StreamError

#: The most that a GetRecords gives.
PAGE_RECORDS = 10_000
#: A shard allows five GetRecords a second, whoever asks.
BUSY_SECONDS = 0.25
BUSY = ("ProvisionedThroughputExceededException", "LimitExceededException")
#: Looks for a record that must be the next; empty pages are normal in between.
LOOKS = 20


@dataclass(frozen=True)
class Position:
    """How far a shard has been read.

    at_ms: where reading it began, ms since 1970, None: at its oldest record; after: sequence number of the last record
    read, None: none yet; count: records read so far, by which a replay sees whether any is gone; until_ms: no record
    that arrived before then is unread; closed: its end has been reached; behind_ms: how far before the newest record
    reading ended, by Kinesis' word.
    """

    at_ms: int | None = None
    after: str | None = None
    count: int = 0
    until_ms: int | None = None
    closed: bool = False
    behind_ms: int = 0

    def as_json(self) -> dict[str, Any]:
        """For an offset of Spark: what differs from the beginning of a shard."""
        return {name: value for name, value in vars(self).items() if value not in (None, 0, False)}

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Position:
        """Read what `as_json` wrote; StreamError for anything else."""
        try:
            return cls(**given)
        except TypeError as error:
            raise StreamError(f"{dict(given)}: not a position in a shard of Kinesis ({error})") from error


@dataclass(frozen=True)
class Page:
    """What one GetRecords gave. position: behind its last record; caught_up: there is nothing more now."""

    records: list[dict[str, Any]]
    position: Position
    caught_up: bool
    behind_ms: int = 0


class Stream:
    """One stream of Kinesis.

    fail_on_loss: raise StreamError where records may be gone before they were read, instead of going on behind them.
    """

    def __init__(
        self, client: Any, name: str, fail_on_loss: bool = True, clock: Callable[[], float] = time.time
    ) -> None:
        self._client, self.name, self._fail_on_loss, self._clock = client, name, fail_on_loss, clock
        self._iterators: dict[tuple[str, str | None, int], str] = {}
        self._retention_ms: int | None = None

    def now_ms(self) -> int:
        """This machine's time, in ms since 1970."""
        return int(self._clock() * 1000)

    def shards(self) -> dict[str, tuple[str, ...]]:
        """The shards that the stream has, closed ones too as long as they hold records, each with its parents."""
        found: dict[str, tuple[str, ...]] = {}
        request: dict[str, Any] = {"StreamName": self.name}
        while request:
            with self._explained():
                answer = self._client.list_shards(**request)
            for shard in answer["Shards"]:
                parents = (shard.get("ParentShardId"), shard.get("AdjacentParentShardId"))
                found[shard["ShardId"]] = tuple(filter(None, parents))
            request = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}
        return found

    @property
    def retention_ms(self) -> int:
        """How long the stream keeps a record."""
        if self._retention_ms is None:
            with self._explained():
                answer = self._client.describe_stream_summary(StreamName=self.name)
            self._retention_ms = answer["StreamDescriptionSummary"]["RetentionPeriodHours"] * 3_600_000
        return self._retention_ms

    def pages(self, shard: str, position: Position, wanted: int) -> Iterator[Page]:
        """Pages from a position on, `wanted` records in all at most, until nothing more is there.

        Raises:
            StreamError: records behind the position may be gone, or Kinesis refuses.
        """
        while wanted > 0:
            at = self._iterators.pop((shard, position.after, position.count), None) or self._open(shard, position)
            answer = self._get(shard, position, at, min(wanted, PAGE_RECORDS))
            records, following = answer["Records"], answer.get("NextShardIterator")
            position = self._behind(position, records, closed=not following)
            wanted -= len(records)
            if following:
                self._iterators[shard, position.after, position.count] = following
            caught_up = not following or answer["MillisBehindLatest"] == 0
            yield Page(records, position, caught_up, answer.get("MillisBehindLatest", 0))
            if caught_up:
                return

    def replay(self, shard: str, start: Position, end: Position) -> Iterator[list[dict[str, Any]]]:
        """Exactly the records behind `start` up to `end`; StreamError when one of them is gone."""
        left, last = end.count - start.count, int(end.after or 0)
        for page in self.pages(shard, start, left):
            records = [record for record in page.records if int(record["SequenceNumber"]) <= last]
            yield records
            left -= len(records)
            if len(records) < len(page.records):
                break
        if left and self._fail_on_loss:
            raise StreamError(f"{self.name}, {shard}: {left} records up to {end.after} are gone. {self._advice()}")

    def _behind(self, position: Position, records: list[dict[str, Any]], closed: bool) -> Position:
        if records:
            last = records[-1]
            arrived_ms = round(last["ApproximateArrivalTimestamp"].timestamp() * 1000)
            position = replace(
                position, after=last["SequenceNumber"], count=position.count + len(records), until_ms=arrived_ms
            )
        return replace(position, closed=True) if closed else position

    def _get(self, shard: str, position: Position, at: str, limit: int) -> Any:
        while True:
            try:
                return self._client.get_records(ShardIterator=at, Limit=limit)
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code")
                if code == "ExpiredIteratorException":
                    at = self._open(shard, position)
                elif code in BUSY:
                    time.sleep(BUSY_SECONDS)
                else:
                    with self._explained():
                        raise

    def _open(self, shard: str, position: Position) -> str:
        """An iterator behind a position, once it is sure that nothing behind it is gone."""
        is_old = position.until_ms is not None and position.until_ms < self.now_ms() - self.retention_ms
        if is_old and self._fail_on_loss and not self._has(shard, position.after):
            since = datetime.fromtimestamp((position.until_ms or 0) / 1000, UTC).isoformat(timespec="seconds")
            raise StreamError(
                f"{self.name}, {shard}: read until {since}, longer ago than the stream keeps records, "
                f"so some may be gone. {self._advice()}"
            )
        if position.after:
            return self._iterator(
                shard, ShardIteratorType="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=position.after
            )
        if position.at_ms is not None:
            since_at = datetime.fromtimestamp(position.at_ms / 1000, UTC)
            return self._iterator(shard, ShardIteratorType="AT_TIMESTAMP", Timestamp=since_at)
        return self._iterator(shard, ShardIteratorType="TRIM_HORIZON")

    def _has(self, shard: str, number: str | None) -> bool:
        """Is the record of this number still there? Then so is all behind it."""
        if number is None:
            return False
        try:
            at = self._iterator(shard, ShardIteratorType="AT_SEQUENCE_NUMBER", StartingSequenceNumber=number)
        except StreamError:
            return False
        for _ in range(LOOKS):
            answer = self._get(shard, Position(after=number), at, 1)
            if answer["Records"]:
                return bool(answer["Records"][0]["SequenceNumber"] == number)
            if not answer.get("NextShardIterator") or answer["MillisBehindLatest"] == 0:
                break
            at = answer["NextShardIterator"]
        return False

    def _iterator(self, shard: str, **where: Any) -> str:
        with self._explained():
            answer = self._client.get_shard_iterator(StreamName=self.name, ShardId=shard, **where)
        return str(answer["ShardIterator"])

    def _explained(self) -> Any:
        return explained(f"Kinesis stream {self.name}")

    @staticmethod
    def _advice() -> str:
        return "Keep records longer in Kinesis; to go on with what is left: --option failOnDataLoss=false"
