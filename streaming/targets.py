"""Where a producer sends to: Kafka, Kinesis, Firehose. Each keeps the order of a key as far as the service can."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from streaming.aws import explained
from streaming.feed import Record
from streaming.kpl import packed
from streaming.settings import StreamError

#: How long records are tried again before the producer gives up, in Kafka's default too.
PATIENCE_SECONDS = 300
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 5.0
#: What librdkafka holds that is not acknowledged yet; then sending waits.
QUEUED_RECORDS = 100_000
#: A packed record is closed at this size, the library's own default; one more record may lie on top.
PACKED_BYTES = 51_200


@dataclass
class Tally:
    """What became of the records, by input. read = acknowledged + refused once nothing is on its way any more.

    refused: records that the broker will never take, by input and reason; retried: how often one was sent again.
    """

    read: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    retried: int = 0

    @property
    def unsettled(self) -> int:
        """Records read of which nothing is known: sent or not, they were not acknowledged."""
        return self.read.total() - self.acknowledged.total() - self.refused.total()


class Target(Protocol):
    """What `produce` needs of a broker."""

    def send(self, records: Sequence[Record], tally: Tally) -> None:
        """Take records, waiting as long as the broker is behind; the tally may be told later."""

    def finish(self, tally: Tally) -> None:
        """Wait until all that was taken is acknowledged or refused."""


class Kafka:
    """librdkafka's idempotent producer: no record twice and none out of order, whatever is retried."""

    def __init__(self, servers: str, prefix: str = "", patience_seconds: float = PATIENCE_SECONDS) -> None:
        from confluent_kafka import Producer

        self._servers, self._prefix, self._answer_seconds = servers, prefix, min(10.0, patience_seconds)
        self._topics: set[str] = set()
        self._producer = Producer({
            "bootstrap.servers": servers,
            "enable.idempotence": True,
            "compression.type": "zstd",
            "linger.ms": 20,
            # Keys go where Java's clients would put them.
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": QUEUED_RECORDS,
            "message.timeout.ms": round(patience_seconds * 1000),
            # What is wrong is said once, by this class.
            "log_level": 2,
        })  # fmt: skip

    def send(self, records: Sequence[Record], tally: Tally) -> None:
        """Queue records; StreamError for a topic that is not there."""
        for record in records:
            topic = self._prefix + record.input
            if topic not in self._topics:
                self._require(topic)
            self._queue(topic, record, tally)
        self._producer.poll(0)

    def _queue(self, topic: str, record: Record, tally: Tally) -> None:
        from confluent_kafka import KafkaException

        def settled(error: Any, _: Any) -> None:
            if error is None:
                tally.acknowledged[record.input] += 1
            else:
                tally.refused[record.input, error.name()] += 1

        while True:
            try:
                return self._producer.produce(topic, record.value, record.key, on_delivery=settled)
            except BufferError:
                self._producer.poll(0.1)
            except KafkaException as error:  # too large, before it is sent
                tally.refused[record.input, error.args[0].name()] += 1
                return None

    def _require(self, topic: str) -> None:
        from confluent_kafka import KafkaException

        try:
            found = self._producer.list_topics(topic, timeout=self._answer_seconds).topics[topic]
        except KafkaException as error:
            raise StreamError(f"Kafka at {self._servers}: {error.args[0].str()}; check MEDIA_KAFKA_SERVERS") from error
        if found.error is not None:
            raise StreamError(f"Kafka topic {topic}: {found.error.str()}; create it, with the partitions you need")
        self._topics.add(topic)

    def finish(self, tally: Tally) -> None:  # noqa: ARG002 (told by the callbacks)
        """Wait for the last acknowledgements; each comes, or times out, within the patience."""
        while self._producer.flush(1.0):
            pass


@dataclass(frozen=True)
class Limits:
    """What one request may hold. A request is never larger, and a record that is larger alone is refused."""

    records: int
    bytes: int
    record_bytes: int


