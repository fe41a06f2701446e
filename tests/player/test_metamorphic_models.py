"""Random histories on the models, in one build: each playback as the reference reads it, and changes of a history that
must not matter, or matter in a known way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tests.convergence import players
from tests.convergence.engine import Batch, differences
from tests.player.event import DAY_MS, Delivery
from tests.player.test_metamorphic import history
from tests.player.test_scenarios import FreshWarehouse
from tests.player.variants import ADDITIVE, renamed, shifted, split

SEED = 3
#: Marks of the ids by what was changed; all lie in one warehouse.
VARIANTS = {
    "R": renamed(history(SEED), "R"),
    "S": shifted(renamed(history(SEED), "S")),
    "T": renamed(split(history(SEED), SEED), "T"),
}
#: Histories of players that make sense, and of players that contradict themselves, beside them under the mark M.
MORE = [
    renamed(history(seed, is_wild=is_wild), f"M{seed}{is_wild:d}.") for seed in range(13) for is_wild in (False, True)
]
Found = dict[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Built:
    """What was landed, and what came of it."""

    batches: list[Batch]
    found: dict[str, players.Rows]


def batches_of(deliveries: Sequence[Delivery]) -> list[Batch]:
    return [Batch(d.name, "player_events", d.arrived_at, tuple(d.rows)) for d in deliveries]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    warehouse = FreshWarehouse(tmp_path_factory.mktemp("metamorphic"))
    deliveries = [*history(SEED), *(one for variant in (*VARIANTS.values(), *MORE) for one in variant)]
    late = max(one.arrived_at for one in deliveries) + timedelta(days=1)  # so that nothing is open any more
    end = Delivery(late, "end", [{"event_type": "session_start", "session_id": "last", "event_at": late}])
    batches = batches_of([*deliveries, end])
    warehouse.land(batches)
    models = ["--select", "+fct_playback", "+fct_playback_interval"]
    warehouse.dbt("build", *models, "--exclude", "resource_type:test", "resource_type:unit_test")
    yield Built(batches, players.built(warehouse))
    warehouse.close()


@pytest.fixture(scope="module")
def found(built: Built) -> Found:
    """{mark of a variant: its playbacks with their intervals, without marks}; the original has none."""
    return by_mark(built.found)


def by_mark(built: dict[str, players.Rows]) -> Found:
    intervals: dict[str, list[tuple[Any, ...]]] = {}
    for playback_id, *interval in built["intervals of players"]:
        intervals.setdefault(playback_id, []).append(tuple(interval))
    marks: Found = {mark: [] for mark in ["", "M", *VARIANTS]}
    place = players.COLUMNS.index("content_id") + 3
    for row in built["playbacks of players"]:
        mark = row[place].partition(":")[2][0]
        mark = mark if mark in marks else ""
        plain = [v.replace(mark, "", 1) if mark and isinstance(v, str) and mark in v else v for v in row[1:]]
        marks[mark].append((*plain, sorted(intervals.get(row[0], []))))
    return {mark: sorted(rows, key=repr) for mark, rows in marks.items()}


@pytest.mark.slow
def test_every_playback_is_as_the_reference_reads_it(built: Built) -> None:
    assert len(built.found["playbacks of players"]) > 1000
    wrong = differences(built.found, players.reference(built.batches))
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
def test_renamed_ids_change_nothing(found: Found) -> None:
    assert found[""]
    assert found["R"] == found[""]


@pytest.mark.slow
def test_all_clocks_a_week_later_shift_dates_only(found: Found) -> None:
    week = 7 * DAY_MS
    back = [
        (row[0] - week, row[1] - week, *row[2:-1], [(a - week, b - week, *rest) for a, b, *rest in row[-1]])
        for row in found["S"]
    ]
    assert sorted(back, key=repr) == found[""]


@pytest.mark.slow
def test_one_more_heartbeat_changes_nothing(found: Found) -> None:
    assert found["T"] == found[""]


@pytest.mark.slow
def test_twice_the_accounts_double_what_adds_up(found: Found) -> None:
    for name in ADDITIVE:
        place = players.COLUMNS.index(name) + 2
        one, two = (sum(row[place] or 0 for row in rows) for rows in (found[""], [*found[""], *found["R"]]))
        assert two == 2 * one, name
