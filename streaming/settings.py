"""What a run of the stream is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ingestion import contract as contracts

#: The inputs that are streams of events by nature, and the fields that make a session, whose events stay in order.
INPUTS = {
    "viewership_logs": ("user_id", "session_id"),  # its session_id repeats for different accounts
    "streams": ("user_id",),
    "player_events": ("session_id",),
}
SOURCES = ("kafka", "kinesis")
RESUME, EARLIEST, LATEST = "resume", "earliest", "latest"
STARTS = (RESUME, EARLIEST, LATEST)
#: --option connector=aws-kinesis: Kinesis through the connector that EMR brings.
CONNECTOR, EMR = "connector", "aws-kinesis"
#: The raw zone, in a bucket or a folder; Snowflake is loaded from there.
S3, SNOWFLAKE = "s3", "snowflake"
SINKS = (S3, SNOWFLAKE)


class StreamError(RuntimeError):
    """The stream cannot do what was asked; the message says what to change."""


class StopRequestedError(Exception):
    """A batch that began although the stream is stopping; the next run takes it."""


@dataclass(frozen=True)
class Topic:
    """A topic of Kafka or a stream of Kinesis, and the input whose contract its records follow."""

    name: str
    input: str


@dataclass(frozen=True)
class StreamSettings:
    """One run. The raw zone and the rest of the surroundings are in `ingestion.settings.Settings`.

    source: one of SOURCES; options: for its reader, by Spark's names; checkpoint: a folder or an address that Hadoop
    knows, each topic has a folder of its own below it; trigger_seconds: time between two batches, None: everything
    that is there now, then end; max_records: of a batch and topic; parts: tasks and files of a batch, None: as many
    as the session has cores; deduplicate_minutes: leave out records that repeat one of the last so many minutes byte
    by byte, None: none; start: where a new checkpoint begins (RESUME: behind the last batch in the raw zone);
    metrics_port: of the Prometheus endpoint, None: none; sinks: SNOWFLAKE beside the raw zone, which is always one;
    load_seconds: the least time between two loads of Snowflake.
    """

    source: str
    topics: tuple[Topic, ...]
    checkpoint: str
    options: Mapping[str, str] = field(default_factory=dict)
    trigger_seconds: float | None = 10.0
    max_records: int = 500_000
    parts: int | None = None
    deduplicate_minutes: float | None = None
    start: str = RESUME
    metrics_port: int | None = None
    sinks: tuple[str, ...] = (S3,)
    load_seconds: float = 60.0

    def check(self) -> None:
        """Raise StreamError for what cannot be; the message names the option."""
        if self.source not in SOURCES:
            raise StreamError(f"--source {self.source}: there are {', '.join(SOURCES)}")
        if unknown := [sink for sink in self.sinks if sink not in SINKS]:
            raise StreamError(f"--sink {unknown[0]}: there are {', '.join(SINKS)}")
        if self.start not in STARTS:
            raise StreamError(f"--start {self.start}: there are {', '.join(STARTS)}")
        if self.trigger_seconds is not None and self.trigger_seconds < 0:
            raise StreamError(f"--trigger {self.trigger_seconds}: give seconds, 0 for batches without a pause")
        if self.max_records < 1:
            raise StreamError(f"--max-records {self.max_records}: give a whole number from 1 on")
        if self.deduplicate_minutes is not None and self.deduplicate_minutes <= 0:
            raise StreamError(f"--deduplicate {self.deduplicate_minutes}: give minutes, more than 0")
        if self.source == "kafka" and "kafka.bootstrap.servers" not in self.options:
            raise StreamError("give --servers, or set MEDIA_KAFKA_SERVERS")
        if CONNECTOR in self.options and (self.source, self.options[CONNECTOR]) != ("kinesis", EMR):
            raise StreamError(f"--option {CONNECTOR}={self.options[CONNECTOR]}: there is {EMR}, for --source kinesis")
        names = [topic.name for topic in self.topics]
        if not names or len(set(names)) != len(names):
            raise StreamError("give at least one --topic, and each only once")

    def checkpoint_of(self, topic: Topic) -> str:
        """Where the query of one topic keeps its offsets."""
        return f"{self.checkpoint.rstrip('/')}/{topic.name}"

    def origin(self, topic: Topic) -> str:
        """What manifests and rows name as their source."""
        return f"{self.source}:{topic.name}"


def parse_topics(texts: list[str]) -> tuple[Topic, ...]:
    """TOPIC, where a topic is called like its input, or TOPIC=INPUT. Raises StreamError for an unknown input."""
    topics = []
    for text in texts or INPUTS:
        name, _, given = text.partition("=")
        if (given or name) not in contracts.names():
            known = ", ".join(contracts.names())
            raise StreamError(f"--topic {text}: no input {given or name}; give TOPIC=INPUT with one of {known}")
        topics.append(Topic(name, given or name))
    return tuple(topics)
