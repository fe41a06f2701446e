"""Upkeep of the Iceberg tables: small files become large ones, old snapshots end, and files that nobody needs go.

DuckDB does none of this. Data files that are small or hold deleted rows are written anew; the others stay as they are.
Two kinds of files are removed: those that only expired snapshots needed, at once; and those that no snapshot knows (of
killed builds, dropped tables), once they are old enough not to belong to a writer that is still at work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from ingestion.lake.catalog import HINT, NAME
from ingestion.lake.files import Listed, address, files_at
from ingestion.lake.rewrite import due, rewrite
from ingestion.settings import Settings
from ingestion.storage import S3_SCHEME, boto3_wanted

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog
    from pyiceberg.table import Table

#: In a catalogue that is shared with others only what dbt builds is touched.
BUILT = ("marts", "kpi")


@dataclass(frozen=True)
class Policy:
    """Kept are snapshots younger than `keep`, unknown files younger than `orphan_age`; `dry_run` changes nothing."""

    keep: timedelta
    orphan_age: timedelta
    dry_run: bool = False


@dataclass(frozen=True)
class Outcome:
    """What was done to a table, or would be: files written anew, snapshots ended, files removed and their bytes."""

    table: str
    files_rewritten: int = 0
    snapshots_expired: int = 0
    files_removed: int = 0
    bytes_removed: int = 0
    note: str = ""


def open_catalog(settings: Settings, endpoint: str, token: str) -> Catalog:
    """pyiceberg's client of the catalogue at `endpoint`."""
    from pyiceberg.catalog.rest import RestCatalog

    options = {"uri": endpoint, "token": token}
    if settings.lake_endpoint:
        options["warehouse"] = settings.lake_warehouse
    if settings.lake_warehouse.startswith(S3_SCHEME):
        options |= _s3_options()
    return RestCatalog(NAME, **{key: value for key, value in options.items() if value})


def _s3_options() -> dict[str, str]:
    with boto3_wanted():
        from ingestion.storage import aws
    client, keys = aws.s3_client(), aws.credentials()
    return {
        "s3.endpoint": client.meta.endpoint_url,
        "s3.region": client.meta.region_name,
        "s3.access-key-id": keys.access_key,
        "s3.secret-access-key": keys.secret_key,
        "s3.session-token": keys.token,
    }


def table_names(catalog: Catalog, settings: Settings) -> list[tuple[str, ...]]:
    """Tables to look after: all of our own catalogue; of another one those that dbt builds."""
    spaces = [space for space in catalog.list_namespaces() if not settings.lake_endpoint or ".".join(space) in BUILT]
    return sorted(name for space in spaces for name in catalog.list_tables(space))


def maintain(
    catalog: Catalog, settings: Settings, policy: Policy, done: Callable[[Outcome], None] = lambda _: None
) -> list[Outcome]:
    """Look after every table, then remove what belongs to none; `done` hears of each as it ends.

    Nobody else may be building: the caller holds the DuckDB file.
    """
    outcomes = []
    now = datetime.now(UTC)
    needed: set[str] = set()
    roots = [] if settings.lake_endpoint else [settings.lake_warehouse]
    for name in table_names(catalog, settings):
        table = catalog.load_table(name)
        outcomes.append(_maintain_table(table, policy, now))
        done(outcomes[-1])
        needed |= reachable(catalog.load_table(name))
        roots += [table.location()] if settings.lake_endpoint else []
    outcomes.append(_remove_orphans(roots, needed, policy, now))
    done(outcomes[-1])
    return outcomes


def _maintain_table(table: Table, policy: Policy, now: datetime) -> Outcome:
    from pyiceberg.exceptions import CommitFailedException

    name = ".".join(table.name())
    before = reachable(table)
    todo = due(table)
    try:
        if not policy.dry_run:
            rewrite(table, todo)
            table = table.refresh()
        expired = _expire(table, now - policy.keep, policy.dry_run)
    except CommitFailedException:
        return Outcome(name, note="somebody wrote to it meanwhile; nothing was changed, run again")
    if policy.dry_run:
        return Outcome(name, len(todo), expired)
    gone = before - reachable(table.refresh())
    removed, size = _remove(location for location in files_below(table.location()) if location.location in gone)
    return Outcome(name, len(todo), expired, removed, size)


def _expire(table: Table, before: datetime, dry_run: bool) -> int:
    """End the snapshots older than `before`, but those that a branch or tag shows; how many."""
    shown = {ref.snapshot_id for ref in table.metadata.refs.values()}
    limit_ms = int(before.timestamp() * 1000)
    old = [
        one.snapshot_id for one in table.snapshots() if one.timestamp_ms <= limit_ms and one.snapshot_id not in shown
    ]
    if old and not dry_run:
        table.maintenance.expire_snapshots().by_ids(old).commit()
    return len(old)


def reachable(table: Table) -> set[str]:
    """Addresses of all files that the table needs: metadata, its log and the hint, and what every snapshot lists."""
    hint = f"{table.location()}/metadata/{HINT}"
    found = {table.metadata_location, hint, *(entry.metadata_file for entry in table.metadata.metadata_log)}
    manifests = {}
    for snapshot in table.snapshots():
        found.add(snapshot.manifest_list)
        manifests.update({manifest.manifest_path: manifest for manifest in snapshot.manifests(table.io)})
    for path, manifest in manifests.items():
        found.add(path)
        found |= {entry.data_file.file_path for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)}
    return {address(location) for location in found}


def files_below(location: str) -> Iterator[Listed]:
    """Every file that lies under a location."""
    return files_at(location).list(address(location))


def _remove_orphans(roots: Iterable[str], needed: set[str], policy: Policy, now: datetime) -> Outcome:
    youngest = now - policy.orphan_age
    orphans = [
        found
        for root in roots
        for found in files_below(root)
        if found.location not in needed and found.changed_at <= youngest
    ]
    label = "(no table's)"
    if policy.dry_run:
        return Outcome(label, 0, 0, len(orphans), sum(found.size_bytes for found in orphans))
    return Outcome(label, 0, 0, *_remove(orphans))


def _remove(files: Iterable[Listed]) -> tuple[int, int]:
    """Delete files; how many, and their bytes."""
    count = size = 0
    for file in list(files):
        files_at(file.location).delete(file.location)
        count, size = count + 1, size + file.size_bytes
    return count, size
