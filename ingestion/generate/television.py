"""viewership_logs and what stands beside it: demographics, ad_revenue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from ingestion.generate import reference, words
from ingestion.generate.catalogue import CHANNELS, Shows, channel_ids, channel_names, pick_items
from ingestion.generate.columns import Grown, choice, numbered
from ingestion.generate.hashing import Ints, Stream, UInts, below, bits, chance, wheel
from ingestion.generate.population import (
    SECONDS_A_DAY,
    Growth,
    Population,
    pick_accounts,
    start_seconds,
    zone_offset_seconds,
)

SHOWS_A_SESSION = wheel([0.6, 0.25, 0.1, 0.05], 8)  # index + 1 shows
MEAN_SHOWS = 1.6
BLOCK_SESSIONS = 1 << 15  # sessions worked on at a time: the arrays stay in the processor's cache
GAP_SECONDS = 20  # between two shows of a session

DEVICES = ("Mobile", "Smart TV", "Tablet", "Laptop")
DEVICE_WHEEL = wheel([0.42, 0.36, 0.09, 0.13], 8)
PLATFORMS = ("Android", "iOS", "Web", "FireTV", "Roku")
# The platform of a device: four equally likely slots each.
PLATFORM_OF_DEVICE = np.array([[0, 0, 0, 1], [3, 3, 4, 2], [0, 0, 1, 1], [2, 2, 2, 2]])
STALLS_OF_DEVICE = np.array([0.45, 0.2, 0.35, 0.25])  # chance of at least one stall
LIVE_RATE_OF_GENRE = np.array([0.04, 0.4, 0.35, 0.01, 0.02, 0.08]) * 256
REGION_WHEEL = wheel([0.2, 0.2, 0.13, 0.2, 0.12, 0.05, 0.1], 8)
PLAN_WHEEL = wheel([0.5, 0.3, 0.2], 8)
MOST_ADS_OF_PLAN = np.array([6, 4, 1])  # exclusive
LEAVING_OF_PLAN = np.array([0.006, 0.004, 0.002])  # chance of leaving per day


class Television:
    """The viewership side of a plan; `day` counts from 0 at `start`."""

    def __init__(self, seed: int, start: date, accounts: Growth, shows: Shows, rows_per_account: float) -> None:
        self.seed, self.start, self.shows = seed, start, shows
        self.rows_per_account = rows_per_account
        account = Stream(seed, "tv/account")
        self.plan = Grown(lambda count: PLAN_WHEEL[bits(account(np.arange(count)), 0, 8)])
        self.region = Grown(lambda count: REGION_WHEEL[bits(account(np.arange(count)), 8, 8)])
        self.device = Grown(lambda count: DEVICE_WHEEL[bits(account(np.arange(count)), 16, 8)])
        self.names = Grown(lambda count: pa.array([f"U{10_000 + index}" for index in range(count)], pa.string()))
        self.people = Population(seed, "tv", accounts, LEAVING_OF_PLAN, self.plan)
        self._channels = pa.array(channel_ids()), pa.array(channel_names())

    def batches(self, day: int, week_factor: float) -> Iterator[pa.RecordBatch]:
        """The rows of the sessions that start on that day, in blocks of about 50,000."""
        active = self.people.active(day)
        total = round(len(active) * self.rows_per_account * week_factor / MEAN_SHOWS)
        for first in range(0, total, BLOCK_SESSIONS):
            yield self._block(day, active, np.arange(first, min(first + BLOCK_SESSIONS, total)))

    def _block(self, day: int, active: Ints, number: Ints) -> pa.RecordBatch:
        counter = (np.int64(day) << 36) + number
        first, second = Stream(self.seed, "tv/session")(counter), Stream(self.seed, "tv/session/detail")(counter)
        account = pick_accounts(first, active)
        offset = zone_offset_seconds(reference.TV_ZONE, self.start + timedelta(days=day))
        begin = start_seconds(second, offset)
        count = SHOWS_A_SESSION[bits(second, 28, 8)] + 1
        session = np.repeat(np.arange(len(number)), count)
        head = np.cumsum(count) - count
        place = np.arange(len(session)) - head[session]
        row = Stream(self.seed, "tv/row")(counter[session] * 4 + place)
        return self._rows(day, row, account[session], second[session], begin[session], session, head)

    def _rows(
        self, day: int, row: UInts, account: Ints, second: UInts, begin: Ints, session: Ints, head: Ints
    ) -> pa.RecordBatch:
        joined, shows = len(self.names(self.people.growth.size(day))), self.shows.growth.size(day)
        more = Stream(self.seed, "tv/row/more")(row)
        plan, home = self.plan(joined)[account], self.region(joined)[account]
        region = np.where(chance(second, 0.03, 40, 8), below(second, len(reference.TV_REGIONS), 48, 8), home)
        device = np.where(chance(second, 0.75, 36, 8), self.device(joined)[account], DEVICE_WHEEL[bits(second, 56, 8)])
        show = pick_items(row, region, shows, 1 + shows // 25)
        channel = np.where(chance(row, 0.2, 32, 8), below(row, CHANNELS, 48, 16), self.shows.channel(shows)[show])
        genre = self.shows.genre(shows)[show]
        runtime = self.shows.runtime_minutes(shows)[show]
        minutes = _minutes(more, runtime)
        share = np.minimum(10_000, minutes * 10_000 // runtime)  # hundredths of a percent
        ads = below(more, MOST_ADS_OF_PLAN[plan], 32, 8)
        before = np.cumsum(minutes) - minutes
        place = np.arange(len(session)) - head[session]
        seconds = begin + (before - before[head[session]]) * 60 + place * GAP_SECONDS
        instant = seconds + _epoch_seconds(self.start, day)
        platform = PLATFORM_OF_DEVICE[device, bits(second, 44, 2)]
        stalled = bits(more, 56, 8) < STALLS_OF_DEVICE[device] * 256
        # The hash of the session gives its id; six digits, as in the real logs, so different sessions may share one.
        columns = {
            "session_id": numbered("SID", 100_000 + below(Stream(self.seed, "tv/id")(second), 900_000)),
            "user_id": choice(account, self.names(joined)),
            "channel_id": choice(channel, self._channels[0]),
            "channel_name": choice(channel, self._channels[1]),
            "show_name": choice(show, self.shows.names(shows)),
            "genre": choice(genre, words.TV_GENRES),
            "timestamp": pa.array(instant, pa.timestamp("s")),
            "duration_minutes": pa.array(minutes),
            "region": choice(region, reference.TV_REGIONS),
            "subscription_type": choice(plan, reference.PLANS),
            "device": choice(device, DEVICES),
            "platform": choice(platform, PLATFORMS),
            "is_live": pa.array(bits(row, 56, 8) < LIVE_RATE_OF_GENRE[genre]),
            "ads_watched": pa.array(ads),
            "ad_revenue": pa.array((ads * (500 + bits(more, 40, 13))) / 100.0),
            "engagement_score": pa.array((20 + share // 250 + below(row, 41, 40, 8)) / 100.0),
            "buffer_count": pa.array(np.where(stalled, 1 + below(more, 3, 24, 8), 0)),
            "completion_percentage": pa.array(share / 100.0),
        }
        return pa.RecordBatch.from_pydict(columns)

    def demographics(self, index: Ints, change: int = 0) -> pa.Table:
        """demographics of these accounts; `change` > 0 gives other values for the same accounts."""
        size = int(index.max()) + 1 if len(index) else 0
        hashed = Stream(self.seed, "tv/person")(index)
        groups, plans, regions = len(reference.AGE_GROUPS), len(reference.PLANS), len(reference.TV_REGIONS)
        return pa.table(
            {
                "user_id": choice(index, self.names(size)),
                "gender": choice(below(hashed, 3, 0, 8), reference.GENDERS),
                "age_group": choice((below(hashed, groups, 8, 8) + change) % groups, reference.AGE_GROUPS),
                "region": choice((self.region(size)[index] + change) % regions, reference.TV_REGIONS),
                "subscription_type": choice((self.plan(size)[index] + change) % plans, reference.PLANS),
            }
        )

    def ad_revenue(self, day: int) -> pa.Table:
        """ad_revenue: what each channel booked on that day, 10,000 to 100,000."""
        paise = 1_000_000 + below(Stream(self.seed, "tv/booked")(np.arange(CHANNELS) + day * CHANNELS), 9_000_000)
        booked_on = pa.array([self.start + timedelta(days=day)] * CHANNELS, pa.date32())
        return pa.table(
            {
                "channel_id": self._channels[0],
                "channel_name": self._channels[1],
                "date": booked_on,
                "ad_revenue": pa.array(paise / 100.0),
            }
        )


def _minutes(more: UInts, runtime: Ints) -> Ints:
    """Whole minutes watched: a third see the whole show, some linger, the others stop anywhere; 1 % never start."""
    share = bits(more, 0, 16)
    stopped = runtime * share >> 16
    minutes = np.where(chance(more, 0.33, 16, 8), runtime + below(more, 6, 48, 8), stopped)
    return np.where(share < 655, 0, np.where(share > 64_500, np.minimum(2 * runtime, 240), minutes))


def _epoch_seconds(start: date, day: int) -> int:
    return ((start - date(1970, 1, 1)).days + day) * SECONDS_A_DAY
