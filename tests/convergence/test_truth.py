"""Generated files with known damage, through lander and dbt: every count and every KPI is what is known of them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ingestion.generate.defects import Defects
from ingestion.generate.plan import Plan
from ingestion.generate.run import generate_all
from ingestion.generate.truth import FACT_TABLES, KPI_TABLES
from ingestion.lander import land as lander
from ingestion.settings import load_settings
from tests.convergence.engine import Warehouse, differences
from tests.convergence.oracle import compared

RUNS = 3
# Three builds of everything, in the fixture of whichever test comes first.
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    plan = Plan(days=5, accounts=150, titles=20, tracks=80, seed=11, reported_share=0.2, playbacks_per_account=1.0)
    generate_all(plan, folder, defects=Defects())
    return folder


@pytest.fixture(scope="module")
def landed(
    generated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Warehouse, list[lander.Outcome]]]:
    """Landed and built in three runs, in shuffled order, each file with its own arrival."""
    home = tmp_path_factory.mktemp("truth")
    warehouse = Warehouse(home)
    settings = load_settings({"MEDIA_HOME": str(warehouse.zone.root)})
    files = sorted((generated / "inputs").rglob("*.*"), key=lambda path: path.name)
    arrivals = {path: datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=number) for number, path in enumerate(files)}
    random.Random(5).shuffle(files)
    outcomes: list[lander.Outcome] = []
    for run in range(RUNS):
        for path in files[run::RUNS]:
            outcomes += lander.land(settings, [path], lander.Options(arrived_at=arrivals[path]))
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


def test_every_kpi_is_the_truth(generated: Path, landed: tuple[Warehouse, list[lander.Outcome]]) -> None:
    truth = {path.stem: pq.read_table(path) for path in sorted((generated / "truth").glob("*.parquet"))}
    assert set(truth) == {*KPI_TABLES, *FACT_TABLES}
    assert all(table.num_rows for table in truth.values())
    wrong = differences(*compared(landed[0], truth))
    assert not wrong, "\n".join(wrong)
