"""The short certificate: every target, two arrivals and one refresh; and a seeded difference that it must find."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from streaming.jars import JarsError
from tests.engines.base import CHECKOUT, EngineError
from tests.parity.arrivals import Size
from tests.parity.certify import REFERENCE, TARGETS, certify, started
from tests.parity.compare import compare_all
from tests.parity.report import Certificate, describe, write
from tests.parity.targets import Target

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]

SIZE = Size(days=3, accounts=40, titles=10, tracks=40, arrivals=2)
#: The target that gets a wrong expression: the quickest one behind an adapter of its own.
FLIPPED = "redshift"


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Certificate, dict[str, Target]]]:
    """The certificate, and the targets still running."""
    folder = tmp_path_factory.mktemp("parity")
    try:
        with started(TARGETS, folder, print) as (storage, targets):
            # dbt's own tests run on the reference only; every engine's own test file runs them there.
            certificate = certify(storage, targets, folder, SIZE, 7, print, tested=(REFERENCE,))
            yield certificate, {target.name: target for target in targets}
    except (EngineError, JarsError) as error:
        pytest.skip(f"an engine is missing: {str(error).splitlines()[0]}")


def test_every_cell_is_equal_on_every_target_after_every_build(
    certified: tuple[Certificate, dict[str, Target]], tmp_path: Path
) -> None:
    certificate, _ = certified
    write(tmp_path, certificate)
    differences = [
        f"{stage}, {target}: {verdict.table} {[describe(d) for d in verdict.differences[:3]]}"
        for stage, target, verdict in certificate.verdicts
        if not verdict.is_equal
    ]
    assert differences == []
    assert {target for _, target, _ in certificate.verdicts} == set(TARGETS)
    assert len(certificate.stages) == SIZE.arrivals + 1
    facts = [v for _, _, v in certificate.verdicts if v.table == "fct_playback"]
    assert facts[-1].rows > facts[0].rows > 0, "the second arrival brought nothing"


def test_seeded_difference_is_named_by_table_key_and_column(
    certified: tuple[Certificate, dict[str, Target]], tmp_path: Path
) -> None:
    """One expression of one KPI is changed in a copy of the project and built on one engine."""
    _, targets = certified
    project = copied_project(tmp_path / "project")
    macro = project / "macros/metric/measures.sql"
    right = macro.read_text(encoding="utf-8")
    wrong = right.replace("sum_of('stall_count')", "sum_of('stall_count + 1')")
    assert wrong != right
    macro.write_text(wrong, encoding="utf-8")
    target = targets[FLIPPED]
    target.dbt("run", "--select", "kpi_device_region_daily", "--full-refresh", project=project)
    differing = [v for v in compare_all(targets[REFERENCE].rows(), target.rows()) if not v.is_equal]
    assert [verdict.table for verdict in differing] == ["kpi_device_region_daily"]
    (verdict,) = differing
    assert (verdict.missing_rows, verdict.extra_rows, verdict.differing_cells) == (0, 0, verdict.rows)
    first = verdict.differences[0]
    assert first.column == "stall_count"
    assert int(first.other or 0) > int(first.reference or 0)
    assert set(first.key) == {"event_date", "media_kind", "device_type", "platform", "region"}


def copied_project(folder: Path) -> Path:
    """What dbt reads of this project, copied."""
    folder.mkdir()
    for name in ("models", "macros", "seeds", "analyses", "profiles", "tests/dbt"):
        shutil.copytree(CHECKOUT / name, folder / name)
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(CHECKOUT / name, folder / name)
    return folder
