"""The local broker is a Kafka as the producer and the stream take it for: order, offsets, limits, kills, restarts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import KafkaException, Message, Producer

from tests.engines.kafka import QUIET, Broker, running
from tests.engines.wanted import a_broker

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with a_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


def put(broker: Broker, topic: str, values: list[bytes], key: bytes | None = None, **settings: object) -> list[str]:
    """Write values, each with `key` or else the part before its colon; the errors that the broker's word gave."""
    errors: list[str] = []
    producer = Producer({"bootstrap.servers": broker.servers, "enable.idempotence": True, **QUIET, **settings})
    for value in values:
        producer.produce(
            topic, value, key or value.split(b":")[0],
            on_delivery=lambda error, _: errors.append(error.name()) if error else None,
        )  # fmt: skip
    assert producer.flush(60) == 0
    return errors


def test_a_key_stays_in_one_partition_and_in_order(broker: Broker) -> None:
    broker.create_topic("ordered")
    assert put(broker, "ordered", [f"k{number}:{step}".encode() for step in range(5) for number in range(20)]) == []
    found = broker.messages("ordered")
    by_key: dict[bytes, list[Message]] = {}
    for message in found:
        by_key.setdefault(message.key(), []).append(message)
    assert len(found) == 100
    assert all(len({message.partition() for message in messages}) == 1 for messages in by_key.values())
    assert all([int(message.value().split(b":")[1]) for message in messages] == list(range(5))
               for messages in by_key.values())  # fmt: skip
    assert len({message.partition() for message in found}) == 4


def test_the_broker_stamps_offsets_and_times(broker: Broker) -> None:
    broker.create_topic("stamped", 1)
    before = int(time.time() * 1000)
    put(broker, "stamped", [b"a", b"b", b"c"])
    found = broker.messages("stamped")
    assert [message.offset() for message in found] == [0, 1, 2]
    assert all(before <= message.timestamp()[1] <= int(time.time() * 1000) for message in found)


def test_an_unknown_topic_is_refused(broker: Broker) -> None:
    assert put(broker, "nobody_made_this", [b"x"], **{"topic.metadata.propagation.max.ms": 0}) == [
        "UNKNOWN_TOPIC_OR_PART"
    ]


def test_a_message_over_the_limit_is_refused(broker: Broker) -> None:
    broker.create_topic("large", 1)
    assert put(broker, "large", [b"x" * 1_500_000], **{"message.max.bytes": 4_000_000}) == ["MSG_SIZE_TOO_LARGE"]
    with pytest.raises(KafkaException, match="MSG_SIZE_TOO_LARGE"):
        put(broker, "large", [b"x" * 1_500_000])


def test_what_was_acknowledged_outlives_kill_and_restart(broker: Broker) -> None:
    broker.create_topic("kept", 1)
    assert put(broker, "kept", [str(number).encode() for number in range(1000)]) == []
    port = broker.port
    broker.kill()
    assert not broker.healthy()
    assert broker.start() < 60
    assert broker.port == port
    assert [message.value() for message in broker.messages("kept")] == [b"%d" % n for n in range(1000)]
    broker.stop()
    broker.start()
    assert broker.count("kept") == 1000


def test_two_brokers_side_by_side(broker: Broker, tmp_path: Path) -> None:
    with running(tmp_path / "second") as second:
        assert second.port != broker.port
        second.create_topic("here")
        with pytest.raises(KafkaException):
            second.create_topic("here")
        broker.create_topic("here")
