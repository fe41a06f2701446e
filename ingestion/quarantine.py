"""What was refused: looking at it, and landing it after a fix in the contract or in a mapping."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingestion import contract as contracts
from ingestion.lander import objects, plan, sources, write
from ingestion.lander.convert import quote
from ingestion.lander.land import (
    WHOLE_FILE,
    Job,
    Progress,
    land_job,
    manifest_of,
    open_job,
    stage,
)
from ingestion.lander.workshop import Workshop, workshop
from ingestion.mapping import Mapping, MappingError, load_mapping
from ingestion.settings import Settings
from ingestion.zone import Manifest, Zone, parse_instant


class ReplayError(ValueError):
    """A batch cannot be replayed; the message says why."""


@dataclass(frozen=True)
class Refused:
    """A quarantined row. raw_kind: record (raw_text is a JSON object of the original fields) or text (as it stood)."""

    source_row: int
    reasons: str
    raw_kind: str
    raw_text: str


@dataclass(frozen=True)
class Replayed:
    """What a replay did: rows looked at, rows still refused, and the batch that landed, if any."""

    rows_examined: int
    rows_refused: int
    manifest: Manifest | None


def open_rows(zone: Zone, manifest: Manifest) -> int:
    """How many of a batch's refused rows (or files: one) no replay has settled yet."""
    return manifest.rows_quarantined - sum(m.rows_settled for m in zone.replays_of(manifest))


def find(zone: Zone, batch_id: str) -> Manifest:
    """The live batch of that id. Raises ReplayError naming it otherwise."""
    manifest = zone.find(batch_id)
    if manifest is None:
        raise ReplayError(f"no batch {batch_id} in {zone.root}; `media quarantine list` shows those with refused rows")
    return manifest


def whole_file(manifest: Manifest) -> str | None:
    """The name of the copy, when the batch is a file that was refused whole."""
    for name in manifest.quarantine_files:
        if Path(name).name.startswith(manifest.batch_id + WHOLE_FILE):
            return name
    return None


def refused_rows(zone: Zone, manifest: Manifest, limit: int | None = None) -> Iterator[Refused]:
    """The refused rows of a batch in the order of the file; none for a file refused whole."""
    if not manifest.quarantine_files or whole_file(manifest) is not None:
        return
    with duckdb.connect() as connection:
        zone.storage.prepare(connection)
        rows = connection.execute(
            f"select source_row, reasons, raw_kind, raw_text from {_files(zone, manifest.quarantine_files)} "
            f"order by source_row {'' if limit is None else f'limit {limit}'}"
        ).fetchall()
    for row in rows:
        yield Refused(*row)


def _files(zone: Zone, names: list[str]) -> str:
    return "read_parquet([" + ", ".join(quote(zone.storage.url(name)) for name in names) + "])"


def replay(settings: Settings, batch_id: str, mapping: Mapping | None = None) -> Replayed:
    """Check a batch's refused rows anew, under today's contract and mapping, and land what is good now.

    Rows that an earlier replay settled are not looked at again; rows that are still bad stay where they are.
    mapping: None takes the one that the batch was landed with. Raises ReplayError.
    """
    with workshop(settings) as shop:
        manifest = find(shop.zone, batch_id)
        if open_rows(shop.zone, manifest) <= 0:
            return Replayed(0, 0, None)
        chosen = mapping or _mapping_of(manifest)
        if chosen is not None and chosen.input != manifest.input:
            raise ReplayError(f"mapping {chosen.name} is for {chosen.input}; batch {batch_id} is of {manifest.input}")
        copy = whole_file(manifest)
        if copy is not None:
            return _replay_file(shop, manifest, chosen, shop.zone.storage.fetch(copy, shop.folder))
        return _replay_rows(shop, manifest, chosen)


def _mapping_of(manifest: Manifest) -> Mapping | None:
    if manifest.mapping is None:
        return None
    try:
        return load_mapping(manifest.mapping)
    except MappingError as error:
        raise ReplayError(
            f"batch {manifest.batch_id} was landed with the mapping {manifest.mapping}, which is not a shipped one; "
            "give its file with --mapping"
        ) from error


def _job(manifest: Manifest, mapping: Mapping | None, file: sources.Inspection) -> Job:
    arrived_at = parse_instant(manifest.arrived_at)
    return Job(file, manifest.source, mapping, arrived_at, manifest.input, replay_of=manifest.batch_id)


def _replay_file(shop: Workshop, manifest: Manifest, mapping: Mapping | None, copy: Path) -> Replayed:
    """Land a copied file as if it came now; what is still wrong with all of it leaves it where it is."""
    job = _job(manifest, mapping, sources.inspect(copy))
    contract, table, _ = open_job(job, Progress().advance)
    if table is None or plan.make_plan(contract, mapping, table).missing:
        return Replayed(1, 1, None)
    batch_id, delivery = shop.zone.next_replay(manifest, mapping.name if mapping else None)
    landed = land_job(shop, job, contract, table, None, batch_id, delivery).manifest
    return Replayed(1, 0, landed)


def _replay_rows(shop: Workshop, manifest: Manifest, mapping: Mapping | None) -> Replayed:
    """Check the refused rows of a batch and land the good ones."""
    contract = contracts.load(manifest.input)
    batch_id, delivery = shop.zone.next_replay(manifest, mapping.name if mapping else None)
    file = sources.Inspection(Path(manifest.source), "json", False, manifest.content_hash, True, 0, b"", 0)
    job = _job(manifest, mapping, file)
    batch = write.Batch(batch_id, contract, job.arrived_at, manifest.source)
    shop.zone.remove_leftovers(contract.name, batch_id)
    staged = shop.folder / batch_id
    with write.connect(shop.settings) as connection:
        shop.zone.storage.prepare(connection)
        settled = _settled(connection, shop.zone, manifest)
        source = (
            f"(select source_row, raw_text as record from {_files(shop.zone, manifest.quarantine_files)} "
            f"where raw_kind = 'record' and source_row not in (select source_row from {settled}))"
        )
        table = objects.of_records(connection, source, plan.wanted_keys(contract, mapping))
        stage(connection, table, plan.check_queries(contract, mapping, table, batch.arrived_at), staged, file)
        written = write.count(connection, staged, contract)
        write.write_accepted(connection, shop.zone, batch, staged, written, shop.settings.pii_key)
    examined = open_rows(shop.zone, manifest)
    if not written.accepted:
        return Replayed(examined, examined, None)
    good = written.accepted + written.duplicate
    written.read, written.quarantined, written.reasons = good, 0, {}
    landed = manifest_of(batch, written, job, delivery, rows_settled=good)
    if not shop.zone.publish(landed):
        raise ReplayError(f"batch {batch_id} was landed by somebody else just now; replay once more")
    return Replayed(examined, examined - good, landed)


def _settled(connection: duckdb.DuckDBPyConnection, zone: Zone, manifest: Manifest) -> str:
    """A table of the row numbers that earlier replays took out of quarantine."""
    connection.execute("create temp table settled (source_row bigint)")
    for earlier in zone.replays_of(manifest):
        if earlier.files:
            connection.execute(f"insert into settled select source_row from {_files(zone, earlier.files)}")
        if earlier.duplicate_rows:
            connection.execute("insert into settled select unnest(?::bigint[])", [earlier.duplicate_rows])
    return "settled"
