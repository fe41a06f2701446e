"""What is landed after the history: files of new days, rows that come late, a track that is corrected."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.history import arrival, decoded, write_batch
from ingestion.generate.deliveries import Delivery, file_name
from ingestion.generate.hashing import Ints
from ingestion.generate.plan import EVENT_INPUTS, PLAYER_INPUT, Plan
from ingestion.generate.write import write_delivery
from ingestion.zone import Zone

LATE_RATE, LATEST_DAYS = 0.01, 10
RARE_TRACK, RARE_DAYS = "heardOnFiveDates", 5
INSTANTS = {"viewership_logs": "timestamp", "streams": "listen_time", PLAYER_INPUT: "event_at"}
MICROSECONDS_A_DAY = 86_400 * 1_000_000


def files_of_day(plan: Plan, day: int, folder: Path, late: bool = False) -> list[str]:
    """Files of every input with something new on a day; `late`: one event in a hundred is up to ten days old."""
    files = []
    for name in plan.inputs:
        table = decoded(plan.table(name, day))
        if late and name in EVENT_INPUTS:
            table = with_late_rows(table, INSTANTS[name], np.arange(table.num_rows))
        elif late and name == PLAYER_INPUT:
            table = with_late_rows(table, INSTANTS[name], accounts_of(table))
        if table.num_rows:
            files.append(str(write_delivery(Delivery(name, day, file_name(plan, name, day), table), folder, "csv")))
    return files


def with_late_rows(table: pa.Table, column: str, number: Ints) -> pa.Table:
    """The table with the rows of every hundredth number moved back by one to ten days."""
    days = np.where(number % round(1 / LATE_RATE) == 0, 1 + number // round(1 / LATE_RATE) % LATEST_DAYS, 0)
    instants = table.column(column)
    moved = pc.subtract(instants.cast(pa.timestamp("us")), pa.array(days * MICROSECONDS_A_DAY, pa.duration("us")))
    return table.set_column(table.schema.get_field_index(column), column, moved.cast(instants.type))


def accounts_of(table: pa.Table) -> Ints:
    """A number for the account of each row: a player that was offline sends everything late. Nobody's are on time."""
    numbers = table.column("account_id").combine_chunks().dictionary_encode().indices
    return np.asarray(pc.fill_null(numbers, 1), dtype=np.int64)


def rare_track(plan: Plan, genre: str) -> pa.Table:
    """The one row of a track that no plan has."""
    row = plan.table("songs", 0).slice(0, 1)
    for name, value in (("track_id", RARE_TRACK), ("track_genre", genre)):
        row = row.set_column(row.schema.get_field_index(name), name, pa.array([value]))
    return row


def plant_rare_track(zone: Zone, plan: Plan, last: int) -> None:
    """Land a track, and one listen to it on each of the last days of the history."""
    noons = [
        datetime.combine(plan.date_of(day), time(12), UTC).replace(tzinfo=None)
        for day in range(last - RARE_DAYS + 1, last + 1)
    ]
    listens = pa.table(
        {
            "user_id": pa.array(["1"] * RARE_DAYS),
            "track_id": pa.array([RARE_TRACK] * RARE_DAYS),
            "listen_time": pa.array(noons, pa.timestamp("s")),
        }
    )
    at = arrival(plan, last) + timedelta(minutes=30)
    write_batch(zone, "streams", listens, at)
    write_batch(zone, "songs", rare_track(plan, "pop"), at)


def file_rare_track(plan: Plan, folder: Path) -> str:
    """A file in which the track has another genre."""
    return str(write_delivery(Delivery("songs", 0, "songs-corrected", rare_track(plan, "jazz")), folder, "csv"))
