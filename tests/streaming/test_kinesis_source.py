"""The Kinesis reader on moto: ends that never move, replays, limits, beginnings, lost records, packed records."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from streaming.aws import client
from streaming.feed import Record
from streaming.kinesis import Page, Position, Stream
from streaming.kinesis_source import KinesisReader
from streaming.produce import produce
from streaming.settings import StreamError
from streaming.targets import Kinesis
from tests.streaming.kinesis_driver import Query, assert_each_once_and_in_order, numbers, put, stream, wait
from tests.streaming.test_kpl import RECORDS, packed_by_google
from tests.streaming.test_produce_aws import Throttled, no_pause

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("services")]
HOUR_MS = 3_600_000


def only_shard(name: str) -> str:
    return str(client("kinesis").list_shards(StreamName=name)["Shards"][0]["ShardId"])


@pytest.mark.parametrize("with_spool", [True, False])
def test_a_batch_that_is_run_again_has_the_same_records_whatever_came_meanwhile(
    with_spool: bool, tmp_path: Path
) -> None:
    name = stream(f"again-{with_spool}", 3)
    spool = {"spoolDir": str(tmp_path)} if with_spool else {}
    put(name, 0, 500)
    query = Query({"stream": name, **spool})
    start, end = query.plan()
    first = query.rows(start, end)
    assert len(list(tmp_path.glob("*.arrow"))) == (3 if with_spool else 0)
    put(name, 500, 300)
    restarted = Query({"stream": name, **spool}, query.planned)
    assert restarted.rows(start, end) == first
    for path in tmp_path.glob("*.arrow"):
        path.unlink()
    assert Query({"stream": name, **spool}, query.planned).rows(start, end) == first
    restarted.reader.commit(end)
    assert_each_once_and_in_order([first, *restarted.until(300)], 800)
    assert list(tmp_path.iterdir()) == []


def test_a_restart_after_a_commit_goes_on_where_it_stood(tmp_path: Path) -> None:
    name = stream("goes-on", 2)
    put(name, 0, 100)
    query = Query({"stream": name, "spoolDir": str(tmp_path)})
    before = query.until(100)
    put(name, 100, 100)
    after = Query({"stream": name, "spoolDir": str(tmp_path)}, query.planned).until(100)
    assert_each_once_and_in_order([*before, *after], 200)


def test_a_batch_holds_no_more_than_it_may_and_nothing_new_is_no_batch() -> None:
    name = stream("limited", 2)
    put(name, 0, 1_000)
    query = Query({"stream": name, "maxRecordsPerBatch": "200"})
    batches = query.until(1_000)
    assert max(map(len, batches)) <= 200
    assert_each_once_and_in_order(batches, 1_000)
    start, end = query.plan()
    assert start == end


def test_rows_say_where_they_come_from() -> None:
    name = stream("labelled", 1)
    before = datetime.now(UTC)
    put(name, 0, 40)
    (rows,) = Query({"stream": name}).until(40)
    assert {(row["stream"], row["shard"], row["sub_sequence"]) for row in rows} == {(name, only_shard(name), 0)}
    assert len({int(row["sequence"]) for row in rows}) == 40
    assert all(abs(row["arrived_at"] - before) < timedelta(seconds=60) for row in rows)


@pytest.mark.parametrize("where", ["LATEST", "instant"])
def test_a_query_that_begins_now_or_at_an_instant_keeps_that_beginning_through_a_restart(where: str) -> None:
    name = stream(f"from-{where}", 2)
    put(name, 0, 50)
    time.sleep(1.1)  # moto looks at whole seconds
    begin = "LATEST" if where == "LATEST" else datetime.now(UTC).isoformat()
    query = Query({"stream": name, "startingPosition": begin})
    query.reader.initialOffset()
    time.sleep(1.1)
    put(name, 50, 50)
    start, end = query.plan()
    assert sorted(numbers(query.rows(start, end))) == list(range(50, 100))
    restarted = Query({"stream": name, "startingPosition": begin}, query.planned)
    later_start = restarted.reader.initialOffset()  # what Spark asks for again, if the first batch was not committed
    assert sorted(numbers(restarted.rows(later_start, end))) == list(range(50, 100))


def test_end_offsets_of_a_lost_checkpoint_are_a_beginning() -> None:
    name = stream("resumed", 2)
    put(name, 0, 100)
    query = Query({"stream": name})
    query.until(100)
    put(name, 100, 60)
    resumed = Query({"stream": name, "startingPosition": json.dumps(query.planned[-1])})
    assert sorted(numbers([row for batch in resumed.until(60) for row in batch])) == list(range(100, 160))


def test_packed_records_are_rows_of_their_own_and_count_once(tmp_path: Path) -> None:
    name = stream("packed", 1)
    kinesis = client("kinesis")
    kinesis.put_record(StreamName=name, Data=packed_by_google(RECORDS), PartitionKey="a")
    kinesis.put_record(StreamName=name, Data=b"plain", PartitionKey="b")
    query = Query({"stream": name, "spoolDir": str(tmp_path)})
    start, end = query.plan()
    rows = query.rows(start, end)
    assert [(row["partition_key"], row["value"]) for row in rows] == [*RECORDS, ("b", b"plain")]
    assert [row["sub_sequence"] for row in rows] == [*range(len(RECORDS)), 0]
    assert end[only_shard(name)]["count"] == 2


@pytest.mark.parametrize("refuse", [0.0, 0.3])
def test_what_the_producer_packs_comes_back_whole_and_in_order(refuse: float) -> None:
    name = stream(f"pack{refuse}-streams", 3)
    records = [Record("streams", f"k{n % 20 if n < 4_000 else 20}", b'{"n": %d}' % n) for n in range(8_000)]
    throttled = Throttled(client("kinesis"), refuse)
    target = Kinesis(throttled, name.removesuffix("streams"), pack=True, pause=no_pause)
    tally = produce(records, target)
    assert (tally.acknowledged.total(), tally.unsettled, throttled.keys_twice) == (8_000, 0, 0)
    assert sum(len(page.records) for shard in wait(name) for page in pages(name, shard["ShardId"])) < 100
    assert_each_once_and_in_order(Query({"stream": name}).until(8_000), 8_000)


def pages(name: str, shard: str) -> Iterator[Page]:
    return Stream(client("kinesis"), name).pages(shard, Position(), 100_000)


def test_options_that_cannot_be_are_said() -> None:
    with pytest.raises(StreamError, match="give the option stream"):
        KinesisReader({})
    with pytest.raises(StreamError, match="Kinesis stream nowhere: there is none"):
        Query({"stream": "nowhere"}).plan()
    with pytest.raises(StreamError, match="startingPosition yesterday: give TRIM_HORIZON"):
        Query({"stream": stream("odd", 1), "startingPosition": "yesterday"}).plan()
    with pytest.raises(StreamError, match="not a position"):
        Query({"stream": "odd", "startingPosition": '{"shard": {"offset": 5}}'}).plan()


class Trimmed:
    """A client of a stream that has forgotten the first records of its shard, as Kinesis does after the retention."""

    def __init__(self, inner: Any, forgotten: int) -> None:
        self._inner, self._forgotten = inner, forgotten
        self._oldest = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def get_records(self, **request: Any) -> Any:
        answer = self._inner.get_records(**request)
        kept = [record for record in answer["Records"] if self._number(record) >= self._forgotten]
        return {**answer, "Records": kept}

    @staticmethod
    def _number(record: Mapping[str, Any]) -> int:
        return int(record["Data"].split(b":")[1].rstrip(b"}"))


def read_position(name: str, count: int, age_hours: float) -> tuple[str, Position]:
    """Behind the first records of the only shard, read so long ago."""
    shard = only_shard(name)
    page = next(Stream(client("kinesis"), name).pages(shard, Position(), count))
    until_ms = int(time.time() * 1000 - age_hours * HOUR_MS)
    return shard, Position(after=page.position.after, count=count, until_ms=until_ms)


@pytest.mark.parametrize(
    ("forgotten", "age_hours", "is_lost"),
    [
        (0, 1, False),  # nothing is gone
        (60, 25, True),  # what was not read is gone too
        (49, 25, False),  # long ago, but the last record that was read is still there
        (50, 25, True),  # it is not: nobody can say what came after it
        (50, 23, False),  # it was not so long ago: nothing behind it can be gone
    ],
)
def test_records_that_may_be_gone_unread_are_an_error(forgotten: int, age_hours: float, is_lost: bool) -> None:
    name = stream(f"trimmed-{forgotten}-{age_hours}", 1)
    put(name, 0, 100)
    shard, position = read_position(name, 50, age_hours)
    source = Stream(Trimmed(client("kinesis"), forgotten), name)
    if is_lost:
        with pytest.raises(StreamError, match=r"some may be gone\. Keep records longer .* failOnDataLoss=false"):
            next(source.pages(shard, position, 100))
    else:
        assert sum(len(page.records) for page in source.pages(shard, position, 100)) == 50
    lenient = Stream(Trimmed(client("kinesis"), forgotten), name, fail_on_loss=False)
    assert sum(len(page.records) for page in lenient.pages(shard, position, 100)) == 100 - max(50, forgotten)


@pytest.mark.parametrize("forgotten", [1, 30, 60])
def test_a_replay_that_misses_a_record_is_an_error(forgotten: int) -> None:
    name = stream(f"replay-{forgotten}", 1)
    put(name, 0, 100)
    shard, end = read_position(name, 50, 0)
    with pytest.raises(StreamError, match=f"{min(forgotten, 50)} records up to .* are gone"):
        list(Stream(Trimmed(client("kinesis"), forgotten), name).replay(shard, Position(), end))
    whole = [record for page in Stream(client("kinesis"), name).replay(shard, Position(), end) for record in page]
    assert len(whole) == 50


def test_an_idle_shard_is_known_to_be_read_and_outlives_a_long_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last record is older than the retention, but the position says that nothing came after it."""
    name = stream("idle", 1)
    put(name, 0, 10)
    shard, position = read_position(name, 10, 30)
    query = Query({"stream": name, "failOnDataLoss": "false"}, [{shard: position.as_json()}])
    start, end = query.plan()
    assert end[shard]["until_ms"] > start[shard]["until_ms"] + 29 * HOUR_MS
    assert query.rows(start, end) == []
    assert query.plan()[1] == end
    strict = Stream(Trimmed(client("kinesis"), 10), name)
    assert [page.records for page in strict.pages(shard, Position.of(end[shard]), 100)] == [[]]


def test_a_shard_that_vanished_unread_is_an_error() -> None:
    name = stream("vanished", 1)
    gone = [{"shardId-000000000077": {"after": "5", "count": 5}}]
    with pytest.raises(StreamError, match="no shardId-000000000077 any more"):
        Query({"stream": name}, gone).plan()
    assert list(Query({"stream": name, "failOnDataLoss": "false"}, gone).plan()[1]) == [only_shard(name)]


def test_an_end_says_how_far_behind_the_newest_record_it_is() -> None:
    name = stream("behind", 1)
    put(name, 0, 300)
    query = Query({"stream": name, "maxRecordsPerBatch": "100"})
    shard = only_shard(name)
    ends = [query.plan()[1][shard] for _ in range(3)]
    assert [end["count"] for end in ends] == [100, 200, 300]
    assert "behind_ms" not in ends[-1]
    assert all(end.get("behind_ms", 0) >= 0 for end in ends)
