"""The Spark session: that of spark-submit where it runs under it, else one on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from pyspark.sql import SparkSession

from ingestion.storage import boto3_wanted
from streaming.jars import classpath
from streaming.settings import StreamSettings

#: Set by spark-submit for the Python program that it starts.
SUBMITTED = "PYSPARK_GATEWAY_PORT"
S3A, AMAZON = "s3a://", ".amazonaws.com"
KAFKA_JARS, S3A_JARS = "spark-kafka", "spark-s3a"
STATE = "org.apache.spark.sql.execution.streaming.state"
COMMON = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "1",
    "spark.speculation": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "20000",
    "spark.sql.streaming.metricsEnabled": "false",
    "spark.sql.streaming.stateStore.providerClass": f"{STATE}.RocksDBStateStoreProvider",
}


def open_session(jars: Sequence[str] = (), cores: int = 2, memory: str = "1g") -> SparkSession:
    """The session of a run, with these groups of jars.lock. JarsError when this machine has to fetch and cannot."""
    builder = SparkSession.builder.appName("media-stream")
    if SUBMITTED not in os.environ:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
        local = {
            "spark.master": f"local[{cores}]",
            "spark.driver.memory": memory,
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.extraClassPath": ":".join(str(jar) for group in jars for jar in classpath(group)),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        for name, value in (local | (_s3a() if S3A_JARS in jars else {})).items():
            builder = builder.config(name, value)
    for name, value in COMMON.items():
        builder = builder.config(name, value)
    spark: SparkSession = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def _s3a() -> dict[str, str]:
    """Hadoop's way to a checkpoint in a bucket that is not Amazon's, as boto3 has it.

    On Amazon's, Hadoop finds credentials itself (environment, role of the machine) and renews those that expire.
    """
    with boto3_wanted():
        from ingestion.storage import aws
    client, keys, prefix = aws.s3_client(), aws.credentials(), "spark.hadoop.fs.s3a."
    settings = {f"{prefix}endpoint.region": client.meta.region_name}
    endpoint = urlsplit(client.meta.endpoint_url)
    if not str(endpoint.hostname).endswith(AMAZON):
        settings |= {f"{prefix}endpoint": client.meta.endpoint_url, f"{prefix}path.style.access": "true"}
        settings |= {f"{prefix}access.key": keys.access_key, f"{prefix}secret.key": keys.secret_key}
        settings[f"{prefix}connection.ssl.enabled"] = str(endpoint.scheme == "https").lower()
    return settings


def jars_of(stream: StreamSettings) -> Sequence[str]:
    """The groups of jars.lock that a run needs beside Spark itself."""
    wanted = [KAFKA_JARS] if stream.source == "kafka" else []
    if stream.checkpoint.startswith(S3A):
        wanted.append(S3A_JARS)
    return wanted
