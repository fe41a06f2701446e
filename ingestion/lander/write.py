"""Checked rows to files: one pass over the source into a staging file, then raw and quarantine from there."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from ingestion.contract import Contract
from ingestion.lander.checks import sql_type
from ingestion.lander.convert import name, quote
from ingestion.settings import Settings
from ingestion.zone import QUARANTINE, RAW, Manifest, Zone, instant_text

FILE_BYTES = 128 << 20
ROW_GROUP_ROWS = 122_880
#: A column with more values than this in a row group gets no dictionary: DuckDB gives up at a fifth of the rows, and
#: collecting that many costs more than all compression, for files of the same size.
DICTIONARY_VALUES = 4_096
PARQUET = f"format parquet, row_group_size {ROW_GROUP_ROWS}, dictionary_size_limit {DICTIONARY_VALUES}"
#: The staged bytes of a row against those of the finished file: measured, 1.9 on the viewership log.
STAGED_PER_FINAL = 1.9


@dataclass(frozen=True)
class Batch:
    """What every row of one batch has in common. first_file: number of the first file, where several write a batch."""

    batch_id: str
    contract: Contract
    arrived_at: datetime
    source_file: str
    first_file: int = 0


@dataclass
class Written:
    """What was written: counts of rows, files relative to the zone's root, and the contract's columns in them.

    empty: those of the columns for which nothing was found.
    """

    read: int = 0
    accepted: int = 0
    duplicate: int = 0
    quarantined: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    quarantine_files: list[str] = field(default_factory=list)
    duplicate_rows: list[int] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


def manifest_of(
    batch: Batch, written: Written, content_hash: str, mapping: str | None = None, delivery: int = 0
) -> Manifest:
    """The manifest of a batch that was written. content_hash: what its id is made of."""
    return Manifest(
        batch_id=batch.batch_id,
        input=batch.contract.name,
        arrived_at=instant_text(batch.arrived_at),
        mapping=mapping,
        source=batch.source_file,
        content_hash=content_hash,
        delivery=delivery,
        rows_read=written.read,
        rows_accepted=written.accepted,
        rows_duplicate=written.duplicate,
        rows_quarantined=written.quarantined,
        reasons=written.reasons,
        files=written.files,
        quarantine_files=written.quarantine_files,
        columns=written.columns,
    )


def connect(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A connection in UTC that holds no more than the settings allow and spills under MEDIA_HOME."""
    settings.scratch.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    connection.execute(
        f"set timezone = 'UTC'; set threads = {settings.threads}; set memory_limit = {quote(settings.memory_limit)};"
        f"set temp_directory = {quote(str(settings.scratch / 'spill'))}; set preserve_insertion_order = true;"
        "set enable_progress_bar = false"
    )
    return connection


