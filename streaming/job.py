"""One run of the stream: a query for each topic, until it is told to stop.

`media stream run` starts it, and so does `spark-submit streaming/job.py` with the same options.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from ingestion.settings import Settings
from ingestion.zone import Zone
from streaming import offsets, sources
from streaming.metrics import Metrics, log, served
from streaming.queries import Reports, is_idle, raise_failure
from streaming.session import jars_of, open_session
from streaming.settings import SNOWFLAKE, StreamSettings, Topic
from streaming.sinks import Landed, RawSink
from streaming.snowflake import SnowflakeSink
from streaming.stopping import told_to_stop

LOOK_SECONDS = 0.5
#: A batch in the sink may finish for so long once the stream is told to stop; then it is left to the next run.
PATIENCE_SECONDS = 120.0


@dataclass
class Running:
    """The query of one topic and its sink."""

    topic: Topic
    query: StreamingQuery
    sink: RawSink
    reports: Reports


def run(settings: Settings, stream: StreamSettings) -> Metrics:
    """Run until SIGTERM or SIGINT, or, without a trigger, until everything that is there has landed.

    Returns what was counted. Raises StreamError when a query fails; the others are stopped in order first.
    """
    stream.check()
    metrics = Metrics()
    with ExitStack() as stack:
        stop = stack.enter_context(told_to_stop())
        stack.enter_context(served(metrics, stream.metrics_port))
        snowflake = SnowflakeSink(settings, stream.load_seconds, metrics) if SNOWFLAKE in stream.sinks else None
        spark = open_session(jars_of(stream))
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
    query = writer.start()
    return Running(topic, query, sink, Reports(query))


def _watch(running: list[Running], metrics: Metrics, stop: threading.Event, until_idle: bool) -> None:
    """Until somebody says stop, a query fails, or all have ended; until_idle: or none has anything left to take."""
    while not stop.wait(LOOK_SECONDS):
        for one in running:
            metrics.progressed(one.topic, one.reports.new())
            raise_failure(one.query)
        if not any(one.query.isActive and not (until_idle and is_idle(one.query)) for one in running):
            return
    log("stopping")


def _stop(running: list[Running], metrics: Metrics) -> None:
    """Let the batches that are in a sink finish, then end the queries."""
    for one in running:
        one.sink.stopping.set()
    for one in running:
        one.sink.idle.wait(PATIENCE_SECONDS)
        one.query.stop()
        metrics.progressed(one.topic, one.reports.new())


if __name__ == "__main__":
    import typer

    from ingestion.commands.stream import run as command

    typer.run(command)
