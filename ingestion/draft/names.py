"""What the name of a column says: which field it may be, and in which unit its numbers are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from ingestion import contract
from ingestion.contract import Contract
from ingestion.mapping import Mapping, UnitRule, load_mapping, shipped

#: Words of a name that say the unit of its numbers.
UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "seconds"),
    **dict.fromkeys(("ms", "msec", "millis", "millisecond", "milliseconds"), "milliseconds"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "minutes"),
    **dict.fromkeys(("h", "hour", "hours"), "hours"),
}
GENERAL = frozenset(("id", "name", "type", "code", "value"))
#: Other names under which fields go, in words; those of the contracts and of the shipped mappings are known too.
PERSON = ("user", "viewer", "viewer id", "member", "member id", "customer", "customer id", "account", "listener")
OTHER_NAMES = {
    "account_id": PERSON,
    "user_id": PERSON,
    "event_type": ("event", "event name", "action", "kind", "type", "activity"),
    "event_at": ("time", "date", "datetime", "event time", "occurred at", "created at", "started", "start time"),
    "listened_at": ("time", "played at", "started", "start time"),
    "session_id": ("session", "visit id"),
    "playback_id": ("view id", "play id", "playback", "stream id", "playback session"),
    "content_id": ("content", "asset", "asset id", "content asset id", "content asset ids", "video", "media id",
                   "item id", "movie id", "show id", "episode id", "track", "song id", "track uri"),
    "content_title": ("title", "video title", "video name", "track name", "episode name", "asset name"),
    "content_duration_ms": ("duration", "length", "total length", "runtime", "media length", "video length"),
    "position_ms": ("position", "pos", "playhead", "current time", "offset", "progress"),
    "listened_ms": ("played", "listened", "play duration", "listening time"),
    "stall_ms": ("stall duration", "buffering time", "rebuffer duration"),
    "startup_ms": ("startup", "time to start", "time to first frame", "join time", "video startup time"),
    "device_type": ("device", "device category"),
    "device_id": ("anonymous id", "installation id", "client id"),
    "platform": ("os", "os name", "operating system", "app"),
    "app_version": ("version",),
    "country": ("country code", "geo country", "market"),
    "ad_id": ("ad", "ad asset id", "advert id", "creative asset id"),
    "ad_break_id": ("break id", "ad pod id", "pod id"),
    "ad_type": ("ad position", "ad kind", "ad placement"),
    "ad_duration_ms": ("ad length",),
    "is_live": ("live", "livestream"),
    "event_id": ("id", "message id", "uuid"),
    "subscription_tier": ("plan", "subscription", "tier"),
    "search_query": ("query", "search term"),
    "ip_address": ("ip", "ip addr"),
    "bitrate_kbps": ("bitrate",),
}  # fmt: skip
EXACT, KNOWN, ALIKE, WITHIN = 1.0, 0.95, 0.9, 0.6


def words(name: str) -> tuple[str, ...]:
    """The words of a name: `totalLength` is total, length.

    Of a JSON pointer those of its last member, and of its owner where it says little: `/user/id` is user, id.
    """
    parts = [part for part in name.split("/") if part and not part.isdigit()] if name.startswith("/") else [name]
    said = " ".join(parts[-2:] if parts[-1:] and parts[-1].lower() in GENERAL else parts[-1:]) or name
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", said)
    return tuple(word.lower() for word in re.split(r"[^A-Za-z0-9]+", parted) if word)


def unit(name: str) -> str | None:
    """The unit that a name speaks of, None when it does not."""
    found = words(name)
    return next((UNITS[word] for word in reversed(found) if word in UNITS and len(found) > 1), None)


def _meaning(name: str) -> str:
    """A name without its unit, as one text."""
    found = words(name)
    return " ".join(word for word in found if word not in UNITS or len(found) == 1)


def likeness(target: Contract, field: str, column: str) -> float:
    """How much a column's name looks like a field's, from 0 (not at all) to 1 (it needs no line)."""
    if not column.startswith("/") and contract.normalise_name(column) in target.field(field).spellings:
        return EXACT
    if field in _known(target.name).get(contract.normalise_name(column), ()):
        return KNOWN
    theirs, ours = _meaning(column), _own(target, field)
    if theirs in ours:
        return ALIKE
    inside = set(theirs.split())
    return WITHIN if any(set(one.split()) <= inside for one in ours if " " in one) else 0.0


@cache
def shipped_mappings(input_name: str) -> tuple[Mapping, ...]:
    """The mappings that come with the project, of one input."""
    return tuple(mapping for mapping in _all_shipped() if mapping.input == input_name)


@cache
def _all_shipped() -> tuple[Mapping, ...]:
    return tuple(map(load_mapping, shipped()))


@cache
def _known(input_name: str) -> dict[str, tuple[str, ...]]:
    """Names that the shipped mappings of an input take, and the fields that they take them for."""
    return {
        contract.normalise_name(theirs): ours
        for mapping in shipped_mappings(input_name)
        for theirs, ours in mapping.columns.items()
    }


def known_unit(input_name: str, ours: str, column: str) -> UnitRule | None:
    """The unit of a column that a shipped mapping takes for the field; None where none does."""
    for mapping in shipped_mappings(input_name):
        named = {contract.normalise_name(theirs): fields for theirs, fields in mapping.columns.items()}
        if ours in named.get(contract.normalise_name(column), ()):
            return mapping.unit_of(ours, column) or UnitRule()
    return None


def _own(target: Contract, field: str) -> frozenset[str]:
    return _all_names(target.field(field).spellings, OTHER_NAMES.get(field, ()))


@cache
def _all_names(spellings: tuple[str, ...], others: tuple[str, ...]) -> frozenset[str]:
    names: Iterable[str] = (*spellings, *others)
    return frozenset(_meaning(name) for name in names)
