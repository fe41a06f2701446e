"""`media stream`: events from a broker into the raw zone, with Spark."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from typing import Annotated

import typer

from ingestion.commands import output
from streaming.settings import StreamSettings, parse_topics

app = typer.Typer(help="Land events from Kafka or Kinesis as they come, with Spark.", no_args_is_help=True)

EXAMPLES = """
Examples:

    media stream run --servers broker:9092

    media stream run --servers broker:9092 --topic player_events --topic tv.views=viewership_logs --trigger 60

    media stream run --servers broker:9092 --sink s3 --sink snowflake --metrics-port 9108

    media stream run --source kinesis --topic prod-streams=streams

    media stream run --servers broker:9092 --once --checkpoint s3a://bucket/checkpoints

Each batch lands once, whatever is killed: start the same command again. Records that break the contract go to
quarantine with every reason. Ends in order on SIGTERM and Ctrl-C.
"""


@app.callback()
def stream() -> None:
    """Land events from a broker as they come, with Spark."""


@app.command("run")
def run(
    source: Annotated[str, typer.Option(help="Where the events come from: kafka or kinesis.")] = "kafka",
    servers: Annotated[
        str, typer.Option(envvar="MEDIA_KAFKA_SERVERS", help="Kafka's bootstrap servers, host:port,host:port.")
    ] = "",
    topic: Annotated[
        list[str] | None,
        typer.Option(
            help="TOPIC, if it is called like its input, or TOPIC=INPUT; several times. "
            "Without it: viewership_logs, streams, player_events."
        ),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(help="A folder, or s3a://bucket/prefix; without it stream/ in MEDIA_HOME.", metavar="PLACE"),
    ] = None,
    sink: Annotated[
        list[str] | None,
        typer.Option(
            help="s3: the raw zone at MEDIA_RAW, always one; snowflake: load it from there as well. Several times."
        ),
    ] = None,
    load_every: Annotated[float, typer.Option(help="The least seconds between two loads of Snowflake.")] = 60.0,
    trigger: Annotated[float, typer.Option(help="Seconds from one batch to the next; 0 for no pause.")] = 10.0,
    once: Annotated[bool, typer.Option("--once", help="Land everything that is there now, then end.")] = False,
    max_records: Annotated[int, typer.Option(help="The most records of one batch and topic.")] = 500_000,
    parts: Annotated[
        int | None, typer.Option(help="Tasks and files of a batch; without it as many as there are cores.")
    ] = None,
    deduplicate: Annotated[
        float | None,
        typer.Option(
            help="Leave out records that repeat, byte by byte, one of the last so many minutes; dbt does in any case.",
            metavar="MINUTES",
        ),
    ] = None,
    start: Annotated[
        str,
        typer.Option(help="Where a new checkpoint begins: resume (behind what the raw zone has), earliest, latest."),
    ] = "resume",
    metrics_port: Annotated[int | None, typer.Option(help="Serve figures for Prometheus at this port.")] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(help="An option of Spark's reader, as kafka.security.protocol=SSL; several times."),
    ] = None,
) -> None:
    """Check events against their contracts and land them in the raw zone, in batches, until told to stop."""
    with output.reported() as settings:
        _require_spark()
        from streaming.job import run as run_job

        run_job(
            settings,
            StreamSettings(
                source=source,
                topics=parse_topics(topic or []),
                checkpoint=checkpoint or str(settings.home / "stream"),
                options=_options(servers if source == "kafka" else "", option or []),
                trigger_seconds=None if once else trigger,
                max_records=max_records,
                parts=parts,
                deduplicate_minutes=deduplicate,
                start=start,
                metrics_port=metrics_port,
                sinks=tuple(sink or ["s3"]),
                load_seconds=load_every,
            ),
        )


run.__doc__ = (run.__doc__ or "") + "\n" + EXAMPLES


@app.command("live")
def live(
    checkpoint: Annotated[
        str | None,
        typer.Option(help="A folder, or s3a://bucket/prefix; without it live/ in MEDIA_HOME/stream.", metavar="PLACE"),
    ] = None,
    trigger: Annotated[float, typer.Option(help="Seconds between two looks at what has landed.")] = 10.0,
    once: Annotated[bool, typer.Option("--once", help="Take what has landed by now, then end.")] = False,
    keep_days: Annotated[int, typer.Option(help="Days that files of figures stay.", min=1)] = 2,
) -> None:
    """Keep windowed figures of player events in live/ beside raw/: activity, popularity, anomalies. Not the KPIs."""
    with output.reported() as settings:
        _require_spark()
        from streaming.live import LiveSettings
        from streaming.live import run as run_live

        place = checkpoint or str(settings.home / "stream" / "live")
        run_live(settings, LiveSettings(place, None if once else trigger, keep_days))


def _options(servers: str, given: Iterable[str]) -> dict[str, str]:
    pairs = dict(text.partition("=")[::2] for text in given)
    return {"kafka.bootstrap.servers": servers, **pairs} if servers else pairs


def _require_spark() -> None:
    """Say what is missing before Spark does so at length."""
    output.require("stream", "pyspark")
    if shutil.which("java") is None:
        raise OSError("media stream needs Java 17: install a JDK, and put java on the PATH or set JAVA_HOME")