class Puts:
    """A service that takes records by requests and answers for each: only what it did not take is sent again."""

    service: str
    limits: Limits

    def __init__(
        self,
        client: Any,
        prefix: str = "",
        patience_seconds: float = PATIENCE_SECONDS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._prefix, self._patience, self._pause = client, prefix, patience_seconds, pause

    def send(self, records: Sequence[Record], tally: Tally) -> None:
        """Send records and wait for the answers.

        Raises:
            StreamError: no such stream, no login, or no progress for as long as the patience lasts.
        """
        by_input: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            if self.size(record) > self.limits.record_bytes:
                tally.refused[record.input, "RECORD_TOO_LARGE"] += 1
            else:
                by_input[record.input].append(record)
        for name, wanted in by_input.items():
            for request in self.requests(wanted):
                self._send(name, request, tally)

    def finish(self, tally: Tally) -> None:
        """Nothing is on its way between two calls of send."""

    def _send(self, name: str, request: Sequence[Record], tally: Tally) -> None:
        left, pause, deadline = list(request), FIRST_PAUSE_SECONDS, time.monotonic() + self._patience
        while left:
            with explained(f"{self.service} stream {self._prefix}{name}"):
                codes = self.put(self._prefix + name, left)
            refused = [(record, code) for record, code in zip(left, codes, strict=True) if code]
            if len(refused) < len(left):
                pause, deadline = FIRST_PAUSE_SECONDS, time.monotonic() + self._patience
            taken = [record.events for record, code in zip(left, codes, strict=True) if not code]
            tally.acknowledged[name] += sum(taken)
            left = [record for record, _ in refused]
            tally.retried += sum(record.events for record in left)
            if not left:
                return
            if time.monotonic() > deadline:
                raise StreamError(
                    f"{self.service} stream {self._prefix}{name}: {refused[0][1]} for {self._patience:.0f} s, "
                    "nothing gets through; give it more shards, or produce at a lower --rate"
                )
            # Between half and all of a pause that doubles, so that several producers do not come back together.
            self._pause(pause * random.uniform(0.5, 1))
            pause = min(LONGEST_PAUSE_SECONDS, pause * 2)

    def requests(self, records: Sequence[Record]) -> Iterator[list[Record]]:
        """Records cut into requests within the limits, in their order."""
        request: list[Record] = []
        size = 0
        for record in records:
            if request and (len(request) == self.limits.records or size + self.size(record) > self.limits.bytes):
                yield request
                request, size = [], 0
            request.append(record)
            size += self.size(record)
        if request:
            yield request

    def size(self, record: Record) -> int:
        """What a record counts against the limits, in bytes."""
        raise NotImplementedError

    def put(self, stream: str, records: Sequence[Record]) -> list[str]:
        """One request; for each record the reason why it was not taken, or "" if it was."""
        raise NotImplementedError


class Kinesis(Puts):
    """Kinesis Data Streams. A request never holds two records of a key, and the next of a key waits for its answer.

    PutRecords keeps no order among its records: what it did not take would come after what it took. With `pack` the
    records of a key that are at hand go as one, in the form of the Kinesis Producer Library.
    """

    service = "Kinesis"
    limits = Limits(records=500, bytes=5 << 20, record_bytes=1 << 20)

    def __init__(self, client: Any, prefix: str = "", *, pack: bool = False, **options: Any) -> None:
        super().__init__(client, prefix, **options)
        self._pack = pack

    def size(self, record: Record) -> int:
        """Data and key."""
        return len(record.value) + len(record.key)

    def requests(self, records: Sequence[Record]) -> Iterator[list[Record]]:
        """The first records of all keys, then the second ones, and so on, each cut within the limits."""
        rounds: list[list[Record]] = []
        seen: Counter[str] = Counter()
        for record in _packed(records) if self._pack else records:
            turn = seen[record.key]
            seen[record.key] += 1
            if turn == len(rounds):
                rounds.append([])
            rounds[turn].append(record)
        for one in rounds:
            yield from super().requests(one)

    def put(self, stream: str, records: Sequence[Record]) -> list[str]:
        """PutRecords."""
        entries = [{"Data": record.value, "PartitionKey": record.key} for record in records]
        answer = self._client.put_records(StreamName=stream, Records=entries)
        return [entry.get("ErrorCode") or "" for entry in answer["Records"]]


def _packed(records: Sequence[Record]) -> Iterator[Record]:
    """The records of each key as few, none much larger than PACKED_BYTES; one that is alone stays as it is."""
    by_key: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        by_key[record.input, record.key].append(record)
    for (name, key), several in by_key.items():
        start = size = 0
        for end, record in enumerate(several, start=1):
            size += len(record.value)
            if size < PACKED_BYTES and end < len(several):
                continue
            part = [one.value for one in several[start:end]]
            yield record if len(part) == 1 else Record(name, key, packed(key, part), len(part))
            start, size = end, 0


class Firehose(Puts):
    """Amazon Data Firehose, a record a line; it promises no order, and writes files that `media land` takes."""

    service = "Firehose"
    limits = Limits(records=500, bytes=4 << 20, record_bytes=1000 << 10)

    def size(self, record: Record) -> int:
        """Data and the newline."""
        return len(record.value) + 1

    def put(self, stream: str, records: Sequence[Record]) -> list[str]:
        """PutRecordBatch."""
        entries = [{"Data": record.value + b"\n"} for record in records]
        answer = self._client.put_record_batch(DeliveryStreamName=stream, Records=entries)
        return [entry.get("ErrorCode") or "" for entry in answer["RequestResponses"]]
