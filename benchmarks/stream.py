"""The stream: what a further million events costs, how late they are, and other ways to land the same topic beside it.

`python -m benchmarks.stream WAY SERVERS TOPIC INPUT FOLDER` is the process of another way: Spark's own file sink, or an
append in foreachBatch, as the earlier streaming system had it. Both parse the fields that the contract names as texts
and check nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from benchmarks.history import player_plan_of
from benchmarks.measure import MEDIA, PYTHON, BenchmarkError, Cost, run, surroundings
from benchmarks.report import Part, console, show
from benchmarks.sizes import Sizes
from ingestion import contract
from ingestion.generate.deliveries import deliveries
from ingestion.generate.plan import Plan
from ingestion.generate.write import write_delivery
from ingestion.lander.sources import open_bytes
from ingestion.zone import Zone, parse_instant

if TYPE_CHECKING:
    from tests.engines.kafka import Broker

INPUTS = ("streams", "player_events")
#: What makes an event another one, so that a generated day can be sent again and again.
IDS = {"streams": b'"user_id":"', "player_events": b'"event_id":"'}
CPU_LIMIT, LATENCY_LIMIT_SECONDS = 10.0, 1.5
FILE_SINK, FOREACH_BATCH = "Spark's file sink", "append in foreachBatch"
WARM_SECONDS, RATE, LATENCY_INPUT = 30.0, 200, "streams"


def measure(home: Path, sizes: Sizes) -> Part:
    """Both kinds of events in two sizes by each way, then latencies."""
    part = Part("stream", sizes.verdict)
    if shutil.which("java") is None:
        console.print("stream: left out, there is no Java 17", highlight=False)
        return part
    from tests.engines.kafka import running

    with running(home / "kafka") as broker:
        for name in INPUTS:
            throughput(part, home, sizes, broker, name)
        rows = [latency(part, home, sizes, broker, seconds) for seconds in (1, 10)]
    show(
        f"from the producer's clock to a published manifest, {RATE} listens a second",
        ("trigger, s", "p50 s", "p95 s", "p99 s", "events"),
        rows,
    )
    p95 = float(str(rows[0][2]))
    part.claim(f"p95 {p95:.2f} s at a trigger of 1 s, below {LATENCY_LIMIT_SECONDS:g}", p95 < LATENCY_LIMIT_SECONDS)
    return part


def throughput(part: Part, home: Path, sizes: Sizes, broker: Broker, name: str) -> None:
    """CPU seconds per further million events of one input, by each way."""
    few, many = sizes.stream_events
    costs: dict[str, list[Cost]] = {"media stream run": [], FILE_SINK: [], FOREACH_BATCH: [], "media land": []}
    for count in (few, many):
        topic = f"{name}-{count}"
        with console.status(f"producing {count:,} {name}"):
            file = produce(home, broker, topic, name, count)
        for way, found in costs.items():
            place = home / "way"
            with console.status(f"{way}: {count:,} {name}"):
                found.append(cost_of(way, place, broker, topic, name, file, count))
            shutil.rmtree(place)
        file.unlink()
    rows = []
    for way, (first, second) in costs.items():
        further = (second.cpu_seconds - first.cpu_seconds) / (many - few) * 1e6
        start = first.cpu_seconds - further * few / 1e6
        rows.append((way, further, start, second.wall_seconds, second.peak_mb))
        part.figures[f"{name}, {way}"] = {"further": further, "start": start, "costs": [asdict(first), asdict(second)]}
    show(
        f"{few:,} and {many:,} {name}, everything counted (Java and workers too); peak memory of the largest process",
        ("", "CPU s per further million", "CPU s to start", "wall s", "peak MB"),
        rows,
    )
    ours = float(str(rows[0][1]))
    part.claim(f"{name}: {ours:.1f} CPU s per further million events, at most {CPU_LIMIT:g}", ours <= CPU_LIMIT)


def produce(home: Path, broker: Broker, topic: str, name: str, count: int) -> Path:
    """Write so many events to a new topic of four partitions, and to a file."""
    from confluent_kafka import Producer

    plan = player_plan_of(20_000, 1) if name == "player_events" else Plan(days=1, accounts=9_000, titles=50, tracks=500)
    (delivery,) = list(deliveries(plan, name, None, "ndjson"))[:1]
    written = write_delivery(delivery, home / "generated", "ndjson")
    with open_bytes(written, written.suffix == ".gz") as content:
        lines = content.read().splitlines()
    broker.create_topic(topic, 4)
    producer = Producer({"bootstrap.servers": broker.servers, "linger.ms": 50, "compression.type": "lz4"})
    file = home / f"{topic}.ndjson"
    with file.open("wb") as copy:
        for number, line in enumerate(islice(cycle(lines), count)):
            other = line.replace(IDS[name], IDS[name] + b"%d-" % (number // len(lines)), 1)
            copy.write(other + b"\n")
            while True:
                try:
                    producer.produce(topic, other, str(number // 30))
                    break
                except BufferError:
                    producer.poll(0.1)
    producer.flush()
    return file


def cost_of(way: str, place: Path, broker: Broker, topic: str, name: str, file: Path, count: int) -> Cost:
    """What one way costs. BenchmarkError unless all events have landed."""
    place.mkdir()
    env = surroundings(place) | {"MEDIA_KAFKA_SERVERS": broker.servers}
    if way in (FILE_SINK, FOREACH_BATCH):
        cost = run([PYTHON, "-m", "benchmarks.stream", way, broker.servers, topic, name, place], env, place / "log.txt")
        landed = rows_in(f"{place}/rows/*.parquet")
    else:
        words = ("stream", "run", "--topic", f"{topic}={name}", "--once") if way != "media land" else ("land", file)
        cost = run([*MEDIA, *words], env, place / "log.txt")
        landed = sum(one.rows_read for one in Zone(place).manifests())
    if landed != count:
        raise BenchmarkError(f"{way}: {landed:,} of {count:,} events have landed")
    return cost


def rows_in(files: str) -> int:
    """Rows of Parquet files."""
    found = duckdb.execute(f"select count(*) from read_parquet('{files}')").fetchone()
    return int(found[0]) if found else 0


def latency(part: Part, home: Path, sizes: Sizes, broker: Broker, trigger: int) -> tuple[object, ...]:
    """Seconds from an event's making to the manifest that makes it readable, at one trigger."""
    topic, place = f"latency-{trigger}", home / f"latency-{trigger}"
    place.mkdir()
    broker.create_topic(topic, 2)
    env = {**os.environ, **surroundings(place), "MEDIA_KAFKA_SERVERS": broker.servers}
    words = ["stream", "run", "--topic", f"{topic}={LATENCY_INPUT}", "--trigger", str(trigger), "--parts", "1"]
    log = place / "job.log"
    with log.open("wb") as output:
        job = subprocess.Popen([*MEDIA, *words], env=env, stdout=output, stderr=output, start_new_session=True)
    try:
        with console.status(f"latency at a trigger of {trigger} s"):
            while job.poll() is None and b'"started"' not in log.read_bytes():
                time.sleep(0.2)
            began = time.time()
            send_steadily(broker, topic, WARM_SECONDS + sizes.stream_latency_seconds)
            job.send_signal(signal.SIGTERM)
            code = job.wait(120)
    finally:
        if job.poll() is None:
            os.killpg(job.pid, signal.SIGKILL)
            job.wait()
    if code:
        raise BenchmarkError(f"exit code {code}: media stream run\n{log.read_text()[-2000:]}")
    late = sorted(seconds_late(log, place, began + WARM_SECONDS))
    found = [late[round(share * (len(late) - 1))] for share in (0.5, 0.95, 0.99)]
    part.figures[f"latency, trigger {trigger} s"] = dict(zip(("p50", "p95", "p99"), found, strict=True))
    return (str(trigger), *found, len(late))


