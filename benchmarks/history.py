"""A raw zone with days of history, written straight from the plan: what the lander would have left, only faster."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta

import pyarrow as pa
import pyarrow.parquet as parquet

from ingestion import contract
from ingestion.generate.plan import DIMENSION_INPUTS, EVENT_INPUTS, PLAYER_INPUT, Plan
from ingestion.zone import Manifest, Zone, instant_text

#: So long ago that all days are in the past, as the lander wants them.
START = date(2022, 1, 5)
ROWS_PER_ACCOUNT = 4.4  # of both kinds, mean over the days of a year
PLAYBACKS_PER_ACCOUNT, EVENTS_PER_PLAYBACK = 0.5, 32.5
ARROW = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us"),
}


def plan_of(rows_per_day: int, days: int) -> Plan:
    """A plan of about so many playbacks a day."""
    accounts = max(20, round(rows_per_day / ROWS_PER_ACCOUNT))
    return Plan(days=days, accounts=accounts, tracks=max(200, accounts // 2), start=START)


def player_plan_of(events_per_day: int, days: int) -> Plan:
    """A plan of about so many player events a day, neither television nor music; accounts and titles stay as many."""
    accounts = max(20, round(events_per_day / PLAYBACKS_PER_ACCOUNT / EVENTS_PER_PLAYBACK))
    return Plan(
        days=days, accounts=accounts, titles=max(50, accounts // 5), tracks=1, start=START,
        growth_permille=0, catalogue_permille=0,
        viewings_per_account=0, listens_per_account=0, playbacks_per_account=PLAYBACKS_PER_ACCOUNT,
    )  # fmt: skip


def arrival(plan: Plan, day: int) -> datetime:
    """The files of a day arrive an hour after its end."""
    return datetime.combine(plan.date_of(day) + timedelta(days=1), time(1), UTC)


def write_history(zone: Zone, plan: Plan, first: int, last: int, donor: Zone | None = None) -> int:
    """Land the days `first` to `last` of every input; what was known before comes with the first. Rows of events.

    donor: a zone of the same plan whose files of the same days are linked instead of written again.
    """
    events = 0
    for day in range(first, last + 1):
        for name in plan.inputs:
            is_catalogue = name in DIMENSION_INPUTS and name != "ad_revenue"
            since = 0 if is_catalogue and day == first else day
            if donor and since == day and link_batch(donor, zone, name, arrival(plan, day)):
                continue
            table = pa.concat_tables([decoded(plan.table(name, one)) for one in range(since, day + 1)])
            if table.num_rows:
                write_batch(zone, name, table, arrival(plan, day))
    for manifest in zone.manifests():
        events += manifest.rows_accepted if manifest.input in (*EVENT_INPUTS, PLAYER_INPUT) else 0
    return events


def link_batch(donor: Zone, zone: Zone, name: str, arrived_at: datetime) -> bool:
    """Give the zone a batch that the donor has; False if it has none."""
    batch = batch_name(name, arrived_at)
    manifest = donor.manifest_name(name, batch)
    if not donor.storage.exists(manifest):
        return False
    for file in (f"{donor.folder('raw', name, arrived_at)}/{batch}-0.parquet", manifest):
        target = zone.root / file
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(donor.root / file, target)
    return True


def batch_name(name: str, arrived_at: datetime) -> str:
    """One batch for each input and instant."""
    return f"{name}-{arrived_at:%Y%m%d%H%M}"


def decoded(table: pa.Table) -> pa.Table:
    """The table without dictionaries, whose parts differ from day to day."""
    return table.cast(
        pa.schema(
            (f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in table.schema
        )
    )  # fmt: skip


def write_batch(zone: Zone, name: str, table: pa.Table, arrived_at: datetime) -> None:
    """Write one batch as the lander does: data file, then manifest."""
    fields = contract.load(name).fields
    spelled, count = contract.load(name).resolve(table.column_names), table.num_rows
    batch = batch_name(name, arrived_at)
    columns = {}
    for field in fields:
        kind = pa.decimal128(field.precision, field.scale) if field.type == "decimal" else ARROW[field.type]
        column = table.column(spelled[field.name]) if field.name in spelled else pa.nulls(count)
        columns[field.name] = column.cast(kind, safe=field.type != "decimal")
    columns |= {
        "batch_id": pa.array([batch] * count, pa.string()).dictionary_encode(),
        "arrived_at": pa.repeat(pa.scalar(arrived_at.replace(tzinfo=None), pa.timestamp("us")), count),
        "source_file": pa.array([f"{batch}.csv"] * count, pa.string()).dictionary_encode(),
        "source_row": pa.array(range(1, count + 1), pa.int64()),
        "extra": pa.nulls(count, pa.string()),
    }
    file = f"{zone.folder('raw', name, arrived_at)}/{batch}-0.parquet"
    path = zone.root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), path, compression="zstd", compression_level=1)
    manifest = Manifest(
        batch_id=batch, input=name, arrived_at=instant_text(arrived_at), mapping=None, source=f"{batch}.csv",
        content_hash=batch, delivery=0, rows_read=count, rows_accepted=count, rows_duplicate=0, rows_quarantined=0,
        reasons={}, files=[file], quarantine_files=[], columns=[field.name for field in fields],
    )  # fmt: skip
    zone.publish(manifest)
