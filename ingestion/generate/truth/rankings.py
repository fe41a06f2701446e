"""The KPI tables that name the best: genre, top contents, hour."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from ingestion.generate import reference
from ingestion.generate.columns import decimals
from ingestion.generate.hashing import Ints
from ingestion.generate.truth.genres import Catalogue, Credits, artist_credits, genre_credits
from ingestion.generate.truth.groups import Groups, Tally, dates, ratio, tally, texts
from ingestion.generate.truth.model import Playbacks
from ingestion.generate.truth.read import NULL, Texts

HOUR_US = 3_600_000_000


def kpi_genre_daily(plays: Playbacks, known: Catalogue) -> pa.Table:
    """By date, media kind and genre: started plays, in full for each genre, and allocated by weight."""
    started = plays.where(plays.is_started)
    credited = genre_credits(started, known)
    played = started.take(credited.row)
    groups = Groups(played.day, played.media_kind.codes, credited.name.codes)
    popularity = known.popularity[played.content.codes]
    count, accounts = groups.count(), groups.distinct(played.account.codes)
    playing, length = groups.sum(played.playing.values), groups.sum(played.duration.values)
    length_plays, rated = groups.count(played.duration.known), popularity != NULL
    popularity_sum, popularity_plays = groups.sum(popularity, rated), groups.count(rated)
    contents = tally(groups.of_row, played.content.codes, played.account.codes, played.playing.values)
    return pa.table(
        {
            "event_date": dates(played.day[groups.first]),
            "media_kind": texts(played.media_kind.take(groups.first)),
            "genre": texts(credited.name.take(groups.first)),
            "plays": count,
            "plays_allocated": decimals(groups.sum(credited.weight), 6),
            "unique_accounts": accounts,
            "playing_ms": playing,
            "track_length_ms": length,
            "track_length_plays": length_plays,
            "popularity_sum": popularity_sum,
            "popularity_plays": popularity_plays,
            "average_playing_ms": ratio(playing, count),
            "average_playing_ms_per_account": ratio(playing, accounts),
            "average_track_length_ms": ratio(length, length_plays),
            "average_track_length_ms_per_account": ratio(length, accounts),
            "popularity_index": ratio(popularity_sum, popularity_plays),
            **_top_content(contents, known),
            "top_artist": _top_artists(groups, played, artist_credits(played, known)),
            **_top_by_popularity(len(groups), contents, known),
        }
    )


def _top_content(contents: Tally, known: Catalogue) -> dict[str, pa.Array]:
    """The most played content of each group (every group has one)."""
    order, place = contents.ranked(known.title_rank, known.id_rank)
    best = contents.item[order[place == 1]].tolist()
    return {
        "top_content_id": pa.array([known.names[item] for item in best], pa.string()),
        "top_content_title": pa.array([known.titles[item] for item in best], pa.string()),
    }


def _top_artists(groups: Groups, played: Playbacks, credited: Credits) -> pa.Array:
    """The most played single artist of each group, or nothing."""
    artist = tally(
        groups.of_row[credited.row],
        credited.name.codes,
        played.account.codes[credited.row],
        played.playing.values[credited.row],
    )
    by_name = np.arange(len(credited.name.names))
    order, place = artist.ranked(by_name, by_name)
    best = order[place == 1]
    names: list[str | None] = [None] * len(groups)
    for group, item in zip(artist.group[best].tolist(), artist.item[best].tolist(), strict=True):
        names[group] = credited.name.names[item]
    return pa.array(names, pa.string())


def _top_by_popularity(groups: int, contents: Tally, known: Catalogue) -> dict[str, pa.Array]:
    """The content with the greatest catalogue popularity among those played, whoever played it."""
    popularity = known.popularity[contents.item]
    order = np.lexsort((known.id_rank[contents.item], known.title_rank[contents.item], -popularity, contents.group))
    best: list[int | None] = [None] * groups
    for row in order[::-1].tolist():  # backwards, so that the first of each group stays
        if popularity[row] != NULL:
            best[int(contents.group[row])] = int(contents.item[row])
    return {
        "top_popularity": pa.array([None if one is None else int(known.popularity[one]) for one in best], pa.int64()),
        "top_content_title_by_popularity": pa.array(
            [None if one is None else known.titles[one] for one in best], pa.string()
        ),
        "top_artists_by_popularity": pa.array(
            [None if one is None else known.artists[one] for one in best], pa.string()
        ),
    }


def kpi_top_content_daily(plays: Playbacks, known: Catalogue) -> pa.Table:
    """By date, media kind, ranking, value and place: the ten most played contents, the five most played genres."""
    started = plays.where(plays.is_started)
    tables = list(_rankings(started, known))
    table = pa.concat_tables(tables)
    keys = ("event_date", "media_kind", "ranking", "group_value", "place")
    return table.sort_by([(key, "ascending") for key in keys])


def _rankings(started: Playbacks, known: Catalogue) -> Iterator[pa.Table]:
    credited = genre_credits(started, known)
    by_genre, aired = started.take(credited.row), started.has_channel
    yield _contents("genre", by_genre, credited.name, known)
    yield _contents("channel", started.where(aired), started.channel.take(np.flatnonzero(aired)), known)
    yield _contents("country", started, started.country, known)
    groups = Groups(by_genre.day, by_genre.media_kind.codes)
    genres = tally(groups.of_row, credited.name.codes, by_genre.account.codes, by_genre.playing.values)
    everything = Texts(np.zeros(len(by_genre), dtype=np.int64), ["all"])
    by_name = np.arange(len(credited.name.names))
    names = credited.name.names
    yield _places(
        "top_genre", by_genre, groups, everything, genres, (by_name, by_name, names, names), reference.TOP_GENRES
    )


def _contents(ranking: str, plays: Playbacks, value: Texts, known: Catalogue) -> pa.Table:
    groups = Groups(plays.day, plays.media_kind.codes, value.codes)
    contents = tally(groups.of_row, plays.content.codes, plays.account.codes, plays.playing.values)
    items = (known.title_rank, known.id_rank, known.names, known.titles)
    return _places(ranking, plays, groups, value, contents, items, reference.TOP_CONTENTS)


def _places(
    ranking: str,
    plays: Playbacks,
    groups: Groups,
    value: Texts,
    counted: Tally,
    items: tuple[Ints, Ints, list[str], list[str]],
    limit: int,
) -> pa.Table:
    """The first `limit` items of each group. items: rank of titles, rank of ids, ids, titles, by item code."""
    title_rank, id_rank, ids, titles = items
    order, place = counted.ranked(title_rank, id_rank)
    kept, place = order[place <= limit], place[place <= limit]
    row = groups.first[counted.group[kept]]
    item = counted.item[kept].tolist()
    return pa.table(
        {
            "event_date": dates(plays.day[row]),
            "media_kind": texts(plays.media_kind.take(row)),
            "ranking": pa.array([ranking] * len(row), pa.string()),
            "group_value": texts(value.take(row)),
            "place": place,
            "item_id": pa.array([ids[one] for one in item], pa.string()),
            "item_title": pa.array([titles[one] for one in item], pa.string()),
            "plays": counted.plays[kept],
            "unique_accounts": counted.accounts[kept],
            "playing_ms": counted.playing_ms[kept],
        }
    )


def kpi_hourly(plays: Playbacks, known: Catalogue) -> pa.Table:
    """By date (always UTC), clock, hour of the start on that clock, and media kind: started plays."""
    started = plays.where(plays.is_started)
    utc_hour = started.started_us // HOUR_US % 24
    table = pa.concat_tables(
        [_hours("local", started, started.local_hour, known), _hours("utc", started, utc_hour, known)]
    )
    return table.sort_by([(key, "ascending") for key in ("event_date", "clock", "hour_of_day", "media_kind")])


def _hours(clock: str, started: Playbacks, hour: Ints, known: Catalogue) -> pa.Table:
    groups = Groups(started.day, hour, started.media_kind.codes)
    count, contents = groups.count(), groups.distinct(started.content.codes)
    return pa.table(
        {
            "event_date": dates(started.day[groups.first]),
            "clock": pa.array([clock] * len(groups), pa.string()),
            "hour_of_day": hour[groups.first],
            "media_kind": texts(started.media_kind.take(groups.first)),
            "plays": count,
            "unique_accounts": groups.distinct(started.account.codes),
            "distinct_contents": contents,
            "playing_ms": groups.sum(started.playing.values),
            "diversity_rate": ratio(contents, count),
            "top_artist": _top_artists(groups, started, artist_credits(started, known)),
        }
    )
