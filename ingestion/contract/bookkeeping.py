"""The columns that every raw row has beside its contract's, and those of the list of batches."""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """A column that is no field of an input."""

    name: str
    type: str
    description: str
    is_required: bool = False


ROW_COLUMNS = (
    Column("batch_id", "string", "Batch with which the row landed; see the table batch.", True),
    Column("arrived_at", "timestamp", "When the batch arrived (UTC); one instant for all its rows.", True),
    Column("source_file", "string", "File from which the row was read."),
    Column("source_row", "bigint", "Number of the record within its file, from 1, the header not counted."),
    Column("extra", "string", "Columns that the contract does not know, as a JSON object; null when there are none."),
    Column("arrival_date", "date", "Day of arrival (UTC), which names the folder of the file."),
)

BATCH_COLUMNS = (
    Column("batch_id", "string", "Batch; a function of what landed: input, mapping, content and delivery.", True),
    Column("input", "string", "Input to which the batch belongs.", True),
    Column("arrived_at", "timestamp", "When the batch arrived (UTC); decides which version of a row holds.", True),
    Column("rows_read", "bigint", "Records read, in rows; the sum of the next three.", True),
    Column("rows_accepted", "bigint", "Rows that passed every check and stand in the raw zone.", True),
    Column("rows_duplicate", "bigint", "Rows that repeat another row of the batch entirely, and were dropped.", True),
    Column("rows_quarantined", "bigint", "Rows that were refused and stand in quarantine with their reasons.", True),
    Column("mapping", "string", "Mapping file that was applied, null for none."),
    Column("replay_of", "string", "Batch whose quarantine was replayed, null for a first landing."),
)
