"""Shards that are split and merged while they are read, on a Kinesis that does both; and the whole job over it."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

from ingestion.zone import Zone
from streaming.aws import client
from streaming.feed import Record
from streaming.produce import produce
from streaming.targets import Kinesis
from tests.engines.base import CHECKOUT, Engine
from tests.engines.wanted import a_kinesis
from tests.streaming import jobs
from tests.streaming.kinesis_driver import Query, Row, assert_each_once_and_in_order, put, stream, wait

pytestmark = pytest.mark.slow
KEYS = 20


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with a_kinesis(tmp_path_factory.mktemp("kinesis")) as engine:
        yield engine


def opened(name: str) -> list[dict[str, Any]]:
    """The shards that take records, in the order of their keys."""
    found = [shard for shard in wait(name) if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
    return sorted(found, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))


def split(name: str, place: int = 0) -> None:
    """Cut one of the open shards in the middle."""
    shard = opened(name)[place]
    low, high = (int(shard["HashKeyRange"][f"{end}HashKey"]) for end in ("Starting", "Ending"))
    client("kinesis").split_shard(
        StreamName=name, ShardToSplit=shard["ShardId"], NewStartingHashKey=str((low + high) // 2)
    )
    wait(name)


def merge(name: str, place: int = 0) -> None:
    """Make one of two neighbours."""
    first, second = opened(name)[place : place + 2]
    client("kinesis").merge_shards(
        StreamName=name, ShardToMerge=first["ShardId"], AdjacentShardToMerge=second["ShardId"]
    )
    wait(name)


def test_a_split_and_a_merge_in_the_middle_lose_repeat_and_reorder_nothing(engine: Engine, tmp_path: Path) -> None:
    name = stream("middle", 2)
    options = {"stream": name, "maxRecordsPerBatch": "150", "spoolDir": str(tmp_path)}
    query = Query(options)
    put(name, 0, 300)
    batches = [query.batch()]
    split(name)
    put(name, 300, 300)
    batches += [query.batch(), query.batch()]
    merge(name, 1)
    put(name, 600, 300)
    batches += query.until(900 - sum(map(len, batches)))
    assert_each_once_and_in_order(batches, 900)
    assert len({row["shard"] for batch in batches for row in batch}) == 5
    assert list(tmp_path.glob("*.arrow")) == []


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_puts_splits_merges_batches_and_kills(engine: Engine, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    name = stream(f"any-{seed}", chance.randint(1, 3))
    options = {"stream": name, "maxRecordsPerBatch": str(chance.choice([40, 200, 5_000]))}
    options |= {"spoolDir": str(tmp_path)} if seed % 2 else {}
    query, sent = Query(options), 0
    landed: dict[int, list[Row]] = {}
    for _ in range(25):
        step = chance.choice(["put", "put", "split", "merge", "batch", "batch", "killed when planned", "killed"])
        if step == "put":
            put(name, sent, 40, KEYS)
            sent += 40
        elif step == "split" and len(opened(name)) < 5:
            split(name, chance.randrange(len(opened(name))))
        elif step == "merge" and len(opened(name)) > 1:
            merge(name, chance.randrange(len(opened(name)) - 1))
        elif step == "batch":
            start, end = query.plan()
            landed[len(query.planned)] = query.rows(start, end)
            query.reader.commit(end)
        elif step == "killed when planned":  # the batch is run by the next process, as Spark does
            start, end = query.plan()
            if chance.random() < 0.5:
                query.rows(start, end)
            query = Query(options, query.planned)
            landed[len(query.planned)] = query.rows(start, end)
        elif step == "killed":
            query = Query(options, query.planned)
    while sum(map(len, landed.values())) < sent:
        start, end = query.plan()
        landed[len(query.planned)] = query.rows(start, end)
        assert len(query.planned) < 400
    assert_each_once_and_in_order(list(landed.values()), sent)


def lines(count: int) -> list[Record]:
    """Listens that differ, of a few accounts."""
    return [
        Record("streams", f"k{n % KEYS}", json.dumps({
            "user_id": n % KEYS, "track_id": f"t{n}", "listen_time": f"2026-01-05 10:{n // 60 % 60:02d}:{n % 60:02d}",
        }).encode())
        for n in range(count)
    ]  # fmt: skip


def job(engine: Engine, home: Path, die: str = "") -> tuple[int, str]:
    """`media stream run` of the stream until all that is there has landed, or it is killed."""
    words = [
        "--source",
        "kinesis",
        "--topic",
        "job-streams=streams",
        "--once",
        "--checkpoint",
        str(home / "checkpoint"),
    ]
    environment = {
        **os.environ, **engine.environment, "MEDIA_HOME": str(home), "MEDIA_RAW": str(home), "DIE_AT": die,
        "PYTHONPATH": os.pathsep.join([str(jobs.DYING), str(CHECKOUT)] if die else [str(CHECKOUT)]),
    }  # fmt: skip
    done = subprocess.run(
        jobs.command(*words), cwd=CHECKOUT, env=environment, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.usefixtures("spark")
@pytest.mark.timeout(400)
def test_a_killed_job_among_splits_and_merges_lands_each_event_once(engine: Engine, tmp_path: Path) -> None:
    name = stream("job-streams", 2)
    events = lines(2_000)
    target = Kinesis(client("kinesis"), "job-")
    produce(events[:500], target)
    split(name)
    produce([*events[500:900], Record("streams", "broken", b'{"user_id": ')], target)
    code, said = job(engine, tmp_path, die="publish:1")
    assert code == -9, said[-3000:]
    assert not list(Zone(tmp_path).manifests())
    merge(name, 1)
    produce(events[900:], target)
    code, said = job(engine, tmp_path)
    assert code == 0, said[-3000:]
    manifests = list(Zone(tmp_path).manifests())
    assert sum(manifest.rows_read for manifest in manifests) == 2_001
    assert sum(manifest.rows_quarantined for manifest in manifests) == 1
    files = [tmp_path / file for manifest in manifests for file in manifest.files]
    landed = [track for file in files for track in parquet.ParquetFile(file).read(["track_id"])["track_id"].to_pylist()]
    assert sorted(landed) == sorted(f"t{n}" for n in range(2_000))
    assert len(manifests) >= 3
    assert all(manifest.stream and manifest.stream["end_offsets"] for manifest in manifests)
    assert not list((tmp_path / "stream" / "job-streams" / "spool").glob("*.arrow"))
