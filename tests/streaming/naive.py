"""The obvious way, as a control: foreachBatch appends what it gets. The harness that kills the job must catch it.

`python -m tests.streaming.naive SERVERS TOPIC FOLDER`
"""

from __future__ import annotations

import sys

from pyspark.sql import DataFrame

from ingestion import steps
from streaming.session import KAFKA_JARS, open_session


def main(servers: str, topic: str, folder: str) -> None:
    """Append the records of a topic to text files."""
    spark = open_session([KAFKA_JARS])
    options = {"kafka.bootstrap.servers": servers, "subscribe": topic, "startingOffsets": "earliest"}
    frame = spark.readStream.format("kafka").options(**options, maxOffsetsPerTrigger="500").load()

    def append(batch: DataFrame, _: int) -> None:
        batch.selectExpr("cast(value as string) as value").write.mode("append").text(f"{folder}/rows")
        steps.on_step("commit")

    writer = frame.writeStream.foreachBatch(append).option("checkpointLocation", f"{folder}/checkpoint")
    writer.trigger(availableNow=True).start().awaitTermination()
    spark.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
