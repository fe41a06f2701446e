from __future__ import annotations

from pathlib import Path

import pytest

from .compiling import ENGINES, Project, compile_project


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt writes: its target folders and its log."""
    return tmp_path_factory.mktemp("portability")


@pytest.fixture(scope="session", params=ENGINES)
def project(request: pytest.FixtureRequest, folder: Path) -> Project:
    """The project as one engine compiles it; each test runs for each engine."""
    return compile_project(request.param, folder)
