"""Corrections: rows that come again, later, under the same key and with other values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.generate import words
from ingestion.generate.catalogue import Tracks
from ingestion.generate.hashing import Ints, Stream, below
from ingestion.generate.plan import Plan

CHANGEABLE = ("demographics", "users", "songs", "channel_metadata", "titles")
RENAME_EVERY_DAYS = 5  # a channel is renamed on day 1, 6, 11, ...
UNTIL_THEN_MS = 31_000
POPULAR_TRACKS = 100  # half of the corrected tracks are from these: corrections that nobody plays show little


def changed_facts(name: str, rows: pa.Table) -> pa.Table:
    """The same facts (same natural key) with corrected measures; empty ones stay empty, but a listen gets a length."""
    if name == "viewership_logs":
        rows = _mapped(
            rows, "duration_minutes", lambda column: pc.min_element_wise(pc.add(column, 7), 1440, skip_nulls=False)
        )
        rows = _mapped(rows, "ad_revenue", lambda column: pc.round(pc.add(column, 1.25), 2))
        return _mapped(
            rows, "completion_percentage", lambda column: pc.divide(pc.round(pc.multiply(column, 50.0)), 100.0)
        )
    if name == "streams":
        return _mapped(rows, "listened_ms", lambda column: pc.add(pc.fill_null(column, UNTIL_THEN_MS), 1500))
    return _mapped(rows, "ad_revenue", lambda column: pc.round(pc.add(column, 1000.5), 2))


def _mapped(rows: pa.Table, column: str, change: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> pa.Table:
    place = rows.schema.get_field_index(column)
    kind = rows.schema.field(place).type
    return rows.set_column(place, column, change(rows.column(place)).cast(kind))


def changed_rows(plan: Plan, count: Callable[[int], int], name: str, day: int) -> tuple[str, pa.Table]:
    """The name of the damage, and the rows of a dimension that come again on that day with other values.

    count: how many of so many rows suffer one kind of damage.
    """
    if name == "demographics":
        people = plan.television.people.growth.size(day)
        index = _some(plan, name, day, people, count(people))
        return "conflicting", plan.television.demographics(index, change=1 + day % 2)
    if name == "users":
        people = plan.listening.people.growth.size(day)
        index = _some(plan, name, day, people, count(people))
        return "corrected", plan.listening.users(index, change=1 + day % 3)
    if name == "songs":
        return "corrected", _changed_songs(plan, day, count)
    if name == "channel_metadata":
        return "renamed", _renamed_channels(plan, day)
    shows = plan.television.shows
    first = int(_some(plan, name, day, shows.growth.size(day), 1)[0])
    return "corrected", _mapped(
        shows.titles(first, first + 1, plan.start),
        "title",
        lambda column: pc.binary_join_element_wise(column, "(corrected)", " "),
    )


def _some(plan: Plan, name: str, day: int, size: int, count: int) -> Ints:
    """`count` different indices below `size` (fewer if hashes meet)."""
    hashed = Stream(plan.seed, f"change/{name}")((np.int64(day) << 36) + np.arange(count))
    return np.unique(below(hashed, size))


def _changed_songs(plan: Plan, day: int, count: Callable[[int], int]) -> pa.Table:
    """Rows of corrected tracks: another name, popularity, length, and other genres (one, two, or as many)."""
    tracks = plan.listening.tracks
    size = tracks.growth.size(day)
    popular = _some(plan, "songs/popular", day, min(POPULAR_TRACKS, size), max(1, count(size) // 2))
    index = np.union1d(popular, _some(plan, "songs", day, size, max(1, count(size) // 2)))
    return pa.concat_tables([_corrected_track(tracks, int(number), day) for number in index])


def _corrected_track(tracks: Tracks, index: int, day: int) -> pa.Table:
    rows = tracks.songs(index, index + 1)
    rows = rows.slice(0, 1 + (index + day) % rows.num_rows)  # some genres are withdrawn
    rows = _mapped(rows, "track_name", lambda column: pc.binary_join_element_wise(column, f"- Remastered {day}", " "))
    rows = _mapped(rows, "popularity", lambda column: pc.min_element_wise(pc.add(column, 1 + day % 9), 100))
    rows = _mapped(rows, "duration_ms", lambda column: pc.add(column, 1000 * (day % 4)))
    if (index + day) % 2:
        return rows
    genres = words.MUSIC_GENRES
    return _mapped(
        rows,
        "track_genre",
        lambda column: pa.chunked_array(
            [[genres[(genres.index(name) + 7) % len(genres)] for name in column.to_pylist()]]
        ),
    )


def _renamed_channels(plan: Plan, day: int) -> pa.Table:
    table = plan.table("channel_metadata", 0)
    if day % RENAME_EVERY_DAYS != 1:
        return table.slice(0, 0)
    channel = table.slice(Stream(plan.seed, "change/channel").one(day) % table.num_rows, 1)
    return _mapped(channel, "channel_name", lambda column: pc.binary_join_element_wise(column, "HD", " "))
