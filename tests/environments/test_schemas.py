"""dev, staging and prod: names that never meet, and no write into production without the word for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.cli.main import dbtRunner

ROOT = Path(__file__).resolve().parents[2]
LAYERS = {"raw", "seeds", "staging", "intermediate", "marts", "kpi", "compat"}
#: Every command that writes; `test` keeps progress.
WRITING = (
    ["seed"],
    ["run", "--select", "dim_date"],
    ["test", "--select", "dim_date"],
    ["build", "--select", "dim_date", "--full-refresh"],
    ["run-operation", "load_raw"],
    ["run-operation", "compact_progress"],
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture(scope="module")
def manifest(folder: Path) -> Any:
    """The project as the default target parses it: it does not depend on the environment."""
    return dbt(folder, "parse").result


def dbt(folder: Path, *arguments: str, target: str = "duckdb", manifest: Any = None) -> Any:
    """Run dbt in this process, with everything that it writes under `folder`."""
    places = ("--project-dir", str(ROOT), "--profiles-dir", str(ROOT / "profiles"), "--target", target, "--quiet")
    written = ("--target-path", str(folder / target), "--log-path", str(folder / "logs"))
    return dbtRunner(manifest=manifest).invoke([*arguments, *places, *written])


def schemas(manifest: Any) -> set[str]:
    """The schemas of all models, seeds and sources."""
    nodes = [*manifest.nodes.values(), *manifest.sources.values()]
    return {node.schema for node in nodes if node.resource_type in ("model", "seed", "source")}


@pytest.mark.parametrize("target", ["snowflake", "athena", "redshift"])
def test_each_environment_has_its_own_schemas_on_a_warehouse(
    folder: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.setenv("MEDIA_SCHEMA", "team")
    monkeypatch.setenv("MEDIA_ENV", "staging")
    assert schemas(dbt(folder, "parse", target=target).result) == {f"team_staging_{layer}" for layer in LAYERS}


def test_the_home_is_the_environment_of_an_embedded_target(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_ENV", "prod")
    assert schemas(dbt(folder, "parse").result) == LAYERS


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
@pytest.mark.parametrize(
    ("environment", "says"), [("prod", "MEDIA_PROD_CONFIRMED=yes"), ("production", "dev, staging and prod")]
)
def test_a_writing_command_is_refused(
    folder: Path,
    manifest: Any,
    media_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    environment: str,
    says: str,
) -> None:
    monkeypatch.setenv("MEDIA_ENV", environment)
    assert not dbt(folder, *command, manifest=manifest).success
    assert says in capsys.readouterr().out
    with duckdb.connect(str(media_home / "warehouse.duckdb")) as connection:
        made = connection.execute("select schema_name from information_schema.schemata").fetchall()
    assert LAYERS.isdisjoint({name for (name,) in made})


def test_production_is_written_when_it_is_confirmed(
    folder: Path, manifest: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDIA_ENV", "prod")
    monkeypatch.setenv("MEDIA_PROD_CONFIRMED", "yes")
    assert dbt(folder, "seed", manifest=manifest).success


def test_production_can_be_read_unconfirmed(folder: Path, manifest: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_ENV", "prod")
    assert dbt(folder, "compile", "--select", "dim_date", manifest=manifest).success
