"""The reference gives what was worked out by hand, for every scenario."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.player.event import RATE_UNIT
from tests.player.listens import listens_of
from tests.player.notation import Scenario, scenarios
from tests.player.oracle import playbacks_of
from tests.player.playback import Facts, Playback

ALL = scenarios()


def shown(playback: Playback) -> dict[str, Any]:
    """A playback as a scenario writes it."""
    intervals = [(p.start, p.end, p.from_position, p.to_position, Decimal(p.rate) / RATE_UNIT) for p in playback.pieces]
    return {**playback.measures, "intervals": intervals}


def facts_of(scenario: Scenario) -> Facts:
    """The catalogue of a scenario."""
    return Facts(durations_ms={f"video:{title}": s * 1000 for title, s in scenario.titles.items()})


@pytest.mark.parametrize("scenario", ALL, ids=lambda s: s.name)
def test_reference_gives_what_was_worked_out_by_hand(scenario: Scenario) -> None:
    found = [shown(p) for p in playbacks_of(scenario.deliveries, facts_of(scenario))]
    assert len(found) == len(scenario.expected)
    for got, want in zip(found, scenario.expected, strict=True):
        assert {name: got[name] for name in want} == want, scenario.why
    listens = listens_of(scenario.deliveries, facts_of(scenario))
    assert len(listens) == len(scenario.expected_listens)
    for got, want in zip(listens, scenario.expected_listens, strict=True):
        assert {name: got[name] for name in want} == want, scenario.why


def test_every_measure_is_worked_out() -> None:
    ids = {"account_id", "session_id", "content_id"}
    for scenario in ALL:
        for got in map(shown, playbacks_of(scenario.deliveries, facts_of(scenario))):
            assert set(got) - ids == set(scenario.expected[0])
