"""Any split of the same batches into runs, in any order, with failures, equals one full refresh, and the truth.

With those of test_player_property.py thirty cases. More, from another first seed:
`CONVERGENCE_CASES=300 CONVERGENCE_SEED=100 pytest tests/convergence/test_property.py`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence

import pytest

from tests.convergence.engine import Warehouse, differences
from tests.convergence.history import history
from tests.convergence.oracle import compared, truth_of

CASES = int(os.environ.get("CONVERGENCE_CASES", "27"))
FIRST = int(os.environ.get("CONVERGENCE_SEED", "1"))
MODELS = [
    "int_batch", "int_playback_event", "int_key_date", "int_touched_date", "dim_account", "dim_content", "dim_channel",
    "fct_ad_revenue", "fct_playback", "edge_audience", "kpi_channel_daily", "kpi_content_daily", "kpi_genre_daily",
    "kpi_top_content_daily", "kpi_hourly", "kpi_demographic_daily", "kpi_device_region_daily", "kpi_concurrency",
]  # fmt: skip
#: Where a model can fail: while it computes, while it deletes, while it inserts, while it notes its progress.
STATEMENTS = ["create", "delete from", "insert into", "int_progress (reader"]


#: Views and the calendar do not change between the runs of a case; leaving them out halves its time.
INCREMENTALS = ["--exclude", "config.materialized:view", "dim_date"]


def run(warehouse: Warehouse, r: random.Random, models: Sequence[str] = MODELS) -> str:
    """One run of a random kind on one of the models; returns what it was, for the message of a failure."""
    chance, model = r.random(), r.choice(models)
    if chance < 0.35:
        statement = r.choice(STATEMENTS)
        with warehouse.failing(model, statement):
            warehouse.dbt("run", *INCREMENTALS, check=False)
        return f"{model} fails at {statement!r}"
    if chance < 0.55:
        selection = r.choice([model, f"{model}+", f"+{model}", "marts", "kpi"])
        warehouse.dbt("run", "--select", selection, check=False)
        return f"only {selection}"
    if chance < 0.65:
        warehouse.dbt("run", *INCREMENTALS)
        warehouse.dbt("run", "--full-refresh", "--select", model)
        return f"full refresh of {model}"
    warehouse.dbt("run", *INCREMENTALS)
    return "run"


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(FIRST, FIRST + CASES))
def test_any_split_equals_one_full_refresh(warehouse: Warehouse, seed: int) -> None:
    r = random.Random(seed * 7919)
    warehouse.reset()
    batches = history(seed)
    cuts = sorted(r.sample(range(1, len(batches)), r.randrange(1, 6)))
    steps = []
    for start, end in zip([0, *cuts], [*cuts, len(batches)], strict=True):
        warehouse.land(batches[start:end])
        steps.append(run(warehouse, r))
    # Every third case with all checks of data; unit tests read none.
    warehouse.dbt(*(["build", "--exclude", "resource_type:unit_test"] if seed % 3 == 0 else ["run", *INCREMENTALS]))
    incremental = warehouse.results()
    wrong = differences(*compared(warehouse, truth_of(batches)))
    assert not wrong, "\n".join([f"seed {seed} against the oracle, steps {steps}", *wrong])
    warehouse.dbt("run", "--full-refresh", *INCREMENTALS)
    found = differences(incremental, warehouse.results())
    assert not found, "\n".join([f"seed {seed}, steps {steps}", *found])
    assert incremental["marts.fct_playback"]
