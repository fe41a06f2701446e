"""The KPI tables that look at weeks from Monday to Sunday: what was viewed most, and who came back."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.hashing import Ints
from ingestion.generate.truth.entities import Content
from ingestion.generate.truth.genres import Catalogue
from ingestion.generate.truth.groups import Groups, dates, places, ratio, rounded, texts
from ingestion.generate.truth.model import Playbacks
from ingestion.generate.truth.read import days_of, numbers_of, texts_of

FIRST_MONDAY = 4  # 5 January 1970
WEEK_DAYS, HOUR_MS = 7, 3_600_000
PUBLISHED_HOURS, PUBLISHED_VIEWS = 10_000, 100_000


def mondays(day: Ints) -> Ints:
    """The Monday of the week of each day."""
    return (day - FIRST_MONDAY) // WEEK_DAYS * WEEK_DAYS + FIRST_MONDAY


def kpi_top_content_weekly(plays: Playbacks, contents: Mapping[str, Content], known: Catalogue) -> pa.Table:
    """By week, media kind and place: the contents with most views, a view being the running time once."""
    found = [contents.get(name) for name in plays.content.names]
    lengths = np.array([0 if one is None else one.duration_ms or 0 for one in found], dtype=np.int64)
    own = plays.where((lengths[plays.content.codes] > 0) & (plays.playing.values > 0))
    week = mondays(own.day)
    groups = Groups(week, own.media_kind.codes, own.content.codes)
    first = groups.first
    kind, content, playing = own.media_kind.codes[first], own.content.codes[first], groups.sum(own.playing.values)
    length = lengths[content]
    views = np.array([rounded(*pair) for pair in zip(playing.tolist(), length.tolist(), strict=True)], dtype=np.int64)
    week = week[first]
    order = np.lexsort((known.id_rank[content], known.title_rank[content], -playing, -views, kind, week))
    place = places(Groups(week[order], kind[order]).of_row)
    kept = order[place <= reference.TOP_CONTENTS]
    again = np.lexsort((week[kept], content[kept]))
    weeks = np.empty(len(kept), dtype=np.int64)
    weeks[again] = places(content[kept][again])
    return pa.table(
        {
            "week_start_date": dates(week[kept]),
            "media_kind": texts(own.media_kind.take(first[kept])),
            "place": pa.array(place[place <= reference.TOP_CONTENTS]),
            "content_id": texts(own.content.take(first[kept])),
            "title": pa.array([known.titles[code] for code in content[kept].tolist()], pa.string()),
            "playing_ms": pa.array(playing[kept]),
            "content_duration_ms": pa.array(length[kept]),
            "content_views": ratio(playing[kept], length[kept]),
            "published_hours": pa.array(_to_nearest(playing[kept], playing[kept] * 0 + HOUR_MS, PUBLISHED_HOURS)),
            "published_views": pa.array(_to_nearest(playing[kept], length[kept], PUBLISHED_VIEWS)),
            "weeks_in_top": pa.array(weeks),
        }
    )


def _to_nearest(above: Ints, below: Ints, unit: int) -> Ints:
    """above / below to the nearest whole multiple of unit, halves up."""
    return (above + below * (unit // 2)) // (below * unit) * unit


def kpi_cohort_weekly(account_days: pa.Table) -> pa.Table:
    """By week of the first play and week since: how many of those accounts played."""
    plays = numbers_of(account_days["plays"].combine_chunks()).values
    table = account_days.filter(pa.array(plays > 0))
    account = texts_of(table["account_id"].combine_chunks()).codes
    played = mondays(days_of(table["event_date"].combine_chunks()))
    weeks, members = np.unique(played), Groups(account)
    joined = np.full(len(members), np.iinfo(np.int64).max)
    np.minimum.at(joined, members.of_row, played)
    rows = []
    for cohort in np.unique(joined).tolist():
        own = joined[members.of_row] == cohort
        size = int((joined == cohort).sum())
        rows += [
            (cohort, week, size, len(np.unique(account[own & (played == week)])))
            for week in weeks[weeks >= cohort].tolist()
        ]
    cohort_week, week_of, accounts, active = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return pa.table(
        {
            "cohort_week_date": dates(cohort_week),
            "week_start_date": dates(week_of),
            "week_number": pa.array((week_of - cohort_week) // WEEK_DAYS),
            "cohort_accounts": pa.array(accounts),
            "active_accounts": pa.array(active),
            "cohort_retention_rate": ratio(active, accounts),
        }
    )
