"""The KPIs by which a stream is compared with files."""

from __future__ import annotations

from typing import Any

from tests.convergence.engine import Warehouse


def kpis(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Every KPI table but the one that is about arrivals."""
    found = warehouse.results()
    return {name: found[name] for name in found if name.startswith("kpi.") and name != "kpi.kpi_data_quality_daily"}
