"""The contract check on records of a broker: the lander's own SQL, run by DuckDB inside Spark's Python workers.

Each record is one JSON text, as a line of an NDJSON file is one for the lander. A worker checks its part of a
micro-batch and writes the part's files of the raw zone; the driver then publishes the manifest over all parts.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from ingestion import steps
from ingestion.lander import delimited, lines, objects, plan, write
from ingestion.lander.land import stage_once
from ingestion.settings import Settings
from ingestion.zone import Zone

#: Names of files leave room for as many of one part.
FILES_OF_A_PART = 1000
#: What a part yields to the driver: one row of JSON, an `ingestion.lander.write.Written`.
RESULT = "written string"


@dataclass(frozen=True)
class Attempt:
    """What every worker must know about one attempt at a micro-batch.

    first_rows: part -> number of its first record in the batch, from 1; columns: those that all files of the batch
    must have, because the readers take the files of one manifest for alike.
    """

    settings: Settings
    batch: write.Batch
    first_rows: dict[int, int]
    columns: tuple[str, ...]


def land_part(attempt: Attempt, part: int, texts: Iterator[pa.BinaryArray]) -> write.Written:
    """Check the records of one part and write its files; none for a part without records.

    Raises what the storage raises; nothing that stands in a record makes it raise.
    """
    batch = attempt.batch
    held = _first_of(texts)
    if held is None:
        return write.Written()
    first, rest = held
    zone = _zone(attempt.settings.raw)
    folder = attempt.settings.scratch / f"stream-{batch.batch_id}-{part}"
    staged = folder / "staged"
    try:
        with write.connect(attempt.settings) as connection:
            sample = framed(first[: lines.SAMPLE], 1).column(delimited.schema(1).names[-1])
            table = objects.of_lines(
                _reader(attempt.first_rows[part], first, rest),
                plan.wanted_keys(batch.contract, None),
                lines.layouts(sample.to_pylist()),
            )
            queries = plan.check_queries(batch.contract, None, table, batch.arrived_at)
            stage_once(connection, table, queries, staged)
            steps.on_step("staged")
            written = write.count(connection, staged, batch.contract, attempt.columns)
            write.write_accepted(connection, zone, batch, staged, written, attempt.settings.pii_key)
            write.write_refused(connection, zone, batch, staged, written)
            return written
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _first_of(texts: Iterator[pa.BinaryArray]) -> tuple[pa.BinaryArray, Iterator[pa.BinaryArray]] | None:
    for one in texts:
        if len(one):
            return one, texts
    return None


def _reader(
    number: int, first: pa.BinaryArray, rest: Iterator[pa.BinaryArray]
) -> Callable[[], Iterator[pa.RecordBatch]]:
    """Numbered record batches for the check; they can be read once."""

    def read() -> Iterator[pa.RecordBatch]:
        at = number
        yield framed(first, at)
        at += len(first)
        for values in rest:
            yield framed(values, at)
            at += len(values)

    return read


def framed(values: pa.BinaryArray, number: int) -> pa.RecordBatch:
    """Records as the check takes them, numbered from `number`.

    One that is not UTF-8 is marked and kept byte by byte as Latin-1, as the lander does with such a line; one without
    a value (Kafka's tombstone) is an empty text.
    """
    numbers = range(number, number + len(values))
    values = pc.fill_null(values, b"")
    try:
        return delimited.framed(numbers, [values.cast(pa.string())], checked=True)
    except pa.ArrowInvalid:
        latin = pa.array([value.decode("latin-1") for value in values.to_pylist()], pa.string())
        return delimited.framed(numbers, [latin], checked=False)


@cache
def _zone(root: Path | str) -> Zone:
    """One zone a process: a worker serves many batches, and making a client of S3 takes a third of a second."""
    return Zone(root)


def in_worker(attempt: Attempt) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    """The function for DataFrame.mapInArrow over one column of records, giving `RESULT`."""

    def land(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        from pyspark import TaskContext

        context = TaskContext.get()
        assert context is not None
        part = context.partitionId()
        written = land_part(_of_part(attempt, part), part, (batch.column(0) for batch in batches))
        yield pa.record_batch([pa.array([json.dumps(asdict(written))])], names=["written"])

    return land


def _of_part(attempt: Attempt, part: int) -> Attempt:
    """With file names that no other part takes."""
    batch = attempt.batch
    numbered = write.Batch(
        batch.batch_id, batch.contract, batch.arrived_at, batch.source_file, first_file=part * FILES_OF_A_PART
    )
    return Attempt(attempt.settings, numbered, attempt.first_rows, attempt.columns)


def together(parts: Sequence[write.Written], columns: Sequence[str]) -> write.Written:
    """The sum of what the parts wrote; `columns`: all columns of the contract, for their order."""
    reasons = sorted({reason for part in parts for reason in part.reasons})
    found = {column for part in parts for column in part.columns}
    return write.Written(
        read=sum(part.read for part in parts),
        accepted=sum(part.accepted for part in parts),
        duplicate=sum(part.duplicate for part in parts),
        quarantined=sum(part.quarantined for part in parts),
        reasons={reason: sum(part.reasons.get(reason, 0) for part in parts) for reason in reasons},
        files=[file for part in parts for file in part.files],
        quarantine_files=[file for part in parts for file in part.quarantine_files],
        columns=[column for column in columns if column in found],
    )
