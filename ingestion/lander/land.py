"""Landing files: one batch for each file, by the protocol of `ingestion.zone`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from ingestion import contract as contracts
from ingestion import steps
from ingestion.contract import Contract, ContractError
from ingestion.lander import plan, sources, tables, write
from ingestion.lander.table import Table, UnreadableError
from ingestion.lander.workshop import Workshop, workshop
from ingestion.mapping import Mapping
from ingestion.settings import Settings
from ingestion.zone import QUARANTINE, Manifest, ZoneError, instant_text

LANDED, NO_OP, FAILED = "landed", "no-op", "failed"
WHOLE_FILE = "-file"
CLOCK_SLACK = timedelta(seconds=1)


class LandingError(ValueError):
    """A file cannot be landed at all, not even into quarantine; the message says what to do."""


@dataclass(frozen=True)
class Options:
    """What the caller asked for. arrived_at: the instant of the first file, None = now."""

    input: str | None = None
    mapping: Mapping | None = None
    again: bool = False
    arrived_at: datetime | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one file. status: landed, no-op (this content stands already) or failed."""

    path: Path | sources.Remote
    status: str
    manifest: Manifest | None
    message: str = ""


def _nothing(*_: object) -> None:
    """A report that nobody reads."""


@dataclass(frozen=True)
class Progress:
    """How a landing reports to a screen; every part may do nothing."""

    start: Callable[[Path, int], None] = _nothing
    advance: Callable[[int], None] = _nothing
    waiting: Callable[[], None] = _nothing


@dataclass(frozen=True)
class Job:
    """One file on its way in."""

    file: sources.Inspection
    source: str
    mapping: Mapping | None
    arrived_at: datetime
    input: str | None = None
    replay_of: str | None = None


def first_arrival(given: datetime | None, files: int, now: datetime | None = None) -> datetime:
    """The instant of the first of `files` landed together, one microsecond apart. LandingError if in the future."""
    now = now or datetime.now(UTC)
    if given is None:
        return now
    last = given + timedelta(microseconds=max(0, files - 1))
    if last > now + CLOCK_SLACK:
        raise LandingError(f"--arrived-at {instant_text(given)} is in the future (it is {instant_text(now)})")
    return given


def land(
    settings: Settings,
    paths: Sequence[Path | sources.Remote],
    options: Options,
    progress: Progress | None = None,
) -> Iterator[Outcome]:
    """Land files in the order given, yielding an outcome for each. One file that fails does not stop the others.

    Raises LandingError, ContractError or ZoneError for what concerns all of them.
    """
    progress = progress or Progress()
    plan.check_mapping(options.mapping, options.input)
    if options.input is not None:
        contracts.load(options.input)
    arrived_at = first_arrival(options.arrived_at, len(paths))
    with workshop(settings, progress.waiting) as shop:
        for number, path in enumerate(paths):
            instant = arrived_at + timedelta(microseconds=number)
            try:
                with _at_hand(path, shop.folder) as local:
                    yield replace(_land_path(shop, local, instant, options, progress), path=path)
            except (LandingError, ContractError, ZoneError, OSError, duckdb.Error) as error:
                yield Outcome(path, FAILED, None, _naming(path, error))


@contextmanager
def _at_hand(path: Path | sources.Remote, folder: Path) -> Iterator[Path]:
    """The file on this machine's disk; a copy is there for as long as it is landed."""
    if isinstance(path, Path):
        yield path
        return
    copy = path.fetch(folder)
    try:
        yield copy
    finally:
        copy.unlink()


def _naming(path: Path | sources.Remote, error: Exception) -> str:
    """The error's text, with the file's name in front where it is not there already."""
    text = str(error)
    return text if str(path) in text else f"{path}: {text}"


def _land_path(shop: Workshop, path: Path, arrived_at: datetime, options: Options, progress: Progress) -> Outcome:
    file = sources.inspect(path)
    progress.start(path, file.size)
    job = Job(file, path.name, options.mapping, arrived_at, options.input)
    contract, table, problem = open_job(job, progress.advance)
    mapping = job.mapping.name if job.mapping else None
    batch, delivery, done = shop.zone.next_delivery(contract.name, mapping, file.content_hash, options.again)
    if done:
        standing = shop.zone.find(batch)
        at = standing.arrived_at if standing else "an unknown instant"
        return Outcome(path, NO_OP, standing, f"landed already at {at}; --again makes a new delivery of it")
    return land_job(shop, job, contract, table, problem, batch, delivery)


def open_job(job: Job, on_bytes: Callable[[int], None]) -> tuple[Contract, Table | None, UnreadableError | None]:
    """The contract of a file, and its table or why it has none. ContractError when no input can be told."""
    given = job.mapping.input if job.mapping else job.input
    known = contracts.load(given) if given else None
    try:
        table = tables.open_table(job.file, plan.wanted_keys(known, job.mapping), on_bytes)
    except UnreadableError as problem:
        return _contract_by_name(job, known), None, problem
    if known is not None:
        return known, table, None
    if table.by_object and not table.names:
        contract = _contract_by_name(job, known)
    else:
        contract = plan.choose_contract(table.names)
    if table.by_object:
        table = tables.open_table(job.file, plan.wanted_keys(contract, None), on_bytes)
    return contract, table, None