def send_steadily(broker: Broker, topic: str, seconds: float) -> None:
    """Listens with the instant of their making for a track, RATE a second."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": broker.servers, "linger.ms": 5})
    began = time.time()
    for number in range(round(seconds * RATE)):
        event = {"user_id": f"u{number}", "track_id": repr(time.time()), "listen_time": "2026-01-30T10:00:00"}
        producer.produce(topic, json.dumps(event), str(number))
        producer.poll(0)
        time.sleep(max(0.0, began + number / RATE - time.time()))
    producer.flush()


def seconds_late(log: Path, place: Path, since: float) -> Iterator[float]:
    """Of each event made after `since`."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    published = {one["batch_id"]: parse_instant(one["at"]) for one in lines if one["event"] == "batch"}
    query = f"select batch_id, track_id::double from read_parquet('{place}/raw/{LATENCY_INPUT}/*/*.parquet')"
    for batch, made in duckdb.execute(query).fetchall():
        at: datetime = published[batch]
        if made > since:
            yield at.timestamp() - made


def main(way: str, servers: str, topic: str, name: str, folder: str) -> None:
    """Land a topic the other way."""
    from pyspark.sql import DataFrame, functions
    from pyspark.sql.types import StringType, StructField, StructType

    from streaming.session import KAFKA_JARS, open_session

    spark = open_session([KAFKA_JARS])
    options = {"kafka.bootstrap.servers": servers, "subscribe": topic, "startingOffsets": "earliest"}
    frame = spark.readStream.format("kafka").options(**options, maxOffsetsPerTrigger="500000").load()
    schema = StructType([StructField(field, StringType()) for field in contract.load(name).columns])
    parsed = frame.select(functions.from_json(functions.col("value").cast("string"), schema).alias("event"))
    writer = parsed.select("event.*").writeStream.option("checkpointLocation", f"{folder}/checkpoint")
    if way == FILE_SINK:
        writer = writer.format("parquet").option("path", f"{folder}/rows")
    else:

        def append(batch: DataFrame, _: int) -> None:
            batch.write.mode("append").parquet(f"{folder}/rows")

        writer = writer.foreachBatch(append)
    writer.trigger(availableNow=True).start().awaitTermination()
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
