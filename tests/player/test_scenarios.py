"""The models give what was worked out by hand: every scenario in one build, measure by measure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from tests.convergence.engine import Batch, Warehouse
from tests.player.event import RATE_UNIT, ms_of
from tests.player.notation import LATE, ON_TIME, Scenario, scenarios
from tests.player.playback import joined
from tests.player.stretch import Piece

ALL = scenarios()
PLAYBACK, LISTEN = ALL[0].expected[0], next(s.expected_listens[0] for s in ALL if s.expected_listens)
INSTANTS = ("started_at", "ended_at")
Found = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class Built:
    """Rows of the marts by scenario, in the order of their start."""

    playbacks: Found
    listens: Found


class FreshWarehouse(Warehouse):
    """A warehouse that nothing was built in: these tests build once."""

    def reset(self) -> None:
        self.zone.root.mkdir(parents=True)


def land(warehouse: Warehouse, told: Sequence[Scenario]) -> None:
    """Both deliveries of all scenarios, and the catalogue."""
    titles = [
        {"title_id": name, "title": name, "content_type": "movie", "duration_seconds": seconds}
        for scenario in told
        for name, seconds in scenario.titles.items()
    ]
    warehouse.land([
        Batch("titles", "titles", ON_TIME, tuple(titles)),
        Batch("on_time", "player_events", ON_TIME, tuple(row for s in told for row in s.rows)),
        Batch("late", "player_events", LATE, tuple(row for s in told for row in s.late_rows)),
    ])  # fmt: skip


def read(warehouse: Warehouse) -> Built:
    """What was built, in the terms of the scenarios."""
    columns = list(dict.fromkeys([*PLAYBACK, *LISTEN]))
    columns.remove("intervals")
    pieces: dict[str, list[Piece]] = {}
    for playback_id, started_at, ended_at, from_ms, to_ms, rate in warehouse.query(
        "select playback_id, started_at, ended_at, from_position_ms, to_position_ms, playback_rate "
        "from marts.fct_playback_interval order by playback_id, started_at, from_position_ms"
    ):
        piece = Piece(ms_of(started_at), ms_of(ended_at), from_ms, to_ms, int(rate * RATE_UNIT), None)
        pieces.setdefault(playback_id, []).append(piece)
    built = Built({}, {})
    for playback_id, content_id, kind, *values in warehouse.query(
        f"select playback_id, content_id, media_kind, {', '.join(columns)} from marts.fct_playback "
        "where source = 'player' order by started_at, content_id, playback_id"
    ):
        row = dict(zip(columns, values, strict=True))
        row |= {name: None if row[name] is None else ms_of(row[name]) for name in INSTANTS}
        row["intervals"] = [
            (p.start, p.end, p.from_position, p.to_position, Decimal(p.rate) / RATE_UNIT)
            for p in joined(pieces.get(playback_id, []))
        ]
        name = content_id.partition(":")[2].partition(".")[0]
        (built.listens if kind == "track" else built.playbacks).setdefault(name, []).append(row)
    return built


def different(got: list[dict[str, Any]], want: Sequence[dict[str, Any]]) -> list[str]:
    """One line for each measure that is not as worked out."""
    lines = [f"{len(got)} playbacks, worked out {len(want)}"] if len(got) != len(want) else []
    for number, (mine, theirs) in enumerate(zip(got, want, strict=False), start=1):
        lines += [
            f"playback {number}: {name} is {mine[name]}, worked out {value}"
            for name, value in theirs.items()
            if mine[name] != value
        ]
    return lines


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    warehouse = FreshWarehouse(tmp_path_factory.mktemp("scenarios"))
    land(warehouse, ALL)
    models = ["--select", "+fct_playback", "+fct_playback_interval"]
    warehouse.dbt("build", *models, "--exclude", "resource_type:test", "resource_type:unit_test")
    yield read(warehouse)
    warehouse.close()


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ALL, ids=lambda s: s.name)
def test_models_give_what_was_worked_out_by_hand(built: Built, scenario: Scenario) -> None:
    wrong = different(built.playbacks.get(scenario.name, []), scenario.expected)
    wrong += different(built.listens.get(scenario.name, []), scenario.expected_listens)
    assert not wrong, "\n".join([scenario.why, *wrong])
