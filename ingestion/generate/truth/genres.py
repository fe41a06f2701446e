"""Credits: a playback counts in each of its genres, and for each of its artists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ingestion.generate import reference
from ingestion.generate.hashing import Ints
from ingestion.generate.truth.entities import Content
from ingestion.generate.truth.model import Playbacks
from ingestion.generate.truth.read import NULL, Texts, texts_of

MILLION = 1_000_000


@dataclass(frozen=True)
class Catalogue:
    """What is known of each content, by its code in `Playbacks.content`; -1 where a number is not known."""

    names: list[str]
    titles: list[str]
    title_rank: Ints
    id_rank: Ints
    popularity: Ints
    artists: list[str | None]
    genres: list[tuple[str, ...]]
    single_artists: list[tuple[str, ...]]


@dataclass(frozen=True)
class Credits:
    """Rows (places in a Playbacks), each with one thing credited and its weight in millionths."""

    row: Ints
    name: Texts
    weight: Ints


def catalogue(content: Texts, contents: Mapping[str, Content]) -> Catalogue:
    """The catalogue of the contents that were played."""
    found = [contents.get(name) for name in content.names]
    titles = [
        name.partition(":")[2] if one is None else one.title for name, one in zip(content.names, found, strict=True)
    ]
    popularity = [NULL if one is None or one.popularity is None else one.popularity for one in found]
    return Catalogue(
        names=content.names,
        titles=titles,
        title_rank=texts_of(titles).codes,
        id_rank=np.arange(len(titles)),
        popularity=np.array(popularity, dtype=np.int64),
        artists=[None if one is None else one.artists for one in found],
        genres=[() if one is None else one.genres for one in found],
        single_artists=[() if one is None else one.single_artists for one in found],
    )


def genre_weights(count: int) -> list[int]:
    """Weights in millionths of `count` genres sorted by name: equal, the first few one millionth more."""
    share, rest = divmod(MILLION, count)
    return [share + 1] * rest + [share] * (count - rest)


def genre_credits(plays: Playbacks, known: Catalogue) -> Credits:
    """Each play in its own genre, or else in each genre of its content, or else in 'unknown'."""
    own = plays.genre.to_list()
    names: list[tuple[str, ...]] = [
        (genre,) if genre is not None else known.genres[content] or (reference.UNKNOWN,)
        for genre, content in zip(own, plays.content.codes.tolist(), strict=True)
    ]
    weights = {count: genre_weights(count) for count in {len(genres) for genres in names}}
    return _credits(names, [weight for genres in names for weight in weights[len(genres)]])


def artist_credits(plays: Playbacks, known: Catalogue) -> Credits:
    """Each play once for each of its artists, in full; plays without artists are left out."""
    names = [known.single_artists[content] for content in plays.content.codes.tolist()]
    return _credits(names, [MILLION] * sum(map(len, names)))


def _credits(names: Sequence[tuple[str, ...]], weights: Sequence[int]) -> Credits:
    row = np.repeat(np.arange(len(names)), [len(one) for one in names]).astype(np.int64)
    flat = texts_of([name for one in names for name in one])
    return Credits(row, flat, np.array(weights, dtype=np.int64))
