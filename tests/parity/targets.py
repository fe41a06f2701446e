"""A target of the certificate: its environment, its builds, and what they cost."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.engines.base import CHECKOUT, Engine
from tests.parity.arrivals import run
from tests.parity.rows import TableRows, read_rows

DBT = (sys.executable, "-c", "from dbt.cli.main import cli; cli()")
WITHOUT_TESTS = ("--exclude-resource-type", "test", "--exclude-resource-type", "unit_test")


@dataclass
class Target:
    """One dbt target. `engine`: its local engine, none for an embedded one. Seconds are wall seconds, by build."""

    name: str
    home: Path
    environment: dict[str, str]
    engine: Engine | None = None
    build_seconds: list[float] = field(default_factory=list)
    build_cpu_seconds: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    def build(self, *options: str, project: Path = CHECKOUT) -> None:
        """`dbt build` in a process of its own. ParityError with its output if it is not green."""
        started, before = time.monotonic(), _cpu_of_children()
        self.dbt("build", *options, project=project)
        self.build_seconds.append(round(time.monotonic() - started, 1))
        self.build_cpu_seconds.append(round(_cpu_of_children() - before, 1))
        self.peak_mb = max(self.peak_mb, self._memory_mb())

    def dbt(self, command: str, *options: str, project: Path = CHECKOUT) -> None:
        """A dbt command on this target, with artifacts apart from those of other targets."""
        paths = ("--project-dir", str(project), "--profiles-dir", str(project / "profiles"))
        run(*DBT, "--quiet", command, *options, *paths, environment=self.surroundings())

    def surroundings(self) -> dict[str, str]:
        """The whole environment of a process that works on this target."""
        return {
            **os.environ,
            **self.environment,
            "MEDIA_HOME": str(self.home),
            "MEDIA_TARGET": self.name,
            "DBT_TARGET_PATH": str(self.home / "target"),
            "DBT_LOG_PATH": str(self.home / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "0",
            "PYTHONPATH": str(CHECKOUT),
        }

    def rows(self) -> dict[str, TableRows]:
        """Every mart and KPI as it stands, read through the target's adapter."""
        out = self.home / "rows.jsonl"
        run(sys.executable, "-m", "tests.parity.reading", str(out), environment=self.surroundings())
        return read_rows(out)

    def _memory_mb(self) -> float:
        """Resident memory of the engine's processes, their children included, in MB; 0 for an embedded target."""
        total = 0
        for server in self.engine.servers if self.engine else ():
            process = psutil.Process(server.process.pid)
            total += sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))
        return total / 1e6

    def summary(self) -> dict[str, object]:
        """Figures for the certificate."""
        return {
            "start_seconds": round(self.engine.seconds_to_start, 1) if self.engine else 0.0,
            "build_seconds": self.build_seconds,
            "build_client_cpu_seconds": self.build_cpu_seconds,
            "engine_memory_mb": round(self.peak_mb),
        }


def embedded(name: str, folder: Path, environment: Mapping[str, str]) -> Target:
    """A target inside the dbt process, on the same raw zone as the others."""
    return Target(name, folder / name, dict(environment))


def of_engine(engine: Engine, folder: Path, environment: Mapping[str, str]) -> Target:
    """A target behind a local engine."""
    return Target(engine.target, folder / engine.target, {**environment, **engine.environment}, engine)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def result_tables(target_path: Path) -> dict[str, dict[str, object]]:
    """Name -> relation, key and types of every mart and KPI, from the manifest that a build of dbt wrote."""
    manifest = json.loads((target_path / "manifest.json").read_text(encoding="utf-8"))
    keys = {
        test["attached_node"]: test["test_metadata"]["kwargs"]["unique_key"]
        for test in manifest["nodes"].values()
        if test["resource_type"] == "test" and (test.get("test_metadata") or {}).get("name") == "row_checks"
    }
    return {
        node["name"]: {
            "relation": node["relation_name"],
            "key": [keys[identifier]] if isinstance(keys[identifier], str) else keys[identifier],
            "types": {name: column["data_type"] for name, column in node["columns"].items()},
        }
        for identifier, node in sorted(manifest["nodes"].items())
        if node["resource_type"] == "model" and node["fqn"][1] in ("marts", "kpi")
    }
