"""Who watches what: sessions of a player, with their accounts, devices and clocks, and the playbacks in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from ingestion.generate import reference
from ingestion.generate.catalogue import Shows, pick_items
from ingestion.generate.columns import Grown
from ingestion.generate.hashing import Bools, Ints, Stream, UInts, below, bits, chance, wheel
from ingestion.generate.population import Growth, Population, pick_accounts, start_seconds, zone_offset_seconds

PLAYBACKS = wheel([0.45, 0.3, 0.15, 0.1], 8)  # playbacks of a session, less one
MEAN_PLAYBACKS = 1.9
COUNTRY_WHEEL = wheel([0.12, 0.05, 0.02, 0.03, 0.02, 0.04, 0.04, 0.68], 8)  # in the order of reference.COUNTRIES
INDIA = reference.COUNTRIES.index(reference.TV_COUNTRY)
REGION_WHEEL = wheel([0.2, 0.2, 0.13, 0.2, 0.12, 0.05, 0.1], 8)
PLAN_WHEEL = wheel([0.5, 0.3, 0.2], 8)
LEAVING = np.array([0.005])

DEVICES = ("mobile", "tv", "tablet", "desktop", "gaming_console")
DEVICE_WHEEL = wheel([0.45, 0.33, 0.08, 0.11, 0.03], 8)
PLATFORMS = ("android", "ios", "android_tv", "roku", "web", "playstation")
PLATFORM_OF_DEVICE = np.array([[0, 0, 0, 1], [2, 2, 3, 2], [0, 1, 1, 0], [4, 4, 4, 4], [5, 5, 5, 5]])
# The oldest reports no positions, the second no bit rate; the third reports the start-up with a heartbeat, the last
# with the request.
VERSIONS = ("2.9.4", "3.4.1", "4.0.2", "4.2.0", "5.1.0", "5.2.3")
VERSION_WHEEL = wheel([0.02, 0.1, 0.2, 0.18, 0.3, 0.2], 8)
BLIND, NO_BITRATE = 0, 1
LIVE_MINUTES = 120
UNKNOWN_TITLES = 5  # contents that stand in no catalogue
SKEWS_MS = (-7_200_000, -93_500, 41_000, 5_400_000)


@dataclass(frozen=True)
class Sessions:
    """One row a session. account: -1 for a viewer who has not signed in. device_change: the playback (1 ..) before
    which the device changes, or -1. start_ms: milliseconds since 1970, by the clock of the device."""

    counter: Ints
    account: Ints
    country: Ints
    region: Ints
    plan: Ints
    device: Ints
    second_device: Ints
    platform: Ints
    second_platform: Ints
    version: Ints
    playbacks: Ints
    start_ms: Ints
    device_change: Ints
    has_start: Bools
    has_end: Bools
    is_end_early: Bools
    is_skewed: Bools
    crashes: Ints


@dataclass(frozen=True)
class Viewings:
    """One row a playback of the sessions. title: index in the catalogue; from its size on: content that it does not
    hold. channel: of a live transmission, else -1. length_ms: of the content; of a live one, what there is to see."""

    counter: Ints
    session: Ints
    place: Ints
    title: Ints
    channel: Ints
    length_ms: Ints
    wait_ms: Ints
    is_second_device: Bools


class World:
    """The player's side of a plan; `day` counts from 0 at `start`."""

    def __init__(self, seed: int, start: date, accounts: Growth, shows: Shows, playbacks_per_account: float) -> None:
        self.seed, self.start, self.shows = seed, start, shows
        self.playbacks_per_account = playbacks_per_account
        self._account = Stream(seed, "player/account")
        one_class = Grown(lambda count: np.zeros(count, dtype=np.int64))
        self.people = Population(seed, "player", accounts, LEAVING, one_class)

    def count(self, day: int, week_factor: float) -> int:
        """Sessions that start on that day."""
        active = len(self.people.active(day))
        return round(active * self.playbacks_per_account * week_factor / MEAN_PLAYBACKS)

    def sessions(self, day: int, number: Ints) -> Sessions:
        """The sessions of that day with these numbers."""
        counter = (np.int64(day) << 36) + number
        first, second = Stream(self.seed, "player/session")(counter), Stream(self.seed, "player/session/more")(counter)
        account = pick_accounts(first, self.people.active(day))
        who = self._account(account)
        country = COUNTRY_WHEEL[bits(who, 0, 8)]
        count = PLAYBACKS[bits(second, 28, 8)] + 1
        device = np.where(chance(second, 0.7, 36, 8), DEVICE_WHEEL[bits(who, 24, 8)], DEVICE_WHEEL[bits(first, 0, 8)])
        second_device = DEVICE_WHEEL[bits(first, 8, 8)]
        changes = chance(second, 0.08, 44, 8) & (count > 1)
        skewed = chance(who, 0.02, 32, 8)
        skew = np.where(skewed, np.array(SKEWS_MS)[bits(who, 40, 2)], 0)
        return Sessions(
            counter=counter,
            account=np.where(chance(first, 0.01, 16, 8), -1, account),
            country=country,
            region=np.where(country == INDIA, REGION_WHEEL[bits(who, 8, 8)], -1),
            plan=PLAN_WHEEL[bits(who, 16, 8)],
            device=device,
            second_device=second_device,
            platform=PLATFORM_OF_DEVICE[device, bits(second, 52, 2)],
            second_platform=PLATFORM_OF_DEVICE[second_device, bits(second, 54, 2)],
            version=VERSION_WHEEL[bits(who, 48, 8)],
            playbacks=count,
            start_ms=self._start_ms(day, second, country) + skew,
            device_change=np.where(changes, 1 + bits(second, 56, 8) % np.maximum(count - 1, 1), -1),
            has_start=~chance(first, 0.02, 24, 8),
            has_end=~chance(second, 0.15, 20, 8),
            is_end_early=chance(who, 0.02, 56, 8),
            is_skewed=skewed,
            crashes=np.where(chance(first, 0.03, 32, 8), 1 + bits(first, 40, 1), 0),
        )

    def _start_ms(self, day: int, second: UInts, country: Ints) -> Ints:
        today = self.start + timedelta(days=day)
        offsets = np.array([zone_offset_seconds(zone, today) for zone in reference.COUNTRY_ZONES.values()])
        midnight = (today - date(1970, 1, 1)).days * 86_400_000
        return midnight + start_seconds(second, offsets[country]) * 1000 + bits(second, 46, 9)

    def viewings(self, day: int, sessions: Sessions) -> Viewings:
        """The playbacks of these sessions, in order."""
        session = np.repeat(np.arange(len(sessions.counter)), sessions.playbacks)
        head = np.cumsum(sessions.playbacks) - sessions.playbacks
        place = np.arange(len(session)) - head[session]
        counter = sessions.counter[session] * 4 + place
        hashed = Stream(self.seed, "player/viewing")(counter)
        shows = self.shows.growth.size(day)
        title = pick_items(hashed, sessions.country[session], shows, 1 + shows // 25)
        strange = chance(hashed, 0.01, 56, 8)
        title = np.where(strange, shows + below(hashed, UNKNOWN_TITLES, 0, 8), title)
        more = Stream(self.seed, "player/viewing/more")(counter)
        is_live = chance(more, 0.05, 0, 8) & ~strange
        minutes = np.where(strange, 25, self.shows.runtime_minutes(shows)[np.minimum(title, shows - 1)])
        changed = sessions.device_change[session]
        return Viewings(
            counter=counter,
            session=session,
            place=place,
            title=title,
            channel=np.where(is_live, self.shows.channel(shows)[np.minimum(title, shows - 1)], -1),
            length_ms=np.where(is_live, LIVE_MINUTES, minutes) * 60_000,
            wait_ms=2_000 + below(more, 90_000, 8, 12),
            is_second_device=(changed >= 0) & (place >= changed),
        )
