"""Writes data files of an Iceberg table anew: small ones together, and those with deleted rows without them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyiceberg.manifest import DataFile, ManifestEntry, ManifestFile
    from pyiceberg.table import FileScanTask, Table

#: Smaller files are worth putting together; about what DuckDB reads in 0.1 s.
SMALL_BYTES = 16 << 20
#: So many small files a table may have.
SMALL_FILES = 4
#: Rows that are put into one file, as Arrow holds them in memory; on disk it is about a fifth.
CHUNK_BYTES = 256 << 20


def due(table: Table) -> list[FileScanTask]:
    """The data files to be written anew. None of a partitioned table: what dbt builds here has no partitions."""
    if table.current_snapshot() is None or not table.spec().is_unpartitioned():
        return []
    files = list(table.scan().plan_files())
    holed = _files_with_deleted_rows(table, files)
    small = {one.file.file_path for one in files if one.file.file_size_in_bytes < SMALL_BYTES} - holed
    wanted = holed | (small if len(small) > SMALL_FILES else set())
    return [one for one in files if one.file.file_path in wanted]


def _files_with_deleted_rows(table: Table, files: Sequence[FileScanTask]) -> set[str]:
    """By what the delete files say: a plan names every file that is older than one of them."""
    from pyarrow import parquet

    found: set[str] = set()
    for path in {one.file_path for task in files for one in task.delete_files}:
        with table.io.new_input(path).open() as stream:
            found.update(parquet.read_table(stream, columns=["file_path"])["file_path"].unique().to_pylist())
    return found


def rewrite(table: Table, files: Sequence[FileScanTask]) -> None:
    """Put the rows of `files` into new files, in one snapshot that holds the same rows.

    Raises pyiceberg's CommitFailedException if somebody else wrote to the table meanwhile.
    """
    if not files:
        return
    current: Any = table.current_snapshot()
    snapshot_id = table.metadata.new_snapshot_id()
    replaced = {one.file.file_path for one in files}
    kept = [entry for entry in _data_entries(table) if entry.data_file.file_path not in replaced]
    written = _write(table, files)
    name = str(uuid.uuid4())
    manifests = [
        _write_manifest(table, snapshot_id, f"{name}-m{number}.avro", entries)
        for number, entries in enumerate([_added(written, snapshot_id), _existing(kept)])
        if entries
    ]
    everything = [*written, *(entry.data_file for entry in kept)]
    _commit(table, current, snapshot_id, name, manifests, _summary(written, len(files), everything))


def _data_entries(table: Table) -> list[ManifestEntry]:
    from pyiceberg.manifest import ManifestContent

    current: Any = table.current_snapshot()
    return [
        entry
        for manifest in current.manifests(table.io)
        if manifest.content == ManifestContent.DATA
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)
    ]


def _write(table: Table, files: Sequence[FileScanTask]) -> list[DataFile]:
    """New data files with the rows that the given ones still hold; not more than a chunk is in memory."""
    import pyarrow as pa
    from pyiceberg.expressions import AlwaysTrue
    from pyiceberg.io.pyarrow import ArrowScan, _dataframe_to_data_files, schema_to_pyarrow

    scan = ArrowScan(table.metadata, table.io, table.schema(), AlwaysTrue())
    schema = schema_to_pyarrow(table.schema(), include_field_ids=False)
    batches = (batch.cast(schema) for batch in scan.to_record_batches(files) if batch.num_rows)
    chunked = {**table.metadata.properties, "write.target-file-size-bytes": str(CHUNK_BYTES)}
    metadata = table.metadata.model_copy(update={"properties": chunked})
    reader = pa.RecordBatchReader.from_batches(schema, batches)
    return list(_dataframe_to_data_files(table_metadata=metadata, df=reader, io=table.io))


def _added(files: Sequence[DataFile], snapshot_id: int) -> list[ManifestEntry]:
    from pyiceberg.manifest import ManifestEntry, ManifestEntryStatus

    return [
        ManifestEntry.from_args(
            status=ManifestEntryStatus.ADDED,
            snapshot_id=snapshot_id,
            sequence_number=None,
            file_sequence_number=None,
            data_file=file,
        )
        for file in files
    ]


def _existing(entries: Sequence[ManifestEntry]) -> list[ManifestEntry]:
    """Entries of files that stay, with the sequence numbers that they have."""
    from pyiceberg.manifest import ManifestEntry, ManifestEntryStatus

    return [
        ManifestEntry.from_args(
            status=ManifestEntryStatus.EXISTING,
            snapshot_id=entry.snapshot_id,
            sequence_number=entry.sequence_number,
            file_sequence_number=entry.file_sequence_number,
            data_file=entry.data_file,
        )
        for entry in entries
    ]


def _write_manifest(table: Table, snapshot_id: int, name: str, entries: Sequence[ManifestEntry]) -> ManifestFile:
    from pyiceberg.manifest import write_manifest

    output = table.io.new_output(table.location_provider().new_metadata_location(name))
    with write_manifest(2, table.spec(), table.schema(), output, snapshot_id, "deflate") as writer:
        for entry in entries:
            writer.add_entry(entry)
    return writer.to_manifest_file()


def _summary(written: Sequence[DataFile], replaced: int, everything: Sequence[DataFile]) -> dict[str, str]:
    counts = {
        "added-data-files": len(written),
        "deleted-data-files": replaced,
        "added-records": sum(file.record_count for file in written),
        "total-data-files": len(everything),
        "total-records": sum(file.record_count for file in everything),
        "total-files-size": sum(file.file_size_in_bytes for file in everything),
        "total-delete-files": 0,
        "total-position-deletes": 0,
        "total-equality-deletes": 0,
    }
    return {key: str(value) for key, value in counts.items()}


def _commit(
    table: Table, current: Any, snapshot_id: int, name: str, manifests: list[ManifestFile], summary: dict[str, str]
) -> None:
    from pyiceberg.manifest import write_manifest_list
    from pyiceberg.table.update import AddSnapshotUpdate, AssertRefSnapshotId, AssertTableUUID, SetSnapshotRefUpdate

    listing = table.location_provider().new_metadata_location(f"snap-{snapshot_id}-0-{name}.avro")
    number = table.metadata.next_sequence_number()
    output = table.io.new_output(listing)
    with write_manifest_list(2, output, snapshot_id, current.snapshot_id, number, "deflate") as writer:
        writer.add_manifests(manifests)
    snapshot = {
        "snapshot-id": snapshot_id,
        "parent-snapshot-id": current.snapshot_id,
        "sequence-number": number,
        "timestamp-ms": time.time_ns() // 1_000_000,
        "manifest-list": listing,
        "summary": {"operation": "replace", **summary},
        "schema-id": table.metadata.current_schema_id,
    }
    same_table = AssertTableUUID(uuid=table.metadata.table_uuid)
    unchanged = AssertRefSnapshotId.model_validate({"ref": "main", "snapshot-id": current.snapshot_id})
    add = AddSnapshotUpdate.model_validate({"snapshot": snapshot})
    show = SetSnapshotRefUpdate.model_validate({"ref-name": "main", "type": "branch", "snapshot-id": snapshot_id})
    table.catalog.commit_table(table, (same_table, unchanged), (add, show))
