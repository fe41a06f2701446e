"""Generated files with known damage, through lander and dbt: every count and every KPI is what is known of them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ingestion.generate.columns import decoded
from ingestion.generate.defects import Defects
from ingestion.generate.deliveries import deliveries
from ingestion.generate.plan import Plan
from ingestion.generate.run import generate_all
from ingestion.generate.truth import FACT_TABLES, KPI_TABLES
from ingestion.generate.truth.landed import Arrival, event_instants
from ingestion.lander import land as lander
from ingestion.settings import load_settings
from tests.convergence.engine import Warehouse, differences
from tests.convergence.oracle import compared, with_arrivals

RUNS = 3
PLAN = Plan(days=9, accounts=100, titles=20, tracks=80, seed=11, reported_share=0.2, playbacks_per_account=1.0)
# Three builds of everything, in the fixture of whichever test comes first.
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate_all(PLAN, folder, defects=Defects())
    return folder


def arrivals_of(names: list[str]) -> dict[str, datetime]:
    """When each file arrives: on the day after the one that it is named after, in the order of the names."""
    return {
        name: datetime.combine(datetime.fromisoformat(name.partition(".")[0][-10:]), time(), UTC)
        + timedelta(days=1, minutes=number)
        for number, name in enumerate(sorted(names))
    }


@pytest.fixture(scope="module")
def landed(
    generated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Warehouse, list[lander.Outcome]]]:
    """Landed and built in three runs, in shuffled order, each file with its own arrival."""
    home = tmp_path_factory.mktemp("truth")
    warehouse = Warehouse(home)
    settings = load_settings({"MEDIA_HOME": str(warehouse.zone.root)})
    files = sorted((generated / "inputs").rglob("*.*"), key=lambda path: path.name)
    arrivals = arrivals_of([path.name for path in files])
    random.Random(5).shuffle(files)
    outcomes: list[lander.Outcome] = []
    for run in range(RUNS):
        for path in files[run::RUNS]:
            outcomes += lander.land(settings, [path], lander.Options(arrived_at=arrivals[path.name]))
        warehouse.dbt("build")
    yield warehouse, outcomes
    warehouse.close()


def test_every_file_has_the_counts_and_reasons_that_were_put_into_it(
    generated: Path, landed: tuple[Warehouse, list[lander.Outcome]]
) -> None:
    known = json.loads((generated / "truth" / "defects.json").read_text())["files"]
    expected = {name: counts for files in known.values() for name, counts in files.items()}
    assert len(landed[1]) == len(expected)
    for outcome in landed[1]:
        manifest, want = outcome.manifest, expected[outcome.path.name]
        assert manifest is not None
        got = (manifest.rows_read, manifest.rows_accepted, manifest.rows_duplicate, manifest.rows_quarantined)
        assert got == tuple(want[k] for k in ("rows", "accepted", "duplicate", "quarantined")), outcome.path.name


def arrivals(generated: Path) -> list[Arrival]:
    """What is known of each file, and when it arrives."""
    known = json.loads((generated / "truth" / "defects.json").read_text())["files"]
    expected = {name: counts for files in known.values() for name, counts in files.items()}
    when = arrivals_of(list(expected))
    rows = {delivery.name: delivery for name in PLAN.inputs for delivery in deliveries(PLAN, name, Defects())}
    found = []
    for name, counts in expected.items():
        delivery = rows[name.partition(".")[0]]
        once = decoded(delivery.table).group_by(delivery.table.column_names).aggregate([])
        numbers = [counts[key] for key in ("rows", "accepted", "duplicate", "quarantined")]
        found.append(Arrival(delivery.input, when[name], *numbers, event_instants(delivery.input, once)))
    return found


def test_every_kpi_is_the_truth(generated: Path, landed: tuple[Warehouse, list[lander.Outcome]]) -> None:
    truth = {path.stem: pq.read_table(path) for path in sorted((generated / "truth").glob("*.parquet"))}
    assert set(truth) == {*KPI_TABLES, *FACT_TABLES}
    assert all(table.num_rows for table in truth.values())
    truth = with_arrivals(truth, arrivals(generated))
    assert "late" in truth["kpi_data_quality_daily"]["metric"].to_pylist()
    wrong = differences(*compared(landed[0], truth))
    assert not wrong, "\n".join(wrong)
