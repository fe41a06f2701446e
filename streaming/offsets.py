"""Where a stream has come to: in its checkpoint, and in the manifests of the raw zone, if the checkpoint is lost."""

from __future__ import annotations

import json
from typing import Any

from pyspark.sql import SparkSession

from ingestion.zone import Manifest, Zone
from streaming.settings import StreamError


def planned(spark: SparkSession, checkpoint: str, number: int) -> Any:
    """The end of a batch in the source's own terms, which Spark writes down before the batch begins.

    For Kafka {topic: {partition: offset of the next record}}. Raises StreamError for a log that is not Spark 4's.
    """
    path = f"{checkpoint}/offsets/{number}"
    try:
        *_, last = _read(spark, path).strip().splitlines()
        return json.loads(last)
    except ValueError as error:
        raise StreamError(f"{path}: not an offset log of Spark ({error})") from error


def query_id(spark: SparkSession, checkpoint: str) -> str | None:
    """The id that Spark gave the query of this checkpoint, None for a new checkpoint."""
    path = f"{checkpoint}/metadata"
    files, place = _files(spark, path)
    return str(json.loads(_read(spark, path))["id"]) if files.exists(place) else None


def has_begun(spark: SparkSession, checkpoint: str) -> bool:
    """Has a batch been planned under this checkpoint? From then on it alone says where to read."""
    files, path = _files(spark, f"{checkpoint}/offsets")
    return bool(files.exists(path)) and len(files.listStatus(path)) > 0


def last_landed(zone: Zone, input_name: str, origin: str) -> Manifest | None:
    """The last batch that any stream has landed from this source; looks at every manifest of the input."""
    found = [one for one in zone.manifests(input_name) if one.stream and one.source == origin]
    return max(found, key=lambda one: (one.arrived_at, one.stream["batch"] if one.stream else 0), default=None)


def _files(spark: SparkSession, path: str) -> tuple[Any, Any]:
    """Hadoop's file system and path: a checkpoint may lie wherever Spark can write."""
    jvm: Any = spark.sparkContext._jvm
    place = jvm.org.apache.hadoop.fs.Path(path)
    return place.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration()), place


def _read(spark: SparkSession, path: str) -> str:
    files, place = _files(spark, path)
    stream = files.open(place)
    try:
        jvm: Any = spark.sparkContext._jvm
        return str(jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
    finally:
        stream.close()
