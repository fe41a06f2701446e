"""What several of these tests build in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.convergence.engine import Warehouse


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A warehouse of the module's own, built from nothing."""
    warehouse = Warehouse(tmp_path_factory.mktemp("convergence"))
    yield warehouse
    warehouse.close()
