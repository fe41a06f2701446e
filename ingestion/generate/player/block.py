"""A block of sessions with everything that follows from them: scripts, clock, advertisements, figures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from ingestion.generate.catalogue import CHANNELS, channel_ids
from ingestion.generate.columns import hexed
from ingestion.generate.hashing import Bools, Ints, Stream, chance
from ingestion.generate.player import ads as advertisements
from ingestion.generate.player import script as scripts
from ingestion.generate.player.ads import Ads
from ingestion.generate.player.layout import Layout, lay
from ingestion.generate.player.measures import Measures, measure
from ingestion.generate.player.script import Script
from ingestion.generate.player.world import BLIND, NO_BITRATE, UNKNOWN_TITLES, Sessions, Viewings, World

CLOSING_MS = 3_000  # from the end of the last playback to the end of its session
FIRST_ACCOUNT = 100_001
NAMELESS = "of|"  # begins the key of a playback without an id


@dataclass(frozen=True)
class Block:
    """Some sessions of a day, and their playbacks. request_ms: of each playback, in milliseconds since 1970.
    session_end_ms: of each session."""

    seed: int
    shows: int
    sessions: Sessions
    viewings: Viewings
    script: Script
    ads: Ads
    layout: Layout
    measures: Measures
    request_ms: Ints
    session_end_ms: Ints

    @property
    def of_session(self) -> Ints:
        """The session of each playback."""
        return self.viewings.session

    @property
    def is_named(self) -> Bools:
        """Does the player of a session name it? The oldest does not, and sends no events of sessions either."""
        return np.asarray(self.sessions.version != BLIND)

    @cached_property
    def session_names(self) -> pa.StringArray:
        """session_id of each session."""
        return hexed(Stream(self.seed, "player/session/id")(self.sessions.counter))

    @cached_property
    def playback_names(self) -> pa.StringArray:
        """playback_id of each playback."""
        return hexed(self.script.base)

    @cached_property
    def is_nameless(self) -> Bools:
        """Playbacks of players that give no id, where session and content tell them from all others."""
        of = self.of_session
        some = chance(Stream(self.seed, "player/nameless")(self.viewings.counter), 0.3)
        some &= (self.sessions.version == NO_BITRATE)[of] & ~self.script.is_silent.any(axis=1)
        pair = of * len(self.content_names) + self.content
        _, which, times = np.unique(pair, return_inverse=True, return_counts=True)
        return np.asarray(some & (times[which] == 1))

    @cached_property
    def playback_keys(self) -> pa.Array:
        """playback_id of each playback; of those without, what stands in its place."""
        account, session = self.sessions.account[self.of_session], self.session_names.to_pylist()
        names, content = self.account_names.to_pylist(), self.content_names.to_pylist()
        keys = self.playback_names.to_pylist()
        for row in np.flatnonzero(self.is_nameless).tolist():
            owner = f"player:{names[account[row]]}" if account[row] >= 0 else ""
            start_us = (self.request_ms[row] + self.measures.start_ms[row]) * 1000
            title = f"video:{content[self.content[row]]}"
            keys[row] = f"{NAMELESS}{owner}|{session[self.of_session[row]]}|{title}|{start_us}"
        return pa.array(keys, pa.string())

    @cached_property
    def content(self) -> Ints:
        """Code of each playback's content in `content_names`."""
        live = self.shows + UNKNOWN_TITLES + self.viewings.channel
        return np.where(self.viewings.channel >= 0, live, self.viewings.title)

    @cached_property
    def content_names(self) -> pa.Array:
        """content_id by code: titles of the catalogue, those that it does not hold, live channels."""
        titles = [f"T{number:06d}" for number in range(1, self.shows + 1)]
        strangers = [f"X{number:06d}" for number in range(1, UNKNOWN_TITLES + 1)]
        return pa.array([*titles, *strangers, *(f"LIVE-{name}" for name in channel_ids()[:CHANNELS])], pa.string())

    @cached_property
    def account_names(self) -> pa.Array:
        """account_id by code."""
        most = int(self.sessions.account.max(initial=-1)) + 1
        return pa.array([f"A{FIRST_ACCOUNT + index}" for index in range(most)], pa.string())

    @property
    def device(self) -> Ints:
        """Code of the device of each playback."""
        first, second = self.sessions.device, self.sessions.second_device
        return np.where(self.viewings.is_second_device, second[self.of_session], first[self.of_session])

    @property
    def platform(self) -> Ints:
        """Code of the platform of each playback."""
        first, second = self.sessions.platform, self.sessions.second_platform
        return np.where(self.viewings.is_second_device, second[self.of_session], first[self.of_session])

    def device_names(self, session: Ints, is_second: Bools) -> pa.StringArray:
        """device_id: of an account's first or second device."""
        number = self.sessions.account[session] * 2 + is_second
        number = np.where(self.sessions.account[session] < 0, -self.sessions.counter[session] * 2 - is_second, number)
        return hexed(Stream(self.seed, "player/device")(number))


def build(world: World, day: int, number: Ints) -> Block:
    """The sessions of that day with these numbers, and all that follows from them."""
    sessions = world.sessions(day, number)
    viewings = world.viewings(day, sessions)
    of = viewings.session
    plan, version = sessions.plan[of], sessions.version[of]
    script = scripts.draw(
        world.seed, viewings.counter, viewings.length_ms, plan, version != BLIND, version != NO_BITRATE
    )
    ads = advertisements.draw(world.seed, script, plan)
    layout = lay(script, ads)
    before = np.cumsum(viewings.wait_ms + layout.leave)
    head = np.cumsum(sessions.playbacks) - sessions.playbacks
    earlier = before - viewings.wait_ms - layout.leave
    request = sessions.start_ms[of] + earlier - earlier[head[of]] + viewings.wait_ms
    last = head + sessions.playbacks - 1
    close = np.where(sessions.is_end_early, -layout.leave[last] // 2, CLOSING_MS)
    return Block(
        seed=world.seed,
        shows=world.shows.growth.size(day),
        sessions=sessions,
        viewings=viewings,
        script=script,
        ads=ads,
        layout=layout,
        measures=measure(world.seed, script, ads, layout),
        request_ms=request,
        session_end_ms=request[last] + layout.leave[last] + close,
    )