def _contract_by_name(job: Job, known: Contract | None) -> Contract:
    """The input of a file without a readable header: asked for, or that with which the file's name begins."""
    if known is not None:
        return known
    for name in sorted(contracts.names(), key=len, reverse=True):
        if job.source.lower().startswith(name):
            return contracts.load(name)
    raise LandingError(f"{job.file.path}: no columns to recognise the input by; say it with --input")


def land_job(
    shop: Workshop,
    job: Job,
    contract: Contract,
    table: Table | None,
    problem: UnreadableError | None,
    batch_id: str,
    delivery: int,
) -> Outcome:
    """Write the data files and then the manifest of one batch."""
    batch = write.Batch(batch_id, contract, job.arrived_at, job.source)
    shop.zone.remove_leftovers(contract.name, batch_id)
    steps.on_step("start")
    message, written = "", write.Written()
    try:
        if table is None:
            assert problem is not None
            raise problem
        written = _land_rows(shop, job, batch, table)
    except UnreadableError as reason:
        shop.zone.remove_leftovers(contract.name, batch_id)
        written = _quarantine_file(shop, job, batch, reason.reasons)
        message = str(reason)
    manifest = manifest_of(batch, written, job, delivery, rows_settled=1 if job.replay_of else 0)
    if not shop.zone.publish(manifest):
        return Outcome(job.file.path, NO_OP, manifest, "somebody else landed the same content just now")
    return Outcome(job.file.path, LANDED, manifest, message)


def manifest_of(batch: write.Batch, written: write.Written, job: Job, delivery: int, rows_settled: int = 0) -> Manifest:
    """The manifest of what was written."""
    return replace(
        write.manifest_of(batch, written, job.file.content_hash, job.mapping.name if job.mapping else None, delivery),
        replay_of=job.replay_of,
        rows_settled=rows_settled,
        duplicate_rows=written.duplicate_rows if job.replay_of else [],
    )


def _land_rows(shop: Workshop, job: Job, batch: write.Batch, table: Table) -> write.Written:
    """Check and write the rows of a readable file. UnreadableError when reading breaks off or a column lacks."""
    made = plan.make_plan(batch.contract, job.mapping, table)
    if made.missing:
        raise UnreadableError([f"missing_column:{name}" for name in made.missing], _lacks(job, made))
    if table.is_empty:
        return write.Written()
    staged = shop.folder / batch.batch_id
    with write.connect(shop.settings) as connection:
        queries = plan.check_queries(batch.contract, job.mapping, table, job.arrived_at)
        stage(connection, table, queries, staged, job.file)
        steps.on_step("staged")
        return write_staged(shop, connection, batch, staged)


def write_staged(
    shop: Workshop, connection: duckdb.DuckDBPyConnection, batch: write.Batch, staged: Path
) -> write.Written:
    """From the staging file to raw and to quarantine."""
    written = write.count(connection, staged, batch.contract)
    write.write_accepted(connection, shop.zone, batch, staged, written, shop.settings.pii_key)
    write.write_refused(connection, shop.zone, batch, staged, written)
    return written


def _lacks(job: Job, made: plan.Plan) -> str:
    lacking = ", ".join(" or ".join(made.contract.field(name).spellings) for name in made.missing)
    return (
        f"{job.file.path}: column {lacking} is missing, which {made.contract.name} requires; "
        "the whole file is in quarantine. Describe its columns with --mapping, then replay"
    )


def stage(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    queries: Sequence[str],
    staged: Path,
    file: sources.Inspection,
) -> None:
    """Run the checks into the folder `staged`, the fast way of reading first.

    Raises UnreadableError when no way gets through the file.
    """
    for attempt in range(max(1, len(table.attempts))):
        try:
            stage_once(connection, table, queries, staged, attempt)
            return
        except (duckdb.Error, pa.ArrowInvalid) as error:
            if attempt + 1 >= len(table.attempts):
                _give_up(file, table, error)


def stage_once(
    connection: duckdb.DuckDBPyConnection, table: Table, queries: Sequence[str], staged: Path, attempt: int = 0
) -> None:
    """Run the checks into the folder `staged`, made anew, by one way of reading."""
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    for number, rows in enumerate(tables.slices(connection, table, attempt)):
        done = 0
        for place, query in enumerate(queries):
            if done != rows:
                done += write.stage(connection, query, staged / f"{number:06d}-{place}.parquet")


def _give_up(file: sources.Inspection, table: Table, error: Exception) -> None:
    """Tell a broken file from a broken query: only the first is the file's fault."""
    if isinstance(error, duckdb.OutOfMemoryException):
        raise error
    if file.format == "parquet":
        raise UnreadableError("unreadable_file", f"{file.path}: damaged Parquet ({_first_line(error)})") from error
    if file.format == "json" and not table.attempts and isinstance(error, duckdb.InvalidInputException):
        raise UnreadableError("malformed_json", f"{file.path}: broken JSON ({_first_line(error)})") from error
    raise error


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0]


def _quarantine_file(shop: Workshop, job: Job, batch: write.Batch, reasons: Sequence[str]) -> write.Written:
    """Copy a file whole; it counts as one row."""
    folder = shop.zone.folder(QUARANTINE, batch.contract.name, batch.arrived_at)
    name = f"{folder}/{batch.batch_id}{WHOLE_FILE}{''.join(Path(job.source).suffixes[-2:])}"
    draft = shop.zone.storage.draft(name, shop.folder)
    shutil.copyfile(job.file.path, draft)
    shop.zone.place(draft, name)
    return write.Written(read=1, quarantined=1, reasons=dict.fromkeys(reasons, 1), quarantine_files=[name])
