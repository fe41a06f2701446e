"""Only player events land, or only files: the build is green, and says what there is to say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.convergence.history import history, player_history
from tests.player.test_scenarios import FreshWarehouse

ONLY = {
    "events": (player_history(4, playbacks=15), ["kpi_qoe_daily", "kpi_content_retention", "kpi_segment_daily"]),
    "files": (history(4, size=20), ["kpi_channel_daily", "kpi_genre_daily", "kpi_segment_daily"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("source", ONLY)
def test_a_build_with_one_kind_of_input_is_green(source: str, tmp_path: Path) -> None:
    batches, filled = ONLY[source]
    warehouse = FreshWarehouse(tmp_path / "home")
    warehouse.land(batches)
    result = warehouse.dbt("build", "--exclude", "resource_type:unit_test")
    assert {one.status for one in result.result.results} <= {"success", "pass"}
    assert [name for name in filled if not warehouse.query(f"select 1 from kpi.{name} limit 1")] == []
    warehouse.close()
