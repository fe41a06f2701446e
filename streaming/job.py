"""One run of the stream: a query for each topic, until it is told to stop.

`media stream run` starts it, and so does `spark-submit streaming/job.py` with the same options.
"""

from __future__ import annotations

import json
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from ingestion.settings import Settings
from ingestion.zone import Zone
from streaming import offsets, sources
from streaming.metrics import Metrics, log, served
from streaming.session import open_session
from streaming.settings import SNOWFLAKE, StreamError, StreamSettings, Topic
from streaming.sinks import Landed, RawSink, StopRequestedError
from streaming.snowflake import SnowflakeSink

LOOK_SECONDS = 0.5
#: A batch in the sink may finish for so long once the stream is told to stop; then it is left to the next run.
PATIENCE_SECONDS = 120.0
#: Spark's word for a query whose source had nothing new when it was asked.
IDLE = "Waiting for data to arrive"
PYTHON_ERROR = re.compile(r"(?!java|org\.)[A-Za-z_][\w.]*(Error|Exception): ")


@dataclass
class Running:
    """The query of one topic and its sink."""

    topic: Topic
    query: StreamingQuery
    sink: RawSink


def run(settings: Settings, stream: StreamSettings) -> Metrics:
    """Run until SIGTERM or SIGINT, or, without a trigger, until everything that is there has landed.

    Returns what was counted. Raises StreamError when a query fails; the others are stopped in order first.
    """
    stream.check()
    metrics = Metrics()
    with ExitStack() as stack:
        stop = stack.enter_context(_told_to_stop())
        stack.enter_context(served(metrics, stream.metrics_port))
        snowflake = SnowflakeSink(settings, stream.load_seconds, metrics) if SNOWFLAKE in stream.sinks else None
        spark = open_session(stream)
        stack.callback(spark.stop)
        if snowflake is not None:
            snowflake.start()
            stack.callback(snowflake.close)

        def landed(batch: Landed) -> None:
            metrics.landed(batch)
            if snowflake is not None:
                snowflake.landed()

        running = [_start(spark, settings, stream, topic, landed) for topic in stream.topics]
        for one in running:
            stack.callback(one.sink.close)
        log("started", source=stream.source, topics=[topic.name for topic in stream.topics], raw=str(settings.raw))
        try:
            _watch(running, metrics, stop, until_idle=stream.trigger_seconds is None and stream.source == "kinesis")
        finally:
            _stop(running, metrics)
        log("stopped", **metrics.totals())
    return metrics


def _start(
    spark: SparkSession, settings: Settings, stream: StreamSettings, topic: Topic, landed: Callable[[Landed], None]
) -> Running:
    sink = RawSink(settings, stream, topic, landed)
    known = offsets.query_id(spark, stream.checkpoint_of(topic))
    if known is not None:  # before the query starts: a second one would disturb the offset log of the first
        sink.hold(known)
    writer = (
        sources.read(spark, stream, topic, Zone(settings.raw))
        .writeStream.queryName(topic.name)
        .option("checkpointLocation", stream.checkpoint_of(topic))
        .foreachBatch(sink)
    )
    if stream.trigger_seconds is None and stream.source == "kafka":
        writer = writer.trigger(availableNow=True)
    else:
        writer = writer.trigger(processingTime=f"{stream.trigger_seconds or 0} seconds")
    return Running(topic, writer.start(), sink)


@contextmanager
def _told_to_stop() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set; a second one ends the process as ever."""
    told = threading.Event()
    before: dict[int, Any] = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def tell(number: int, _: object) -> None:
        told.set()
        signal.signal(number, before[number])

    for number in before:
        signal.signal(number, tell)
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watch(running: list[Running], metrics: Metrics, stop: threading.Event, until_idle: bool) -> None:
    """Until somebody says stop, a query fails, or all have ended; until_idle: or none has anything left to take."""
    while not stop.wait(LOOK_SECONDS):
        for one in running:
            metrics.progressed(one.topic, _progress(one.query))
            _raise_failure(one)
        if not any(one.query.isActive and not (until_idle and _is_idle(one.query)) for one in running):
            return
    log("stopping")


def _is_idle(query: StreamingQuery) -> bool:
    """Has the source just said that there is nothing new?"""
    return bool(query.status["message"] == IDLE)


def _progress(query: StreamingQuery) -> dict[str, Any] | None:
    """Spark's report of the last batch, as the JSON that it is: pyspark's own reading makes no JSON of the offsets."""
    last = query.lastProgress
    return json.loads(last.json) if last else None


def _raise_failure(one: Running) -> None:
    failure = None if one.query.isActive else one.query.exception()
    if failure is not None and not _is_stop(failure):
        raise StreamError(f"the stream of {one.topic.name} failed: {_words(failure)}") from failure


def _is_stop(failure: StreamingQueryException) -> bool:
    return StopRequestedError.__name__ in str(failure)


def _words(failure: StreamingQueryException) -> str:
    """What a person can use of a failure: the last line of a Python traceback, else the first of Spark's."""
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    told = [line for line in lines if PYTHON_ERROR.match(line)]
    return told[-1] if told else lines[0]


def _stop(running: list[Running], metrics: Metrics) -> None:
    """Let the batches that are in a sink finish, then end the queries."""
    for one in running:
        one.sink.stopping.set()
    for one in running:
        waited = 0.0
        while one.sink.busy.is_set() and waited < PATIENCE_SECONDS:
            threading.Event().wait(0.05)
            waited += 0.05
        one.query.stop()
        metrics.progressed(one.topic, _progress(one.query))


if __name__ == "__main__":
    import typer

    from ingestion.commands.stream import run as command

    typer.run(command)