def stage(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
    """Run the check over one piece of a file, into a file that is read several times and then thrown away.

    The file has those of the contract's columns only that the check could find. Returns its number of rows.
    """
    copied = connection.execute(f"copy ({query}) to {quote(str(target))} ({PARQUET}, compression lz4)").fetchone()
    return int(copied[0]) if copied else 0


def _staged_rows(staged: Path) -> str:
    return f"read_parquet({quote(str(staged / '*.parquet'))}, union_by_name = true)"


def _staged_columns(connection: duckdb.DuckDBPyConnection, staged: Path) -> set[str]:
    return {column for column, *_ in connection.execute(f"describe select * from {_staged_rows(staged)}").fetchall()}


def count(
    connection: duckdb.DuckDBPyConnection, staged: Path, contract: Contract, also: Collection[str] = ()
) -> Written:
    """Counts, counts by reason, and which rows repeat an earlier one in every column.

    also: columns that the files get whether or not anything was found for them.
    """
    rows = _staged_rows(staged)
    read, bad = connection.execute(f"select count(*), count(reasons) from {rows}").fetchone() or (0, 0)
    reasons = connection.execute(
        f"""select reason, count(*) from (
            select unnest(from_json(reasons, '["varchar"]')) as reason from {rows} where reasons is not null
        ) group by reason order by reason"""
    ).fetchall()
    found = _staged_columns(connection, staged)
    columns = ", ".join(name(c) for c in contract.columns if c in found)
    repeated = connection.execute(
        f"""select source_row from (
            select source_row, row_number() over (partition by {columns}, extra order by source_row) as nth
            from {rows} where fingerprint in (
                select fingerprint from {rows} where fingerprint is not null group by fingerprint having count(*) > 1)
        ) where nth > 1 order by source_row"""
    ).fetchnumpy()["source_row"]
    connection.register("repeated", {"source_row": repeated})
    return Written(
        read=read,
        accepted=read - bad - len(repeated),
        duplicate=len(repeated),
        quarantined=bad,
        reasons=dict(reasons),
        duplicate_rows=[int(row) for row in repeated],
        columns=[c for c in contract.columns if c in found or c in also],
        empty=[c for c in contract.columns if c not in found and c in also],
    )


def write_accepted(
    connection: duckdb.DuckDBPyConnection, zone: Zone, batch: Batch, staged: Path, written: Written, key: str | None
) -> None:
    """The good rows, once each, into raw."""
    columns = ", ".join(_protected(batch.contract, key, written))
    only = "reasons is null and source_row not in (select source_row from repeated)"
    query = f"""select {columns}, {quote(batch.batch_id)} as batch_id, {_instant(batch)} as arrived_at,
        {quote(batch.source_file)} as source_file, source_row, extra
        from {_staged_rows(staged)} where {only}"""
    if written.accepted:
        written.files = _write_parts(connection, zone, RAW, batch, query, staged)


def write_refused(
    connection: duckdb.DuckDBPyConnection, zone: Zone, batch: Batch, staged: Path, written: Written
) -> None:
    """The bad rows into quarantine, with every reason and their original text."""
    query = f"""select source_row, reasons, raw_kind, raw_text, {quote(batch.source_file)} as source_file,
        {quote(batch.batch_id)} as batch_id, {_instant(batch)} as arrived_at
        from {_staged_rows(staged)} where reasons is not null"""
    if written.quarantined:
        written.quarantine_files = _write_parts(connection, zone, QUARANTINE, batch, query, staged)


def _instant(batch: Batch) -> str:
    return f"timestamp '{batch.arrived_at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}'"


def _write_parts(
    connection: duckdb.DuckDBPyConnection, zone: Zone, area: str, batch: Batch, query: str, staged: Path
) -> list[str]:
    """Files of about FILE_BYTES each, by ranges of source_row, named <batch_id>-<n>.parquet."""
    folder = zone.folder(area, batch.contract.name, batch.arrived_at)
    size = sum(path.stat().st_size for path in staged.iterdir())
    parts = max(1, round(size / STAGED_PER_FINAL / FILE_BYTES))
    bounds = f"select coalesce(min(source_row), 0), coalesce(max(source_row), 0) from {_staged_rows(staged)}"
    first, last = connection.execute(bounds).fetchone() or (0, 0)
    step = -(-(last - first + 1) // parts)
    files: list[str] = []
    for start in range(first, last + 1, step):
        name = f"{folder}/{batch.batch_id}-{batch.first_file + len(files)}.parquet"
        draft = zone.storage.draft(name, staged.parent)
        copied = connection.execute(
            f"copy ({query} and source_row between {start} and {start + step - 1}) to {quote(str(draft))} "
            f"({PARQUET}, compression zstd)"
        ).fetchone()
        if copied and copied[0]:
            zone.place(draft, name)
            files.append(name)
        else:
            draft.unlink()
    return files


def _protected(contract: Contract, key: str | None, written: Written) -> list[str]:
    """The columns; with a key, identifiers as HMAC-SHA256 and direct identifiers as null."""
    result = []
    for f in map(contract.field, written.columns):
        column = name(f.name)
        if f.name in written.empty:
            result.append(f"null::{sql_type(f)} as {column}")
        elif key is not None and f.pii == "identifier":
            result.append(f"{hmac_sql(column, key)} as {column}")
        elif key is not None and f.pii == "direct":
            result.append(f"null::{sql_type(f)} as {column}")
        else:
            result.append(column)
    return result


def hmac_sql(column: str, key: str) -> str:
    """SQL of HMAC-SHA256 (64 hex digits) of a text, null for null: RFC 2104 spelled with sha256()."""
    block = key.encode()
    block = (hashlib.sha256(block).digest() if len(block) > 64 else block).ljust(64, b"\0")
    inner = _blob(bytes(b ^ 0x36 for b in block))
    outer = _blob(bytes(b ^ 0x5C for b in block))
    return f"sha256({outer} || unhex(sha256({inner} || encode({column}))))"


def _blob(content: bytes) -> str:
    return "'" + "".join(f"\\x{b:02X}" for b in content) + "'::blob"


def hmac_of(text: str, key: str) -> str:
    """The same pseudonym in Python, for looking a person up."""
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
