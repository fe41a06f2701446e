"""What can be played: channels, shows, titles, tracks. Everything is a function of (seed, index)."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from ingestion.generate import words
from ingestion.generate.columns import Grown, base62, choice
from ingestion.generate.hashing import Ints, Stream, UInts, below, bits, chance, unit, wheel, zipf
from ingestion.generate.population import Growth

CHANNELS = 50
RUNTIME_MINUTES = np.array([22, 30, 30, 45, 45, 60, 60, 60, 90, 90, 120, 150])
ARTIST_COUNTS = wheel([0.78, 0.17, 0.04, 0.01], 8)  # one artist, two, three, four
GENRE_COUNTS = wheel([0.72, 0.2, 0.08], 8)  # rows of songs.csv for one track
LONG_CAST_EVERY = 997  # one track in so many has a whole opera cast as its artists


def channel_ids() -> list[str]:
    """CH001 .. CH050."""
    return [f"CH{number:03d}" for number in range(1, CHANNELS + 1)]


def channel_names() -> list[str]:
    """The name of each channel, in the order of `channel_ids`."""
    return [f"{family} {kind}" for family in words.CHANNEL_FAMILIES for kind in words.CHANNEL_KINDS]


def channel_genres() -> list[str]:
    """The main genre of each channel, in the order of `channel_ids`."""
    return [genre for _ in words.CHANNEL_FAMILIES for genre in words.CHANNEL_GENRES]


def channel_table(seed: int) -> pa.Table:
    """channel_metadata: one row a channel."""
    hashed = Stream(seed, "channel")(np.arange(CHANNELS))
    return pa.table(
        {
            "channel_id": channel_ids(),
            "channel_name": channel_names(),
            "genre": channel_genres(),
            "language": choice(below(hashed, len(words.LANGUAGES)), words.LANGUAGES),
            "launch_year": 1990 + below(hashed, 33, 32),
        }
    )


class Shows:
    """Television shows, which are the titles of titles.csv as well."""

    def __init__(self, seed: int, growth: Growth) -> None:
        self.growth = growth
        self._hash = Stream(seed, "show")
        self.names = Grown(lambda count: pa.array([f"Show_{number}" for number in range(1, count + 1)], pa.string()))
        self.channel = Grown(lambda count: below(self._hash(np.arange(count)), CHANNELS, 0, 16))
        self.runtime_minutes = Grown(lambda count: RUNTIME_MINUTES[below(self._hash(np.arange(count)), 12, 16, 16)])
        self.genre = Grown(self._genres)

    def _genres(self, count: int) -> Ints:
        hashed = self._hash(np.arange(count))
        of_channel = np.arange(CHANNELS) % len(words.CHANNEL_GENRES)
        own = of_channel[self.channel(count)]
        return np.where(chance(hashed, 0.7, 32), own, below(hashed, len(words.TV_GENRES), 48, 16))

    def titles(self, first: int, last: int, start: date) -> pa.Table:
        """titles: rows of the shows first .. last-1."""
        index = np.arange(first, last)
        hashed = Stream(self._hash.seed, "title")(index)
        genre = self.genre(last)[first:]
        second = below(hashed, len(words.TV_GENRES), 0, 16)
        genres = [
            words.TV_GENRES[a] if a == b else f"{words.TV_GENRES[a]};{words.TV_GENRES[b]}"
            for a, b in zip(genre.tolist(), second.tolist(), strict=True)
        ]
        released = [start - timedelta(days=int(age)) for age in below(hashed, 3650, 16, 16)]
        return pa.table(
            {
                "title_id": pa.array([f"T{number:06d}" for number in (index + 1).tolist()], pa.string()),
                "title": self.names(last)[first:],
                "content_type": choice(below(hashed, len(words.CONTENT_TYPES), 32, 8), words.CONTENT_TYPES),
                "genres": pa.array(genres, pa.string()),
                "duration_seconds": self.runtime_minutes(last)[first:] * 60,
                "release_date": pa.array(released, pa.date32()),
                "language": choice(below(hashed, len(words.LANGUAGES), 40, 8), words.LANGUAGES),
                "rating": choice(below(hashed, len(words.RATINGS), 48, 8), words.RATINGS),
                "creator_id": choice(below(hashed, 400, 48, 16), [f"C{number:04d}" for number in range(400)]),
            }
        )


class Tracks:
    """Music tracks and the rows of songs.csv that describe them."""

    def __init__(self, seed: int, growth: Growth) -> None:
        self.growth = growth
        self.seed = seed
        self._hash = Stream(seed, "track")
        self.ids = Grown(lambda count: base62(Stream(seed, "track/id"), np.arange(count)))
        self.duration_ms = Grown(self._durations)

    def _durations(self, count: int) -> Ints:
        """Milliseconds: a hill around three and a half minutes, a few very short and a few very long tracks."""
        hashed = Stream(self.seed, "track/duration")(np.arange(count))
        hill = 90_000 + below(hashed, 130_000, 0, 16) + below(hashed, 130_000, 16, 16) + bits(hashed, 40, 8)
        odd = chance(hashed, 0.02, 32, 8)
        return np.where(odd, np.where(bits(hashed, 48, 1) == 1, hill // 6, hill * 4), hill)

    def genres(self, index: int) -> list[str]:
        """The genres of a track, the main one first (one to three different ones)."""
        hashed = self._hash(np.array([index]))
        count = int(GENRE_COUNTS[bits(hashed, 0, 8)[0]]) + 1
        main = int(zipf(hashed >> np.uint64(8), len(words.MUSIC_GENRES))[0])
        step = 1 + int(below(hashed, 6, 40, 8)[0])
        return [words.MUSIC_GENRES[(main + place * step) % len(words.MUSIC_GENRES)] for place in range(count)]

    def artists(self, index: int) -> str:
        """The artists of a track as one text, separated by semicolons."""
        hashed = Stream(self.seed, "track/artist")
        count = int(ARTIST_COUNTS[bits(hashed(np.array([index * 32])), 56, 8)[0]]) + 1
        if index % LONG_CAST_EVERY == LONG_CAST_EVERY - 1:
            count = 24
        pool = len(words.ARTIST_FIRST) * len(words.ARTIST_SECOND)
        picked = zipf(hashed(index * 32 + np.arange(count)), pool).tolist()
        return ";".join(artist_name(number) for number in dict.fromkeys(picked))

    def name(self, index: int) -> str:
        """The name of a track; different tracks may share one."""
        hashed = self._hash.one(index)
        first = words.TRACK_FIRST[(hashed >> 20) % len(words.TRACK_FIRST)]
        second = words.TRACK_SECOND[(hashed >> 32) % len(words.TRACK_SECOND)]
        return f"{first} {second}" if (hashed >> 50) % 4 else f"{first} {second} (Live)"

    def songs(self, first: int, last: int) -> pa.Table:
        """songs: the rows of the tracks first .. last-1, one for each genre of a track."""
        genres = [self.genres(index) for index in range(first, last)]
        counts = np.array([len(names) for names in genres], dtype=np.int64)
        index = np.repeat(np.arange(first, last), counts)
        place = np.concatenate([np.arange(count) for count in counts]) if len(counts) else np.zeros(0, dtype=np.int64)
        ids = self.ids(last).to_pylist()
        artists = {number: self.artists(number) for number in range(first, last)}
        names = {number: self.name(number) for number in range(first, last)}
        columns = {
            "id": pa.array(index * 3 + place),
            "track_id": pa.array([ids[number] for number in index.tolist()], pa.string()),
            "artists": pa.array([artists[number] for number in index.tolist()], pa.string()),
            "album_name": pa.array([f"{names[number]} & More" for number in index.tolist()], pa.string()),
            "track_name": pa.array([names[number] for number in index.tolist()], pa.string()),
            "popularity": pa.array(self.popularity(index)),
            "duration_ms": pa.array(self.duration_ms(last)[index]),
            "explicit": pa.array(chance(self._hash(index), 0.09, 4, 8)),
            **self._sound(index),
            "track_genre": pa.array([name for names_of in genres for name in names_of], pa.string()),
        }
        return pa.table(columns)

    def popularity(self, index: Ints) -> Ints:
        """Catalogue popularity 0..100: falls with the index, as plays do, with noise."""
        noise = below(Stream(self.seed, "track/popularity")(index), 41)
        return np.asarray(np.clip(75 - (6 * np.log2(index + 1)).astype(np.int64) + noise, 0, 100))

    def _sound(self, index: Ints) -> dict[str, pa.Array]:
        """The audio features, in the order and the ranges of the published catalogue."""
        sound = Stream(self.seed, "track/sound")
        share = {
            name: pa.array(np.round(unit(sound(index * 16 + place)), 4))
            for place, name in enumerate(
                ("danceability", "energy", "speechiness", "acousticness", "instrumentalness", "liveness", "valence")
            )
        }
        other = sound(index * 16 + 8)
        return {
            "danceability": share["danceability"],
            "energy": share["energy"],
            "key": pa.array(below(other, 12, 0, 8)),
            "loudness": pa.array(np.round(-unit(other, 8, 16) * 24, 3)),
            "mode": pa.array(bits(other, 24, 1)),
            "speechiness": share["speechiness"],
            "acousticness": share["acousticness"],
            "instrumentalness": share["instrumentalness"],
            "liveness": share["liveness"],
            "valence": share["valence"],
            "tempo": pa.array(np.round(60 + unit(other, 32, 16) * 130, 3)),
            "time_signature": pa.array(3 + below(other, 3, 48, 8)),
        }


def artist_name(number: int) -> str:
    """The name of one artist of the pool (14 x 14 invented names)."""
    first, second = divmod(number, len(words.ARTIST_SECOND))
    return f"{words.ARTIST_FIRST[first]} {words.ARTIST_SECOND[second]}"


def pick_items(hashed: UInts, taste: Ints, count: int, newest: int) -> Ints:
    """Items 0 .. count-1 by Zipf; a part follows the taste of the place, a part goes to the newest releases.

    hashed: 64-bit hashes; taste: an integer of the account's place; newest: how many items count as new.
    """
    popular = zipf(hashed, count)
    by_place = bits(hashed, 32, 2) == 0
    popular = np.where(by_place, (popular + taste * 7) % count, popular)
    fresh = chance(hashed, 0.03, 40, 8)
    return np.where(fresh, count - 1 - below(hashed, max(1, min(newest, count)), 48, 16), popular)
