"""Player events too: any split of the same batches into runs, in any order, with failures, equals one full refresh.

Playbacks and intervals equal the procedural reference, too. Cases: a ninth of `CONVERGENCE_CASES` (test_property.py).
"""

from __future__ import annotations

import random

import pytest

from tests.convergence import players
from tests.convergence.engine import Warehouse, differences
from tests.convergence.history import history, player_history
from tests.convergence.test_property import CASES, FIRST, INCREMENTALS, run

MODELS = [
    "int_player_event", "int_player_key_date", "int_player_step", "int_player_stretch", "int_player_playback",
    "int_touched_date", "fct_playback", "fct_playback_interval", "fct_ad_impression", "fct_interaction",
    "fct_app_session", "fct_account_day", "feature_churn_account_day", "edge_audience", "edge_position",
    "kpi_concurrency", "kpi_content_retention", "kpi_qoe_daily", "kpi_qoe_distribution_daily", "kpi_ad_daily",
    "kpi_audience", "kpi_event_mix_daily", "kpi_executive_daily", "kpi_segment_daily", "kpi_data_quality_daily",
]  # fmt: skip
#: What must not be empty, so that a case says something.
FILLED = [
    "marts.fct_ad_impression", "marts.fct_interaction", "marts.fct_app_session", "marts.fct_account_day",
    "marts.feature_churn_account_day", "kpi.kpi_qoe_daily", "kpi.kpi_content_retention", "kpi.kpi_audience",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, CASES // 9)))
def test_any_split_with_player_events_equals_one_full_refresh(warehouse: Warehouse, seed: int) -> None:
    r = random.Random(seed * 104_729)
    warehouse.reset()
    batches = [*history(seed, 12), *player_history(seed)]
    r.shuffle(batches)
    cuts = sorted(r.sample(range(1, len(batches)), r.randrange(2, 5)))
    steps = []
    for start, end in zip([0, *cuts], [*cuts, len(batches)], strict=True):
        warehouse.land(batches[start:end])
        steps.append(run(warehouse, r, MODELS))
    warehouse.dbt("build", "--exclude", "resource_type:unit_test")
    incremental = warehouse.results()
    wrong = differences(players.built(warehouse), players.reference(batches))
    assert not wrong, "\n".join([f"seed {seed} against the reference, steps {steps}", *wrong])
    warehouse.dbt("run", "--full-refresh", *INCREMENTALS)
    found = differences(incremental, warehouse.results())
    assert not found, "\n".join([f"seed {seed}, steps {steps}", *found])
    assert [name for name in FILLED if not incremental[name]] == []
