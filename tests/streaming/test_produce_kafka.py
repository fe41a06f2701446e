"""The producer against a real broker: order, exactly one of each, outages, refusals, and Ctrl-C with an exact count."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import Any

import pytest
from confluent_kafka import Message

from streaming.feed import Record
from streaming.produce import produce
from streaming.settings import StreamError
from streaming.targets import Kafka, Tally
from tests.engines.base import CHECKOUT
from tests.engines.kafka import Broker

pytestmark = pytest.mark.slow


def sessions(count: int, keys: int) -> list[Record]:
    """Events numbered within their session, the sessions side by side."""
    return [Record("streams", f"k{n % keys}", b'{"n": %d}' % n) for n in range(count)]


def assert_each_once_and_in_order(found: list[Message], count: int, keys: int) -> None:
    by_key: dict[bytes, list[int]] = {}
    for message in found:
        by_key.setdefault(message.key(), []).append(json.loads(message.value())["n"])
    assert sum(map(len, by_key.values())) == count
    assert all(numbers == list(range(numbers[0], count, keys)) for numbers in by_key.values())
    assert len(by_key) == keys


def test_each_record_arrives_once_and_a_key_in_order(broker: Broker) -> None:
    broker.create_topic("a-streams")
    tally = produce(sessions(20_000, 300), Kafka(broker.servers, "a-"))
    assert (tally.read.total(), tally.acknowledged.total(), tally.unsettled) == (20_000, 20_000, 0)
    assert_each_once_and_in_order(broker.messages("a-streams"), 20_000, 300)


def test_an_outage_is_waited_out_without_loss_repeat_or_disorder(broker: Broker) -> None:
    broker.create_topic("b-streams")
    down: list[float] = []

    def outage() -> None:
        broker.kill()
        time.sleep(2)
        broker.start()
        down.append(time.monotonic())

    thread = threading.Thread(target=outage)

    def on_batch(tally: Tally) -> None:
        if tally.acknowledged.total() > 2_000 and not thread.ident:
            thread.start()

    tally = produce(sessions(20_000, 300), Kafka(broker.servers, "b-"), rate=4_000, on_batch=on_batch)
    thread.join()
    assert down
    assert (tally.acknowledged.total(), tally.refused.total()) == (20_000, 0)
    assert_each_once_and_in_order(broker.messages("b-streams"), 20_000, 300)


def test_what_is_too_large_is_refused_and_counted_and_the_rest_goes_on(broker: Broker) -> None:
    broker.create_topic("c-streams")
    records = [
        Record("streams", "k", b"1"),
        Record("streams", "k", os.urandom(2_000_000)),
        Record("streams", "k", b"2"),
    ]
    tally = produce(records, Kafka(broker.servers, "c-"))
    assert tally.refused == Counter({("streams", "MSG_SIZE_TOO_LARGE"): 1})
    assert tally.acknowledged.total() == 2
    assert [message.value() for message in broker.messages("c-streams")] == [b"1", b"2"]


def test_a_topic_that_is_not_there_is_said_before_anything_is_sent(broker: Broker) -> None:
    with pytest.raises(StreamError, match=r"nowhere-streams: .*create it"):
        produce(sessions(1, 1), Kafka(broker.servers, "nowhere-"))


def test_no_broker_is_said() -> None:
    with pytest.raises(StreamError, match="check MEDIA_KAFKA_SERVERS"):
        produce(sessions(1, 1), Kafka("127.0.0.1:1", patience_seconds=1))


def start(broker: Broker, prefix: str, *options: str) -> subprocess.Popen[str]:
    """`media produce` of generated events in a process of its own."""
    words = ["produce", "--source", "generator", "--to", "kafka", "--servers", broker.servers, "--prefix", prefix]
    return subprocess.Popen(
        [sys.executable, "-m", "ingestion.cli", *words, "--accounts", "1500", "--json", *options],
        cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What the command printed, and its exit code agrees with it."""
    output, errors = process.communicate(timeout=120)
    assert output, errors
    document: dict[str, Any] = json.loads(output)
    assert document["exit_code"] == process.returncode
    return document


def held(broker: Broker, prefix: str) -> Counter[str]:
    """Messages in each topic."""
    return Counter({name: broker.count(prefix + name) for name in ("viewership_logs", "streams", "player_events")})


def test_ctrl_c_ends_with_the_exact_count_and_skip_goes_on_from_there(broker: Broker) -> None:
    for name in ("viewership_logs", "streams", "player_events"):
        broker.create_topic(f"d-{name}")
    process = start(broker, "d-", "--rate", "1500")
    while held(broker, "d-").total() < 1_000:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    first = ended(process)
    assert first["exit_code"] == 130
    assert first["read"] == first["acknowledged"] == held(broker, "d-").total() > 1_000
    assert first["unsettled"] == first["refused"] == 0
    rest = ended(start(broker, "d-", "--skip", str(first["read"]), "--limit", "1000"))
    assert (rest["exit_code"], rest["acknowledged"]) == (0, 1_000)
    found = held(broker, "d-")
    assert found.total() == first["acknowledged"] + 1_000
    assert found == Counter({name: sum(part["streams"].get(name, {"acknowledged": 0})["acknowledged"]
                             for part in (first, rest)) for name in found})  # fmt: skip
    values = {message.value() for name in found for message in broker.messages("d-" + name)}
    assert len(values) == found.total()


def test_the_second_ctrl_c_gives_up_what_is_on_its_way_and_counts_what_is_known(broker: Broker) -> None:
    for name in ("viewership_logs", "streams", "player_events"):
        broker.create_topic(f"e-{name}")
    process = start(broker, "e-", "--rate", "1500")
    while held(broker, "e-").total() < 500:
        time.sleep(0.2)
    broker.kill()
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    told = ended(process)
    broker.start()
    assert told["exit_code"] == 130
    assert told["unsettled"] == told["read"] - told["acknowledged"] > 0
    assert told["acknowledged"] <= held(broker, "e-").total() <= told["read"]
