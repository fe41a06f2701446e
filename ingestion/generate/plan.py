"""The plan: every undamaged row of every input, as a function of the knobs and the day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa

from ingestion.generate.catalogue import Shows, Tracks, channel_table
from ingestion.generate.listening import Listening
from ingestion.generate.player.day import PlayerDay, play
from ingestion.generate.player.world import World
from ingestion.generate.population import WEEK_CURVE, Growth
from ingestion.generate.television import Television

DEFAULT_START = date(2026, 1, 5)
EVENT_INPUTS = ("viewership_logs", "streams")
DIMENSION_INPUTS = ("demographics", "ad_revenue", "channel_metadata", "songs", "users", "titles")
INPUTS = EVENT_INPUTS + DIMENSION_INPUTS
PLAYER_INPUT = "player_events"


@dataclass(frozen=True)
class Plan:
    """The knobs of the generator. Days count from 0; every table depends on its day and the knobs, never on `days`.

    accounts: television accounts, and as many of music and of the player, on the first day. titles: television shows,
    which the player has too.
    growth_permille, catalogue_permille: growth of accounts and of titles and tracks, in thousandths of the base a day.
    viewings_per_account, listens_per_account: mean rows a day for each active account.
    playbacks_per_account: mean playbacks a day of a player's account; 0: no player_events.
    reported_share: share (0..1) of the listens whose length is reported; above 0, streams has a column listened_ms.
    """

    days: int = 14
    accounts: int = 5_000
    titles: int = 200
    tracks: int = 5_000
    seed: int = 7
    start: date = DEFAULT_START
    growth_permille: int = 5
    catalogue_permille: int = 3
    viewings_per_account: float = 1.8
    listens_per_account: float = 2.5
    reported_share: float = 0.0
    playbacks_per_account: float = 0.0

    def __post_init__(self) -> None:
        for name in ("days", "accounts", "titles", "tracks"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if not 0 <= self.reported_share <= 1:
            raise ValueError(f"reported_share must lie between 0 and 1, not {self.reported_share}")
        if self.playbacks_per_account < 0:
            raise ValueError(f"playbacks_per_account must not be negative, as {self.playbacks_per_account} is")

    @property
    def inputs(self) -> tuple[str, ...]:
        """The inputs that this plan has rows of."""
        return (*INPUTS, PLAYER_INPUT) if self.playbacks_per_account > 0 else INPUTS

    @cached_property
    def television(self) -> Television:
        """The television side."""
        shows = Shows(self.seed, Growth(self.titles, self.catalogue_permille))
        accounts = Growth(self.accounts, self.growth_permille)
        return Television(self.seed, self.start, accounts, shows, self.viewings_per_account)

    @cached_property
    def listening(self) -> Listening:
        """The music side."""
        tracks = Tracks(self.seed, Growth(self.tracks, self.catalogue_permille))
        accounts = Growth(self.accounts, self.growth_permille)
        return Listening(self.seed, self.start, accounts, tracks, self.listens_per_account, self.reported_share)

    @cached_property
    def player(self) -> World:
        """The player's side."""
        accounts = Growth(self.accounts, self.growth_permille)
        return World(self.seed, self.start, accounts, self.television.shows, self.playbacks_per_account)

    @cached_property
    def player_day(self) -> Callable[[int], PlayerDay]:
        """The player's events and facts of a day; kept for a while, since both are asked for in turn."""
        return lru_cache(maxsize=2)(lambda day: play(self.player, day, WEEK_CURVE[self.date_of(day).weekday()]))

    def date_of(self, day: int) -> date:
        """The calendar date of a day number."""
        return self.start + timedelta(days=day)

    def batches(self, name: str, day: int) -> Iterator[pa.RecordBatch]:
        """The rows of an event input for the sessions that start on that day, in blocks."""
        week_factor = WEEK_CURVE[self.date_of(day).weekday()]
        side: Television | Listening = self.television if name == "viewership_logs" else self.listening
        return side.batches(day, week_factor)

    def table(self, name: str, day: int) -> pa.Table:
        """All rows of an input for one day: events, a day's bookings, or the part of a dimension new on that day."""
        if name in EVENT_INPUTS:
            batches = list(self.batches(name, day))
            if batches:
                return pa.Table.from_batches(batches)
            return self._no_events(name)
        if name == PLAYER_INPUT:
            return self.player_day(day).events
        return self._dimensions[name](day)

    def viewership(self, day: int) -> pa.Table:
        """viewership_logs of one day."""
        return self.table("viewership_logs", day)

    def streams(self, day: int) -> pa.Table:
        """streams of one day."""
        return self.table("streams", day)

    def _no_events(self, name: str) -> pa.Table:
        """An empty table with the columns of an event input."""
        busy = Plan(accounts=200, titles=1, tracks=1, reported_share=self.reported_share)
        return busy.table(name, 0).slice(0, 0)

    @cached_property
    def _dimensions(self) -> dict[str, Callable[[int], pa.Table]]:
        tv, music = self.television, self.listening
        return {
            "demographics": lambda day: tv.demographics(np.arange(*_new(tv.people.growth, day))),
            "ad_revenue": tv.ad_revenue,
            "channel_metadata": lambda day: channel_table(self.seed).slice(0, None if day == 0 else 0),
            "songs": lambda day: music.tracks.songs(*_new(music.tracks.growth, day)),
            "users": lambda day: music.users(np.arange(*_new(music.people.growth, day))),
            "titles": lambda day: tv.shows.titles(*_new(tv.shows.growth, day), self.start),
        }


def _new(growth: Growth, day: int) -> tuple[int, int]:
    """The indices that appear on that day: all of the base on day 0."""
    return (0 if day == 0 else growth.size(day - 1)), growth.size(day)
