"""The command line: exit codes for a scheduler, one JSON document for machines, errors that name the cause."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ingestion.cli import app
from ingestion.settings import CHECKOUT, SettingsError, load_settings
from tests.ingestion.helpers import STREAMS, write

GOOD = STREAMS + "u1,t1,2026-01-30 10:00:00\n"
BAD = GOOD + "u2,t2,nonsense\n"


def media(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(a) for a in arguments])


def document(result: Result) -> dict[str, Any]:
    """All of stdout is one JSON document."""
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize(
    "arguments",
    [(), ("land",), ("status",), ("withdraw",), ("quarantine",), ("quarantine", "list"), ("quarantine", "show"),
     ("quarantine", "replay")],
)  # fmt: skip
def test_help_everywhere_with_examples(arguments: tuple[str, ...]) -> None:
    result = media(*arguments, "--help")
    assert result.exit_code == 0
    if arguments not in ((), ("quarantine",)):
        assert "Example" in result.stdout
    if arguments in ((), ("land",)):
        assert "Exit codes" in result.stdout


def test_exit_codes(tmp_path: Path) -> None:
    good, bad = write(tmp_path, "good.csv", GOOD), write(tmp_path, "bad.csv", BAD)
    unknown = write(tmp_path, "unknown.csv", "a,b\n1,2\n")
    assert media("land", good).exit_code == 0
    assert media("land", good).exit_code == 0  # a no-op
    assert media("land", bad).exit_code == 3
    assert media("land", unknown, good).exit_code == 4
    assert media("land", tmp_path / "nothing.csv").exit_code == 1
    assert media("land", good, "--arrived-at", "yesterday").exit_code == 1
    assert media("land", good, "--arrived-at", "2999-01-01").exit_code == 1
    assert media("land", good, "--mapping", "nothing").exit_code == 1
    assert media("land", good, "--input", "nothing").exit_code == 1
    assert media("withdraw", "nothing").exit_code == 1
    assert media("quarantine", "show", "nothing").exit_code == 1


def test_errors_name_the_file_and_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nothing.csv: no such file" in media("land", tmp_path / "nothing.csv").stderr.replace("\n", "")
    monkeypatch.setenv("MEDIA_MEMORY_LIMIT", "much")
    result = media("status")
    assert result.exit_code == 1
    assert "MEDIA_MEMORY_LIMIT=much" in result.stderr


def test_the_way_of_a_bad_file(tmp_path: Path) -> None:
    landed = document(media("land", write(tmp_path, "bad.csv", BAD), "--json"))
    (file,) = landed["files"]
    assert landed["exit_code"] == 3
    assert (file["status"], file["rows_read"], file["rows_accepted"], file["rows_quarantined"]) == ("landed", 2, 1, 1)
    assert file["reasons"] == {"bad_timestamp:listened_at": 1}

    listed = document(media("quarantine", "list", "--json"))["batches"]
    assert [(b["batch_id"], b["open"]) for b in listed] == [(file["batch_id"], 1)]
    (row,) = document(media("quarantine", "show", file["batch_id"], "--json"))["rows"]
    assert (row["source_row"], json.loads(row["raw_text"])["user_id"]) == (2, "u2")
    assert "nonsense" in media("quarantine", "show", file["batch_id"]).stdout

    fix = write(tmp_path, "fix.yml", "input: streams\nvalues: {listened_at: {nonsense: '2026-01-30 11:00:00'}}\n")
    first = media("quarantine", "replay", file["batch_id"], "--mapping", fix, "--json")
    assert (first.exit_code, document(first)["rows_accepted"]) == (0, 1)
    second = media("quarantine", "replay", file["batch_id"], "--mapping", fix)
    assert (second.exit_code, "landed 0 rows" in second.stdout) == (0, True)

    (status,) = document(media("status", "--json"))["inputs"]
    assert {k: status[k] for k in ("input", "batches", "read", "accepted", "duplicate", "open")} == {
        "input": "streams", "batches": 2, "read": 2, "accepted": 2, "duplicate": 0, "open": 0,
    }  # fmt: skip
    assert len(document(media("status", "--batches", "--json"))["batches"]) == 2

    gone = media("withdraw", file["batch_id"])
    assert "dbt build --full-refresh" in gone.stdout
    assert "Nothing has landed" in media("status").stdout


def test_tables_for_people(tmp_path: Path) -> None:
    result = media("land", write(tmp_path, "bad.csv", BAD))
    assert "bad_timestamp:listened_at (1)" in result.stderr
    assert "streams" in result.stdout
    assert "streams" in media("status").stdout
    assert "bad.csv" in media("quarantine", "list").stdout


def test_settings(tmp_path: Path) -> None:
    project = tmp_path / "project"
    write(project, "dbt_project.yml", "name: x\n")
    here = load_settings({}, cwd=project)
    assert (here.home, here.raw, here.pii_key) == (project / ".media", project / ".media", None)
    assert here.target == "lake"
    assert load_settings({}, cwd=tmp_path).home == CHECKOUT / ".media"
    apart = load_settings({"MEDIA_HOME": "h", "MEDIA_RAW": str(tmp_path / "r"), "MEDIA_PII_KEY": "k"}, cwd=project)
    assert (apart.home, apart.raw, apart.pii_key) == (project / "h", tmp_path / "r", "k")
    assert apart.warehouse == project / "h" / "warehouse.duckdb"
    assert load_settings({"MEDIA_RAW": "s3://bucket/zone/"}).raw == "s3://bucket/zone"
    for wrong in (
        {"MEDIA_RAW": "s3://bucket/*"},
        {"MEDIA_HOME": "s3://bucket/x"},
        {"MEDIA_THREADS": "0"},
        {"MEDIA_MEMORY_LIMIT": "1"},
    ):
        with pytest.raises(SettingsError, match=next(iter(wrong))):
            load_settings(wrong, cwd=project)
