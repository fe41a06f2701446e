"""`media produce`: events to a broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ingestion.commands import output

if TYPE_CHECKING:
    from streaming.feed import Record
    from streaming.targets import Tally, Target

GENERATOR = "generator"
INTERRUPTED = 130
STOPPING = "stopping: waiting for what is on its way (Ctrl-C again gives it up)"
EXAMPLES = """
Examples:

    media produce --source generator --to kafka --servers localhost:9092 --rate 500

    media produce --source exports/events.ndjson.gz --to kinesis --prefix prod-

    media produce --source views.csv --to firehose --json

Each input has a stream (a topic) of its own name, behind --prefix; it has to be there. Keys are digests of the session:
they spread evenly, and a session stays in order. Ctrl-C stops reading, waits for what is on its way, and says how much
was acknowledged; --skip goes on from there.

Exit codes: 0 all acknowledged; 1 unusable arguments, or a broker that cannot be used; 3 the broker refused records for
good, such as too large ones; 130 stopped by Ctrl-C.
"""


class To(StrEnum):
    """Brokers."""

    kafka = "kafka"
    kinesis = "kinesis"
    firehose = "firehose"


def produce(
    source: Annotated[
        list[str], typer.Option(help="NDJSON or CSV files, also .gz; or the word generator.", metavar="FILE|generator")
    ],
    to: Annotated[To, typer.Option(help="The broker.")],
    rate: Annotated[float | None, typer.Option(help="Records a second. [default: as fast as they are taken]")] = None,
    input_name: Annotated[
        str | None, typer.Option("--input", help="The input, where the columns do not tell it.", metavar="NAME")
    ] = None,
    servers: Annotated[
        str, typer.Option(help="Kafka's bootstrap servers.", envvar="MEDIA_KAFKA_SERVERS")
    ] = "localhost:9092",
    prefix: Annotated[str, typer.Option(help="What the names of the streams begin with.")] = "",
    pack: Annotated[
        bool,
        typer.Option("--pack", help="Kinesis: records of a session as one, for readers that unpack them."),
    ] = False,
    skip: Annotated[int, typer.Option(min=0, help="Leave out so many records first.")] = 0,
    limit: Annotated[int | None, typer.Option(min=0, help="Send so many at most.")] = None,
    days: Annotated[int, typer.Option(min=1, help="Days that the generator makes.")] = 1,
    accounts: Annotated[int, typer.Option(min=1, help="Accounts of the generator.")] = 5_000,
    seed: Annotated[int, typer.Option(help="The generator's seed.")] = 7,
    defects: Annotated[bool, typer.Option("--defects", help="Known defects in what the generator makes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout instead of a table.")] = False,
) -> None:
    """Send events to Kafka, Kinesis or Firehose, and say exactly how many were acknowledged."""
    if rate is not None and rate <= 0:
        raise typer.BadParameter("give records a second above 0", param_hint="--rate")
    with output.reported():
        records = _records(source, input_name, days, accounts, seed, defects)
        target = _target(to, servers, prefix, pack)
    code = _run(records, target, rate, skip, limit, as_json)
    raise typer.Exit(code)


produce.__doc__ = (produce.__doc__ or "") + "\n" + EXAMPLES


def _records(
    source: list[str], input_name: str | None, days: int, accounts: int, seed: int, defects: bool
) -> Iterator[Record]:
    output.require("produce", "boto3", "confluent_kafka")
    from ingestion.generate.command import PLAYBACKS_PER_ACCOUNT
    from ingestion.generate.defects import Defects
    from ingestion.generate.plan import Plan
    from ingestion.lander import sources
    from streaming.feed import of_files, of_generator

    if source == [GENERATOR]:
        plan = Plan(days=days, accounts=accounts, seed=seed, playbacks_per_account=PLAYBACKS_PER_ACCOUNT)
        return of_generator(plan, Defects() if defects else None)
    return of_files([path for path in sources.expand(source) if isinstance(path, Path)], input_name)


def _target(to: To, servers: str, prefix: str, pack: bool) -> Target:
    from streaming.aws import client
    from streaming.targets import Firehose, Kafka, Kinesis

    if to is To.kafka:
        return Kafka(servers, prefix)
    if to is To.firehose:
        return Firehose(client(to.value), prefix)
    return Kinesis(client(to.value), prefix, pack=pack)


def _run(
    records: Iterator[Record], target: Target, rate: float | None, skip: int, limit: int | None, as_json: bool
) -> int:
    """Produce, report whatever happens, and give the exit code."""
    from itertools import islice

    from streaming.produce import produce
    from streaming.stopping import told_to_stop
    from streaming.targets import Tally

    tally, began, code = Tally(), time.monotonic(), output.OK
    chosen = islice(records, skip, None if limit is None else skip + limit)
    with shown(quiet=as_json) as on_batch, told_to_stop(lambda: output.errors.print(STOPPING)) as stop:
        try:
            with output.reported():
                produce(chosen, target, rate, stop, on_batch, tally)
            code = INTERRUPTED if stop.is_set() else output.OK
        except typer.Exit as failed:
            code = failed.exit_code
        except KeyboardInterrupt:
            code = INTERRUPTED
    seconds = time.monotonic() - began
    if code == output.OK and tally.refused:
        code = output.QUARANTINED
    output.print_json(document(tally, seconds, code)) if as_json else _print(tally, seconds)
    return code


def document(tally: Tally, seconds: float, code: int) -> dict[str, object]:
    """What --json prints."""
    return {
        "exit_code": code,
        "seconds": round(seconds, 3),
        "read": tally.read.total(),
        "acknowledged": tally.acknowledged.total(),
        "refused": tally.refused.total(),
        "unsettled": tally.unsettled,
        "retried": tally.retried,
        "streams": {
            name: {
                "read": count,
                "acknowledged": tally.acknowledged[name],
                "refused": {reason: n for (of, reason), n in tally.refused.items() if of == name},
            }
            for name, count in tally.read.items()
        },
    }


def _print(tally: Tally, seconds: float) -> None:
    rows = [
        (name, count, tally.acknowledged[name], sum(n for (of, _), n in tally.refused.items() if of == name))
        for name, count in tally.read.items()
    ]
    output.print_table("Produced", ["stream", "read", "acknowledged", "refused"], rows)
    speed = tally.acknowledged.total() / seconds if seconds else 0
    typer.echo(f"{tally.acknowledged.total():,} acknowledged in {seconds:.1f} s ({speed:,.0f} a second)")
    for (name, reason), count in tally.refused.items():
        output.errors.print(f"{name}: {count:,} refused: {reason}", highlight=False)
    if tally.unsettled:
        output.errors.print(
            f"{tally.unsettled:,} were read and not acknowledged; they may have arrived or not", highlight=False
        )


@contextmanager
def shown(quiet: bool) -> Iterator[Callable[[Tally], None]]:
    """How far it is, on stderr, only where somebody looks."""
    if quiet or not output.errors.is_terminal:
        yield lambda _: None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=output.errors, transient=True) as progress:
        task = progress.add_task("")

        def told(tally: Tally) -> None:
            counts = f"{tally.read.total():,} read, {tally.acknowledged.total():,} acknowledged"
            progress.update(task, description=f"{counts}, {tally.retried:,} sent again" if tally.retried else counts)

        yield told
