"""The producer against moto's Kinesis and Firehose: what a request did not take is sent again, in a key's order."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ingestion.generate.plan import Plan
from ingestion.lander import land as lander
from ingestion.lander import sources
from ingestion.settings import load_settings
from streaming.aws import client
from streaming.feed import Record, of_generator
from streaming.produce import produce
from streaming.settings import StreamError
from streaming.targets import Firehose, Kinesis, Puts
from tests.engines import aws
from tests.engines.base import CHECKOUT
from tests.engines.running import s3

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("services")]


class Throttled:
    """A client that passes on a part of each request, as a busy shard would, and refuses the rest."""

    def __init__(self, inner: Any, refuse: float) -> None:
        self._inner, self._refuse, self._random = inner, refuse, random.Random(1)
        self.largest_request = 0
        self.keys_twice = 0

    def put_records(self, **request: Any) -> dict[str, Any]:
        keys = [entry["PartitionKey"] for entry in request["Records"]]
        self.keys_twice += len(keys) != len(set(keys))
        return self._partly(self._inner.put_records, "Records", "ProvisionedThroughputExceededException", request)

    def put_record_batch(self, **request: Any) -> dict[str, Any]:
        return self._partly(self._inner.put_record_batch, "RequestResponses", "ServiceUnavailableException", request)

    def _partly(self, call: Any, answers: str, code: str, request: dict[str, Any]) -> dict[str, Any]:
        entries = request["Records"]
        self.largest_request = max(self.largest_request, len(entries))
        passes = [self._random.random() >= self._refuse for _ in entries]
        taken = [entry for entry, is_passed in zip(entries, passes, strict=True) if is_passed]
        given = iter(call(**{**request, "Records": taken})[answers] if taken else [])
        return {answers: [next(given) if is_passed else {"ErrorCode": code} for is_passed in passes]}


def stream(name: str, shards: int = 2) -> str:
    client("kinesis").create_stream(StreamName=name, ShardCount=shards)
    return name


def contents(name: str) -> list[dict[str, Any]]:
    """All records of a stream, shard by shard in order."""
    kinesis, found = client("kinesis"), []
    for shard in kinesis.list_shards(StreamName=name)["Shards"]:
        where = {"StreamName": name, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        at = kinesis.get_shard_iterator(**where)["ShardIterator"]
        while answer := kinesis.get_records(ShardIterator=at, Limit=10_000):
            found += answer["Records"]
            at = answer["NextShardIterator"]
            if answer["MillisBehindLatest"] == 0:
                break
    return found


def sessions(count: int, keys: int) -> list[Record]:
    return [Record("streams", f"k{n % keys}", b'{"n": %d}' % n) for n in range(count)]


def no_pause(_: float) -> None:
    """Retry at once: the pauses themselves are tested apart."""


def target(kind: type[Puts], refuse: float, prefix: str) -> tuple[Puts, Throttled]:
    throttled = Throttled(client(kind.service.lower()), refuse)
    return kind(throttled, prefix, pause=no_pause), throttled


@pytest.mark.parametrize("refuse", [0.0, 0.3])
def test_each_record_stands_once_in_kinesis_and_a_key_in_order(refuse: float) -> None:
    name = stream(f"k{refuse}-streams")
    kinesis, throttled = target(Kinesis, refuse, name.removesuffix("streams"))
    tally = produce(sessions(6_000, 700), kinesis)
    assert (tally.acknowledged.total(), tally.unsettled) == (6_000, 0)
    assert (tally.retried > 1_000) == (refuse > 0)
    assert throttled.keys_twice == 0
    assert throttled.largest_request == 500
    by_key: dict[str, list[int]] = {}
    for record in contents(name):
        by_key.setdefault(record["PartitionKey"], []).append(json.loads(record["Data"])["n"])
    assert sum(map(len, by_key.values())) == 6_000
    assert all(numbers == list(range(numbers[0], 6_000, 700)) for numbers in by_key.values())


def test_two_records_of_a_key_in_one_request_would_have_changed_places() -> None:
    """The control: requests filled in the order of the records lose the order of keys as soon as one is refused."""

    class Naive(Kinesis):
        requests = Puts.requests

    name = stream("naive-streams")
    naive, throttled = target(Naive, 0.3, "naive-")
    produce(sessions(2_000, 50), naive)
    assert throttled.keys_twice > 0
    by_key: dict[str, list[int]] = {}
    for record in contents(name):
        by_key.setdefault(record["PartitionKey"], []).append(json.loads(record["Data"])["n"])
    assert sum(map(len, by_key.values())) == 2_000
    assert any(numbers != sorted(numbers) for numbers in by_key.values())


def test_requests_stay_within_the_bytes_that_a_service_takes() -> None:
    stream("big-streams")
    big = [Record("streams", str(n), b"x" * 900_000) for n in range(12)]
    kinesis, throttled = target(Kinesis, 0.0, "big-")
    tally = produce([*big, Record("streams", "huge", b"x" * (1 << 20))], kinesis)
    assert tally.refused == Counter({("streams", "RECORD_TOO_LARGE"): 1})
    assert tally.acknowledged.total() == 12
    assert throttled.largest_request == 5


def test_pauses_grow_and_a_stream_that_takes_nothing_ends_it() -> None:
    stream("full-streams")
    pauses: list[float] = []
    throttled = Throttled(client("kinesis"), 1.0)
    kinesis = Kinesis(throttled, "full-", patience_seconds=0.2, pause=lambda seconds: pauses.append(seconds))
    with pytest.raises(StreamError, match=r"full-streams: ProvisionedThroughputExceeded.* more shards"):
        produce(sessions(3, 3), kinesis)
    assert 0.05 <= pauses[0] <= 0.1
    assert max(pauses) <= 5
    assert pauses[7] > pauses[0] * 10


def test_a_stream_that_is_not_there_is_said() -> None:
    with pytest.raises(StreamError, match="Kinesis stream none-streams: there is none"):
        produce(sessions(1, 1), Kinesis(client("kinesis"), "none-"))


def test_what_firehose_wrote_lands(services: Mapping[str, str], tmp_path: Path) -> None:
    """The delivery stream of the documentation; a part of each request is refused and sent again."""
    records = [r for r in of_generator(Plan(days=1, accounts=400, playbacks_per_account=0.2)) if r.input == "streams"]
    page = (CHECKOUT / "docs" / "streaming.md").read_text(encoding="utf-8")
    definition = json.loads(page.split("```json\n")[1].split("```")[0].replace("your-bucket", aws.BUCKET))
    client("firehose").create_delivery_stream(**definition)
    firehose, _ = target(Firehose, 0.3, "")
    tally = produce(records, firehose)
    assert tally.acknowledged.total() == len(records) > 500
    files = s3(services).list_objects_v2(Bucket=aws.BUCKET, Prefix="firehose/")["Contents"]
    paths = []
    for number, file in enumerate(files):
        paths.append(tmp_path / f"{number}.ndjson")
        s3(services).download_file(aws.BUCKET, file["Key"], str(paths[-1]))
    outcomes = list(lander.land(load_settings(), sources.expand(map(str, paths)), lander.Options(), lander.Progress()))
    accepted = sum(outcome.manifest.rows_accepted for outcome in outcomes if outcome.manifest)
    assert accepted == len({record.value for record in records})
