"""One streaming DataFrame a topic, with what the sinks ask for: `value` (binary) and `arrived_at` (broker's clock)."""

from __future__ import annotations

import json

from pyspark.sql import DataFrame, SparkSession, functions

from ingestion.zone import Zone
from streaming import offsets
from streaming.aws import client
from streaming.kinesis_source import NAME, NEWEST, OLDEST, KinesisSource
from streaming.settings import CONNECTOR, EARLIEST, EMR, LATEST, RESUME, StreamError, StreamSettings, Topic


def read(spark: SparkSession, stream: StreamSettings, topic: Topic, zone: Zone) -> DataFrame:
    """The records of a topic from where its checkpoint stands, or from `start_of` under a new one."""
    readers = {("kafka", None): _kafka, ("kinesis", None): _kinesis, ("kinesis", EMR): _kinesis_of_emr}
    reader = readers[stream.source, stream.options.get(CONNECTOR)]
    frame = reader(spark, stream, topic, zone)
    return _once(frame, stream.deduplicate_minutes) if stream.deduplicate_minutes else frame


def _once(frame: DataFrame, minutes: float) -> DataFrame:
    """Without the records that repeat, byte by byte, one that came in the minutes before.

    The watermark is on the arrival here, one instant for all of a batch and written down before it begins, so that a
    batch that runs again leaves out the same. By the broker's clock, records of a shard that is read behind the others
    would count as too late, and Spark drops those.
    """
    digest = functions.sha2("value", 256).alias("digest")
    arrived = frame.select("*", functions.current_timestamp().alias("taken_at"), digest)
    watched = arrived.withWatermark("taken_at", f"{round(minutes * 60)} seconds")
    return watched.dropDuplicatesWithinWatermark(["digest"]).select("value", "arrived_at")


def start_of(spark: SparkSession, stream: StreamSettings, topic: Topic, zone: Zone) -> str:
    """Where a new checkpoint begins: a word, or the end offsets of the last batch that this source gave, as JSON."""
    if stream.start != RESUME:
        return stream.start
    if offsets.has_begun(spark, stream.checkpoint_of(topic)):
        return EARLIEST  # not asked: the checkpoint knows
    last = offsets.last_landed(zone, topic.input, stream.origin(topic))
    return json.dumps(last.stream["end_offsets"]) if last and last.stream else EARLIEST


def _kafka(spark: SparkSession, stream: StreamSettings, topic: Topic, zone: Zone) -> DataFrame:
    """Spark's own connector. Records that the broker has dropped before they were read end the stream with an error."""
    options = {
        "startingOffsets": start_of(spark, stream, topic, zone),
        "maxOffsetsPerTrigger": str(stream.max_records),
        "failOnDataLoss": "true",
        "kafka.isolation.level": "read_committed",
        **stream.options,
        "subscribe": topic.name,
    }
    frame = spark.readStream.format("kafka").options(**options).load()
    return frame.select("value", functions.col("timestamp").alias("arrived_at"))


def _kinesis(spark: SparkSession, stream: StreamSettings, topic: Topic, zone: Zone) -> DataFrame:
    """Our own source. Of the trigger availableNow Spark would run one batch; `job` ends a run that is to end."""
    spark.dataSource.register(KinesisSource)
    begin = start_of(spark, stream, topic, zone)
    options = {
        "startingPosition": {EARLIEST: OLDEST, LATEST: NEWEST}.get(begin, begin),
        "maxRecordsPerBatch": str(stream.max_records),
    }
    checkpoint = stream.checkpoint_of(topic)
    if str(spark.sparkContext.master).startswith("local") and "://" not in checkpoint:
        options["spoolDir"] = f"{checkpoint}/spool"
    frame = spark.readStream.format(NAME).options(**{**options, **stream.options, "stream": topic.name}).load()
    return frame.select("value", "arrived_at")


def _kinesis_of_emr(spark: SparkSession, stream: StreamSettings, topic: Topic, zone: Zone) -> DataFrame:
    """The connector that EMR brings, by its documentation; it never ran here.

    It keeps its positions beside the checkpoint, written by the tasks of a batch, and wants them to run once only: the
    sink keeps a batch's records before it looks at them, and does not ask again for those of a batch that has landed.
    """
    begin = start_of(spark, stream, topic, zone)
    if begin not in (EARLIEST, LATEST):
        raise StreamError(
            f"{topic.name}: {EMR} keeps its positions in the checkpoint alone, so a new one cannot go on behind the "
            "last batch: give --start earliest (dbt removes what comes twice) or --start latest"
        )
    region = client("kinesis").meta.region_name
    options = {
        "kinesis.region": region,
        "kinesis.endpointUrl": f"https://kinesis.{region}.amazonaws.com",
        "kinesis.startingPosition": {EARLIEST: OLDEST, LATEST: NEWEST}[begin],
        "kinesis.maxFetchRecordsPerShard": str(stream.max_records),
        "kinesis.failOnDataLoss": "true",
        **{name: value for name, value in stream.options.items() if name != CONNECTOR},
        "kinesis.streamName": topic.name,
    }
    frame = spark.readStream.format(EMR).options(**options).load()
    return frame.select(
        functions.col("data").alias("value"), functions.col("approximateArrivalTimestamp").alias("arrived_at")
    )
