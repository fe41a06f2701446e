"""The whole project compiled for an engine without an account: parsed once, then once for each incremental branch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner

ROOT = Path(__file__).resolve().parents[2]
# Not `lake`: it compiles DuckDB's text with another database in front of marts and KPIs, so it has no SQL of its own
# to be portable. That it runs is shown by tests/lake and, with MEDIA_TARGET=lake, by every test that builds.
ENGINES = ("duckdb", "snowflake", "athena", "redshift")
#: Name of the engine's SQL in sqlglot. Athena's queries are Trino's; its own dialect there is for Hive's DDL.
DIALECTS = {"duckdb": "duckdb", "snowflake": "snowflake", "athena": "trino", "redshift": "redshift"}


@dataclass(frozen=True)
class Statement:
    """One compiled model, test or analysis. `branch`: "full" or "incremental"."""

    engine: str
    branch: str
    unique_id: str
    sql: str

    @property
    def dialect(self) -> str:
        return DIALECTS[self.engine]


@dataclass(frozen=True)
class Project:
    """What one engine's compilation gave: the manifest of the full branch and all statements of both."""

    manifest: Any
    statements: list[Statement]


def arguments(engine: str, folder: Path) -> list[str]:
    """Options of every dbt command here: nothing is read from a warehouse, nothing written into the checkout."""
    return [
        *("--project-dir", str(ROOT), "--profiles-dir", str(ROOT / "profiles"), "--target", engine, "--quiet"),
        *("--target-path", str(folder / engine), "--log-path", str(folder / "logs")),
    ]


def compile_project(engine: str, folder: Path) -> Project:
    """Compile everything for `engine`, as a full build and as an incremental one."""
    parsed = dbtRunner().invoke(["parse", *arguments(engine, folder)])
    assert parsed.success, f"{engine}: dbt parse failed: {parsed.exception}"
    statements = []
    for branch, assumed in (("full", "false"), ("incremental", "true")):
        done = dbtRunner(manifest=parsed.result).invoke(
            [
                *("compile", "--no-introspect", "--no-populate-cache", "--vars", f"{{assume_incremental: {assumed}}}"),
                *arguments(engine, folder),
            ]
        )
        assert done.success, f"{engine}, {branch}: dbt compile failed: {done.exception}"
        statements += [
            Statement(engine, branch, result.node.unique_id, result.node.compiled_code)
            for result in done.result.results
            if result.node.resource_type in ("model", "test", "analysis")
        ]
    return Project(parsed.result, statements)


def render(engine: str, folder: Path, jinja: str, assume_incremental: bool = True) -> str:
    """Render a piece of Jinja with the project's macros as `engine` would."""
    assumed = str(assume_incremental).lower()
    done = dbtRunner().invoke(
        [
            *("compile", "--no-introspect", "--no-populate-cache", "--vars", f"{{assume_incremental: {assumed}}}"),
            *("--inline", jinja, *arguments(engine, folder)),
        ]
    )
    assert done.success, f"{engine}: {jinja} failed: {done.exception}"
    return str(done.result.results[0].node.compiled_code)
