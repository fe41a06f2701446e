"""What a run refuses before it starts Spark, and how an event or a failure is told."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from ingestion.cli import app
from streaming.metrics import Metrics
from streaming.queries import Report
from streaming.settings import StreamError, StreamSettings, Topic, parse_topics


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--topic", "nonsense"), "no input nonsense; give TOPIC=INPUT with one of"),
        (("--topic", "a=streams", "--topic", "a=streams"), "each only once"),
        (("--source", "files"), "--source files: there are kafka"),
        (("--start", "now"), "--start now: there are resume, earliest, latest"),
        (("--max-records", "0"), "--max-records 0: give a whole number"),
        (("--trigger", "-1"), "--trigger -1"),
        (("--deduplicate", "0"), "--deduplicate 0.0: give minutes"),
        (("--servers", ""), "give --servers, or set MEDIA_KAFKA_SERVERS"),
    ],
)
def test_wrong_options_are_named(options: tuple[str, ...], message: str) -> None:
    words = ["stream", "run", *(() if "--servers" in options else ("--servers", "localhost:1")), *options]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert message in result.stderr.replace("\n", " ")


def test_topics_default_to_the_inputs_of_events() -> None:
    assert parse_topics([]) == tuple(Topic(n, n) for n in ("viewership_logs", "streams", "player_events"))
    assert parse_topics(["tv.views=viewership_logs"]) == (Topic("tv.views", "viewership_logs"),)
    with pytest.raises(StreamError, match="no input x"):
        parse_topics(["a=x"])


def test_each_topic_has_a_checkpoint_of_its_own() -> None:
    stream = StreamSettings("kafka", parse_topics(["a=streams", "b=streams"]), "s3a://bucket/place/")
    assert [stream.checkpoint_of(topic) for topic in stream.topics] == ["s3a://bucket/place/a", "s3a://bucket/place/b"]


def report(repeated: int = 0, **offsets: Any) -> Report:
    return Report([offsets], too_late=0, repeated=repeated)


def test_lag_is_what_the_broker_has_and_no_batch_has_taken() -> None:
    metrics, topic = Metrics(), Topic("plays", "streams")
    metrics.progressed(topic, [])
    metrics.progressed(topic, [report(endOffset='{"plays":{"0":5,"1":7}}', latestOffset='{"plays":{"0":5,"1":9}}')])
    assert 'media_stream_lag_records{topic="plays",shard="0"} 0\n' in metrics.text()
    assert 'media_stream_lag_records{topic="plays",shard="1"} 2\n' in metrics.text()
    metrics.progressed(topic, [report(endOffset="49590338271", latestOffset=None)])
    assert 'shard="1"} 2\n' in metrics.text()


def test_records_left_out_are_counted() -> None:
    metrics, topic = Metrics(), Topic("plays", "streams")
    metrics.progressed(
        topic, [report(3, endOffset=None, latestOffset=None), report(4, endOffset=None, latestOffset=None)]
    )
    assert 'media_stream_repeated_records_total{topic="plays"} 7\n' in metrics.text()
    assert metrics.totals()["repeated"] == 7


def test_lag_of_kinesis_is_told_in_seconds() -> None:
    metrics, topic = Metrics(), Topic("plays", "streams")
    end = '{"shardId-1": {"after": "495", "count": 7, "behind_ms": 1500}, "shardId-2": {"after": "4", "count": 1}}'
    metrics.progressed(topic, [report(endOffset=end, latestOffset=None)])
    assert 'media_stream_lag_seconds{topic="plays",shard="shardId-1"} 1.5\n' in metrics.text()
    assert 'media_stream_lag_seconds{topic="plays",shard="shardId-2"} 0\n' in metrics.text()
