import json
from pathlib import Path

import pyarrow.parquet as parquet
import pytest
import typer
from typer.testing import CliRunner

from ingestion.generate.command import generate
from ingestion.generate.truth import FACT_TABLES, KPI_TABLES

app = typer.Typer()
app.command()(generate)
SMALL = ["--days", "2", "--accounts", "80", "--titles", "8", "--tracks", "30"]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, [*SMALL, *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_run_writes_inputs_and_truth_and_says_where(tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = run("--defects", "--out", str(out), "--start", "2026-02-01", "--seed", "3", "--format", "ndjson")
    assert "media land" in said and str(out / "inputs") in said.replace("\n", "")
    assert (out / "inputs/streams/streams-2026-02-01.ndjson").is_file()
    assert {path.stem for path in (out / "truth").glob("*.parquet")} == {*KPI_TABLES, *FACT_TABLES}
    assert json.loads((out / "plan.json").read_text())["seed"] == 3
    ties = json.loads((out / "truth/ties.json").read_text())
    assert parquet.read_metadata(out / "truth/fct_playback.parquet").num_rows == sum(
        ties[kind]["attempts"] for kind in ("track", "video")
    )
    for line in said.splitlines():
        if "│ streams" in line:
            rows = sum(sum(1 for _ in path.open()) for path in (out / "inputs/streams").iterdir())
            assert f" {rows:,} " in line


def test_the_default_folder_is_in_media_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIA_HOME", str(tmp_path / "home"))
    run("--no-truth")
    assert (tmp_path / "home/generated/inputs/songs/songs-2026-01-05.csv").is_file()
    assert not list((tmp_path / "home/generated/truth").glob("*.parquet"))


def test_a_folder_of_someone_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    result = CliRunner().invoke(app, [*SMALL, "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "give another --out" in result.output
    assert (tmp_path / "notes.txt").read_text() == "mine"
