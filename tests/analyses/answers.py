"""The 22 answers, computed from the input rows without SQL; rows in order, columns as the analysis has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.analyses.viewings import INDIA, METRO, Television, Viewing

Rows = list[tuple[Any, ...]]
Groups = dict[Any, list[Viewing]]
MILLIONTH = Decimal("0.000001")
NOTHING = Decimal(0)
HOUR_MS = 3_600_000


def ratio(numerator: Decimal | int, denominator: int) -> Decimal | None:
    """Rounded half up to six decimals; None without a denominator."""
    return (Decimal(numerator) / denominator).quantize(MILLIONTH, ROUND_HALF_UP) if denominator else None


def groups(viewings: Iterable[Viewing], key: Callable[[Viewing], Any]) -> Groups:
    found: Groups = defaultdict(list)
    for viewing in viewings:
        found[key(viewing)].append(viewing)
    return dict(found)


def accounts(viewings: Iterable[Viewing]) -> int:
    return len({v.user_id for v in viewings})


def played(viewings: Iterable[Viewing]) -> int:
    return sum(v.playing_ms for v in viewings)


def started(viewings: Iterable[Viewing]) -> list[Viewing]:
    return [v for v in viewings if v.is_started]


def revenue(viewings: Iterable[Viewing]) -> Decimal:
    return sum((v.ad_revenue for v in viewings), NOTHING)


def mean(values: Iterable[Decimal | None]) -> tuple[int, Decimal | None]:
    """How many values there are, and their mean."""
    known = [value for value in values if value is not None]
    return len(known), ratio(sum(known, NOTHING), len(known))


def engagement(viewings: Iterable[Viewing]) -> Decimal | None:
    return mean(v.engagement for v in viewings)[1]


def placed(rows: Rows, key: Callable[[tuple[Any, ...]], Any]) -> Rows:
    """Rows in the order of `key`, each with its place before it."""
    return [(place, *row) for place, row in enumerate(sorted(rows, key=key), start=1)]


def placed_within(rows: Rows, key: Callable[[tuple[Any, ...]], Any]) -> Rows:
    """As `placed`, within each value of the first column, which stays first."""
    parts: dict[Any, Rows] = defaultdict(list)
    for first, *rest in rows:
        parts[first].append(tuple(rest))
    return [(first, *row) for first in sorted(parts) for row in placed(parts[first], key)]


def by_channel(tv: Television) -> Rows:
    rows: Rows = [
        (channel, tv.channel_names[channel], len(vs), played(vs), ratio(played(vs), HOUR_MS))
        for channel, vs in groups(tv.viewings, lambda v: v.channel_id).items()
    ]
    return sorted(rows, key=lambda r: (-r[3], r[0]))


def by_device(tv: Television) -> Rows:
    rows: Rows = [
        (device, len(vs), *mean(v.engagement for v in vs))
        for device, vs in groups(tv.viewings, lambda v: v.device_type).items()
    ]
    return sorted(rows, key=lambda r: (-(r[3] if r[3] is not None else -1), r[0]))


def booked(tv: Television) -> Rows:
    rows: Rows = [
        (day, channel, tv.channel_names[channel], amount, "INR") for (day, channel), amount in tv.bookings.items()
    ]
    return sorted(rows)


def completion_by_gender(tv: Television) -> Rows:
    found = groups(tv.viewings, lambda v: v.gender)
    return [(gender, len(vs), *mean(v.completion_rate for v in vs)) for gender, vs in sorted(found.items())]


def genres_by_region(tv: Television) -> Rows:
    found = groups(tv.viewings, lambda v: (v.region, v.genre))
    rows: Rows = [(*key, played(vs), len(vs), accounts(vs)) for key, vs in found.items()]
    return placed_within(rows, lambda r: (-r[1], -r[2], r[0]))


def log_revenue(tv: Television) -> dict[tuple[date, str], Decimal]:
    found = groups(tv.attempts, lambda v: (v.at.date(), v.channel_id))
    return {key: revenue(vs) for key, vs in found.items()}


def top_channels(tv: Television) -> Rows:
    last = max(day for day, _ in tv.channel_days)
    days = [last - timedelta(days=n) for n in range(7)]
    earned = log_revenue(tv)
    rows: Rows = []
    for channel in {channel for day, channel in tv.channel_days if day in days}:
        bookings = [tv.bookings[day, channel] for day in days if (day, channel) in tv.bookings]
        own = sum((earned.get((day, channel), NOTHING) for day in days), NOTHING)
        rows.append((channel, tv.channel_names[channel], sum(bookings) if bookings else None, own))
    return placed(rows, lambda r: (-(r[2] if r[2] is not None else -1), -r[3], r[0]))[:5]


def peak_hours_by_region(tv: Television) -> Rows:
    found = groups(tv.viewings, lambda v: (v.region, v.local_hour))
    rows: Rows = [(*key, len(vs), accounts(vs)) for key, vs in found.items()]
    return placed_within(rows, lambda r: (-r[1], -r[2], r[0]))


def age_groups(viewings: Iterable[Viewing]) -> Rows:
    found = groups(viewings, lambda v: v.age_group)
    rows: Rows = [(age, played(vs), len(vs), accounts(vs)) for age, vs in found.items()]
    return placed(rows, lambda r: (r[0] == "unknown", -r[1], -r[2], r[0]))


def plans_by_channel(tv: Television) -> Rows:
    rows: Rows = []
    for channel, vs in sorted(groups(tv.attempts, lambda v: v.channel_id).items()):
        plans = groups(vs, lambda v: v.plan)
        plan = min(plans, key=lambda p: (p == "unknown", -revenue(plans[p]), -len(started(plans[p])), p))
        whole = revenue(vs)
        share = (revenue(plans[plan]) / whole).quantize(MILLIONTH, ROUND_HALF_UP) if whole else None
        rows.append((channel, tv.channel_names[channel], plan, revenue(plans[plan]), share))
    return rows


def engaged_sessions(tv: Television) -> Rows:
    rows: Rows = [
        (v.session_id, f"tv:{v.user_id}", v.channel_id, v.at.replace(tzinfo=None), v.show, v.playing_ms,
         v.completion_rate, v.engagement)
        for v in tv.viewings
        if v.completion_rate is not None and v.completion_rate > Decimal("0.9") and v.playing_ms > 60_000
    ]  # fmt: skip
    return sorted(rows, key=lambda r: (-r[6], -r[5], r[3], r[0], r[1], r[2]))


def above_average(tv: Television) -> Rows:
    rows: Rows = []
    for day in {day for day, _ in tv.bookings}:
        amounts = {channel: amount for (on, channel), amount in tv.bookings.items() if on == day}
        average = ratio(sum(amounts.values(), NOTHING), len(amounts))
        assert average is not None
        rows += [(day, c, tv.channel_names[c], amount, average) for c, amount in amounts.items() if amount > average]
    return sorted(rows, key=lambda r: (r[0], -r[3], r[1]))


def is_woman_in_metro(viewing: Viewing) -> bool:
    return viewing.gender == "Female" and viewing.region in METRO


def scored_shows(tv: Television, wanted: Callable[[Viewing], bool]) -> Groups:
    return groups((v for v in tv.viewings if v.engagement is not None and wanted(v)), lambda v: v.show)


def show_for_women(tv: Television) -> Rows:
    rows: Rows = [
        (show, engagement(vs), len(vs), accounts(vs)) for show, vs in scored_shows(tv, is_woman_in_metro).items()
    ]
    return sorted(rows, key=lambda r: (-r[1], -r[2], r[0]))[:1]


def by_genre(tv: Television) -> Rows:
    rows: Rows = [
        (genre, len(started(vs)), played(vs), revenue(vs), ratio(revenue(vs) * HOUR_MS, played(vs)),
         mean(v.completion_rate for v in started(vs))[1])
        for genre, vs in groups(tv.attempts, lambda v: v.genre).items()
    ]  # fmt: skip
    return sorted(rows, key=lambda r: (-r[3], r[0]))


def stalling_channels(tv: Television) -> Rows:
    stalls, score = ratio(sum(v.stalls for v in tv.viewings), len(tv.viewings)), engagement(tv.viewings)
    rows: Rows = []
    for channel, vs in groups(tv.viewings, lambda v: v.channel_id).items():
        count = sum(v.stalls for v in vs)
        own, own_score = ratio(count, len(vs)), engagement(vs)
        if own is not None and own_score is not None and stalls is not None and score is not None and own > stalls:
            rows += [(channel, tv.channel_names[channel], len(vs), count, own, own_score)] if own_score >= score else []
    return sorted(rows, key=lambda r: (-r[4], -r[5], r[0]))


def time_by_region(tv: Television) -> Rows:
    rows: Rows = [
        (region, accounts(vs), played(vs), ratio(played(vs), accounts(vs)))
        for region, vs in groups(tv.viewings, lambda v: v.region).items()
    ]
    return sorted(rows, key=lambda r: (-r[3], r[0]))


def mobile_against_tv(tv: Television) -> Rows:
    rows: Rows = [
        (device, len(vs), accounts(vs), played(vs), ratio(played(vs), len(vs)), ratio(played(vs), accounts(vs)))
        for device, vs in groups(tv.viewings, lambda v: v.device_type).items()
        if device in ("mobile", "tv")
    ]
    return sorted(rows, key=lambda r: (-r[5], r[0]))


def revenue_by_day(tv: Television) -> Rows:
    earned = log_revenue(tv)
    rows: Rows = []
    for day, channel in sorted(tv.channel_days):
        own, booking = earned.get((day, channel), NOTHING), tv.bookings.get((day, channel))
        gap = None if booking is None else booking - own
        rows.append((day, channel, tv.channel_names[channel], own, booking, gap, "INR"))
    return rows


def peak_hours(tv: Television) -> Rows:
    found = groups((v for v in tv.viewings if v.region in INDIA), lambda v: v.local_hour)
    rows: Rows = [(hour, len(vs), accounts(vs), played(vs)) for hour, vs in found.items()]
    return placed(rows, lambda r: (-r[1], -r[2], r[0]))


def genres_by_gender(tv: Television) -> Rows:
    found = groups(tv.viewings, lambda v: (v.gender, v.genre))
    plays = {gender: len(vs) for gender, vs in groups(tv.viewings, lambda v: v.gender).items()}
    rows: Rows = [(*key, len(vs), accounts(vs), ratio(len(vs), plays[key[0]])) for key, vs in found.items()]
    return placed_within(rows, lambda r: (-r[1], -r[2], r[0]))


def premium_channels(tv: Television) -> Rows:
    all_premium = sum(v.plan == "Premium" for v in tv.viewings)
    rows: Rows = []
    for channel, vs in groups(tv.viewings, lambda v: v.channel_id).items():
        premium = sum(v.plan == "Premium" for v in vs)
        share, other = ratio(premium, all_premium), ratio(len(vs) - premium, len(tv.viewings) - all_premium)
        if share is not None and other is not None and share > other:
            rows.append((channel, tv.channel_names[channel], premium, len(vs) - premium, share, other))
    return sorted(rows, key=lambda r: (r[5] - r[4], r[0]))


def shows_women_prefer(tv: Television) -> Rows:
    women = scored_shows(tv, is_woman_in_metro)
    others = scored_shows(tv, lambda v: not is_woman_in_metro(v))
    rows: Rows = [
        (show, engagement(women[show]), engagement(others[show]), len(women[show]), len(others[show]))
        for show in set(women) & set(others)
    ]
    return sorted([r for r in rows if r[1] > r[2]], key=lambda r: (r[2] - r[1], r[0]))


QUESTIONS: Sequence[Callable[[Television], Rows]] = (
    by_channel, by_device, booked, completion_by_gender, genres_by_region, top_channels, peak_hours_by_region,
    lambda tv: age_groups(v for v in tv.viewings if v.is_live), plans_by_channel, engaged_sessions, above_average,
    show_for_women, by_genre, stalling_channels, lambda tv: age_groups(tv.viewings), time_by_region, mobile_against_tv,
    revenue_by_day, peak_hours, genres_by_gender, premium_channels, shows_women_prefer,
)  # fmt: skip
