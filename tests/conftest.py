"""What holds for every test: UTC, nothing sent anywhere, no setting of the caller, never the checkout's own data."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

CHECKOUT = Path(__file__).resolve().parent.parent
# In CI nothing may be missing: a test that skips itself for want of a tool or a file fails there.
MUST_BE_WHOLE = os.environ.get("CI") == "true"

#: The property test: its cases share the workers.
SHARED = "test_property.py"
# Targets without an account: MEDIA_TARGET chooses one of them for every test that builds.
EMBEDDED = ("duckdb", "lake")


def pytest_configure(config: pytest.Config) -> None:
    """Set the surroundings before any test module is imported; subprocesses inherit them."""
    target = os.environ.get("MEDIA_TARGET")
    for name in [name for name in os.environ if name.startswith("MEDIA_")]:
        del os.environ[name]
    if target in EMBEDDED:
        os.environ["MEDIA_TARGET"] = target
    os.environ["TZ"] = "UTC"
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "0"
    if hasattr(time, "tzset"):
        time.tzset()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Dear modules first, then the cases that workers share, then all that is short: so the workers end together."""
    dear = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: 1 if item.path.name == SHARED else 0 if item.path in dear else 2)


class ByModule(LoadScopeScheduling):
    """Keeps a module on one worker, because its fixtures are dear; the property test's cases share the workers.

    Not by xdist's own groups: they change an attribute that pytest 9.2 no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.split("::", 1)[0]
        return nodeid if module.endswith(SHARED) else module


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule:
    """The scheduler of `-n`; it keeps the order above, where xdist's would begin with the modules of most tests."""
    config.option.loadscopereorder = False
    return ByModule(config, log)


@pytest.fixture(scope="session", autouse=True)
def _home_of_the_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Fixtures wider than a test that forget to choose a folder get this one, not .media."""
    os.environ["MEDIA_HOME"] = str(tmp_path_factory.mktemp("media_home_of_the_run"))


@pytest.fixture(autouse=True)
def media_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """MEDIA_HOME of this test: an empty folder of its own."""
    home = tmp_path_factory.mktemp("media_home")
    monkeypatch.setenv("MEDIA_HOME", str(home))
    monkeypatch.delenv("MEDIA_RAW", raising=False)
    return home


def _state(folder: Path) -> dict[str, int]:
    """Every file under `folder` with its time of change, in ns."""
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="session", autouse=True)
def _checkout_data_stays_untouched() -> Iterator[None]:
    """Fail the run if a test wrote into the checkout's own data folder.

    Only with CI=true: elsewhere somebody may be landing or building there while the tests run.
    """
    folder = CHECKOUT / ".media"
    before = _state(folder)
    yield
    if not MUST_BE_WHOLE:
        return
    assert _state(folder) == before, f"a test wrote into {folder}: give it a MEDIA_HOME under tmp_path"


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Turn a skip into a failure in CI; an expected failure stays what it is."""
    if MUST_BE_WHOLE and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: {reason}. With CI=true nothing may be missing."


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tests and fixtures that skip."""
    report = yield
    _refuse_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Modules that skip as a whole (pytest.importorskip)."""
    report = yield
    _refuse_skip(report)
    return report
