"""The local Kinesis behaves as documented where the reader relies on it: sequence numbers, splits, merges, limits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from streaming.aws import client
from tests.engines.wanted import a_kinesis

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with a_kinesis(tmp_path_factory.mktemp("kinesis")):
        yield client("kinesis")


def active(service: Any, name: str) -> list[dict[str, Any]]:
    """The shards, once the stream has done what it was told."""
    deadline = time.monotonic() + 20
    while service.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamStatus"] != "ACTIVE":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return list(service.list_shards(StreamName=name)["Shards"])


def read(service: Any, name: str, shard: str, **where: str) -> tuple[list[dict[str, Any]], bool]:
    """What a shard holds from there, and whether it is closed."""
    position = {"ShardIteratorType": "TRIM_HORIZON", **where}
    at = service.get_shard_iterator(StreamName=name, ShardId=shard, **position)["ShardIterator"]
    found: list[dict[str, Any]] = []
    while at:
        answer = service.get_records(ShardIterator=at, Limit=100)
        found += answer["Records"]
        at = answer.get("NextShardIterator")
        if answer["MillisBehindLatest"] == 0 and not answer["Records"] and at:
            return found, False
    return found, True


def put(service: Any, name: str, numbers: range) -> None:
    entries = [{"Data": b"%d" % n, "PartitionKey": f"k{n % 10}"} for n in numbers]
    assert service.put_records(StreamName=name, Records=entries)["FailedRecordCount"] == 0


def test_sequence_numbers_grow_within_a_shard_and_reading_after_one_repeats_nothing(service: Any) -> None:
    service.create_stream(StreamName="plain", ShardCount=1)
    (shard,) = active(service, "plain")
    put(service, "plain", range(50))
    found, closed = read(service, "plain", shard["ShardId"])
    numbers = [int(record["SequenceNumber"]) for record in found]
    assert numbers == sorted(set(numbers))
    assert not closed
    after = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": found[19]["SequenceNumber"]}
    assert [record["Data"] for record in read(service, "plain", shard["ShardId"], **after)[0]] == [
        record["Data"] for record in found[20:]
    ]


def test_a_split_closes_the_parent_and_its_children_name_it(service: Any) -> None:
    service.create_stream(StreamName="split", ShardCount=1)
    (parent,) = active(service, "split")
    put(service, "split", range(30))
    middle = str(int(parent["HashKeyRange"]["EndingHashKey"]) // 2)
    service.split_shard(StreamName="split", ShardToSplit=parent["ShardId"], NewStartingHashKey=middle)
    shards = active(service, "split")
    put(service, "split", range(30, 60))
    children = [shard for shard in shards if shard.get("ParentShardId") == parent["ShardId"]]
    assert len(shards) == 3
    assert len(children) == 2
    found, closed = read(service, "split", parent["ShardId"])
    assert (len(found), closed) == (30, True)
    assert sum(len(read(service, "split", child["ShardId"])[0]) for child in children) == 30
    first, second = (child["ShardId"] for child in children)
    service.merge_shards(StreamName="split", ShardToMerge=first, AdjacentShardToMerge=second)
    (merged,) = [shard for shard in active(service, "split") if "AdjacentParentShardId" in shard]
    assert {merged["ParentShardId"], merged["AdjacentParentShardId"]} == {first, second}


def test_a_stream_that_is_not_there_is_refused(service: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        service.put_record(StreamName="nowhere", Data=b"x", PartitionKey="k")
