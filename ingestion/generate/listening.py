"""streams (the listens) and users."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from ingestion.generate import reference, words
from ingestion.generate.catalogue import Tracks, pick_items
from ingestion.generate.columns import Grown, choice
from ingestion.generate.hashing import Ints, Stream, UInts, below, bits, chance, wheel
from ingestion.generate.population import (
    SECONDS_A_DAY,
    Growth,
    Population,
    pick_accounts,
    start_seconds,
    zone_offset_seconds,
)

# Listens in a session: index + 1, falling slowly, so that a few sessions last for hours.
LISTENS_A_SESSION = wheel(0.86 ** np.arange(40), 10)
MEAN_LISTENS = float(np.mean(LISTENS_A_SESSION + 1))
BLOCK_SESSIONS = 1 << 14
COUNTRY_WHEEL = wheel([0.45, 0.13, 0.04, 0.07, 0.03, 0.08, 0.08, 0.12], 8)
LEAVING = np.array([0.004])  # chance of leaving per day


class Listening:
    """The music side of a plan; `day` counts from 0 at `start`."""

    def __init__(
        self, seed: int, start: date, accounts: Growth, tracks: Tracks, rows_per_account: float, reported_share: float
    ) -> None:
        self.seed, self.start, self.tracks = seed, start, tracks
        self.rows_per_account, self.reported_share = rows_per_account, reported_share
        account = Stream(seed, "music/account")
        self.country = Grown(lambda count: COUNTRY_WHEEL[bits(account(np.arange(count)), 0, 8)])
        self.names = Grown(lambda count: pa.array([str(index + 1) for index in range(count)], pa.string()))
        one_class = Grown(lambda count: np.zeros(count, dtype=np.int64))
        self.people = Population(seed, "music", accounts, LEAVING, one_class)

    def batches(self, day: int, week_factor: float) -> Iterator[pa.RecordBatch]:
        """The listens of the sessions that start on that day, in blocks of about 100,000."""
        active = self.people.active(day)
        total = round(len(active) * self.rows_per_account * week_factor / MEAN_LISTENS)
        today = self.start + timedelta(days=day)
        offsets = np.array([zone_offset_seconds(zone, today) for zone in reference.COUNTRY_ZONES.values()])
        for first in range(0, total, BLOCK_SESSIONS):
            yield self._block(day, active, offsets, np.arange(first, min(first + BLOCK_SESSIONS, total)))

    def _block(self, day: int, active: Ints, offsets: Ints, number: Ints) -> pa.RecordBatch:
        counter = (np.int64(day) << 36) + number
        first, second = Stream(self.seed, "music/session")(counter), Stream(self.seed, "music/session/detail")(counter)
        account = pick_accounts(first, active)
        joined, tracks = self.people.growth.size(day), self.tracks.growth.size(day)
        country = self.country(joined)[account]
        begin = start_seconds(second, offsets[country])
        count = LISTENS_A_SESSION[bits(second, 28, 10)] + 1
        session = np.repeat(np.arange(len(number)), count)
        head = np.cumsum(count) - count
        row = Stream(self.seed, "music/row")(counter[session] * 64 + np.arange(len(session)) - head[session])
        track = pick_items(row, country[session], tracks, 1 + tracks // 25)
        more = Stream(self.seed, "music/row/more")(row)
        heard = _heard_seconds(more, self.tracks.duration_ms(tracks)[track])
        before = np.cumsum(heard) - heard
        seconds = begin[session] + before - before[head[session]]
        instant = seconds + ((self.start - date(1970, 1, 1)).days + day) * SECONDS_A_DAY
        columns = {
            "user_id": choice(account[session], self.names(joined)),
            "track_id": choice(track, self.tracks.ids(tracks)),
            "listen_time": pa.array(instant, pa.timestamp("s")),
        }
        if self.reported_share > 0:
            columns["listened_ms"] = self._reported(more, heard, self.tracks.duration_ms(tracks)[track])
        return pa.RecordBatch.from_pydict(columns)

    def _reported(self, more: UInts, heard: Ints, duration_ms: Ints) -> pa.Array:
        """What a newer player reports for a share of the listens; 0 for one in a hundred: never started."""
        milliseconds = np.where(chance(more, 0.01, 56, 8), 0, np.minimum(heard * 1000, duration_ms))
        return pa.array(milliseconds, mask=~chance(more, self.reported_share, 40, 16))

    def users(self, index: Ints, change: int = 0) -> pa.Table:
        """users with these indices; `change` > 0 gives another country and age for the same users."""
        size = int(index.max()) + 1 if len(index) else 0
        hashed = Stream(self.seed, "music/person")(index)
        first, last = below(hashed, len(words.FIRST_NAMES), 0, 8), below(hashed, len(words.LAST_NAMES), 8, 8)
        names = [
            f"{words.FIRST_NAMES[a]} {words.LAST_NAMES[b]}" for a, b in zip(first.tolist(), last.tolist(), strict=True)
        ]
        age = 13 + below(hashed, 40, 16, 8) + below(hashed, 35, 24, 8)
        known_for = below(hashed, 700, 32, 16)
        joined_on = self.people.growth.first_day(index)
        days = np.where(joined_on > 0, joined_on, -known_for)
        created = [self.start + timedelta(days=int(day)) for day in days]
        country = (self.country(size)[index] + change) % len(reference.COUNTRIES)
        return pa.table(
            {
                "user_id": choice(index, self.names(size)),
                "user_name": pa.array(names, pa.string()),
                "user_age": pa.array(np.minimum(age + change, 99)),
                "user_country": choice(country, reference.COUNTRIES),
                "created_at": pa.array(created, pa.date32()),
            }
        )


def _heard_seconds(more: UInts, duration_ms: Ints) -> Ints:
    """Seconds until the next listen of the session: heard out, skipped within half a minute, or left in the middle."""
    length = duration_ms // 1000
    whole = length + 1 + below(more, 4, 0, 8)
    skipped = 4 + below(more, 26, 8, 8)
    partly = 30 + (np.maximum(length - 30, 1) * bits(more, 24, 16) >> 16)
    style = bits(more, 16, 8)
    return np.where(style < 46, np.minimum(skipped, whole), np.where(style < 80, partly, whole))
