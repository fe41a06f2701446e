"""EMR's own connector to Kinesis, which cannot run here: what it is asked for, by its documentation."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest

from ingestion.zone import Zone
from streaming import offsets, sources
from streaming.settings import StreamError, StreamSettings, Topic

TOPIC = Topic("prod-streams", "streams")


def settings(start: str = "earliest", **options: str) -> StreamSettings:
    return StreamSettings(
        "kinesis", (TOPIC,), "s3a://bucket/place", {"connector": "aws-kinesis", **options}, start=start
    )


def asked(stream: StreamSettings, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, str]]:
    """The format and the options with which Spark is asked to read a new checkpoint."""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setattr(offsets, "has_begun", lambda *_: False)
    monkeypatch.setattr(sources, "functions", mock.MagicMock())
    spark = mock.MagicMock()
    sources.read(spark, stream, TOPIC, Zone(folder))
    named = spark.readStream.format
    return named.call_args.args[0], named.return_value.options.call_args.kwargs


def test_it_is_asked_for_the_stream_from_where_the_run_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, options = asked(settings(**{"kinesis.consumerType": "GetRecords"}), tmp_path, monkeypatch)
    assert name == "aws-kinesis"
    assert options == {
        "kinesis.streamName": "prod-streams",
        "kinesis.region": "eu-west-1",
        "kinesis.endpointUrl": "https://kinesis.eu-west-1.amazonaws.com",
        "kinesis.startingPosition": "TRIM_HORIZON",
        "kinesis.maxFetchRecordsPerShard": "500000",
        "kinesis.failOnDataLoss": "true",
        "kinesis.consumerType": "GetRecords",
    }


def test_a_lost_checkpoint_needs_a_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    last = mock.Mock(stream={"end_offsets": {"shard": 1}})
    monkeypatch.setattr(offsets, "last_landed", lambda *_: last)
    with pytest.raises(StreamError, match="give --start earliest"):
        asked(settings("resume"), tmp_path, monkeypatch)


@pytest.mark.parametrize(("source", "name"), [("kafka", "aws-kinesis"), ("kinesis", "other")])
def test_no_other_connector(source: str, name: str) -> None:
    stream = StreamSettings(source, (TOPIC,), "/place", {"connector": name, "kafka.bootstrap.servers": "b:1"})
    with pytest.raises(StreamError, match=f"--option connector={name}: there is aws-kinesis, for --source kinesis"):
        stream.check()
