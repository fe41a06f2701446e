"""The decisions of bootstrap.py that can go wrong without anybody noticing; it is run whole by CI's demo."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("wanted", "standing", "due"),
    [
        ("newcomer", "", "newcomer"),
        ("everything", "", "everything"),
        ("newcomer", "newcomer", ""),
        ("everything", "everything", ""),
        ("everything", "newcomer", "everything"),
        ("newcomer", "everything", ""),
        ("newcomer", "newcomer of another lock", "newcomer"),
        ("newcomer", "everything of another lock", "everything"),
        ("everything", "everything of another lock", "everything"),
    ],
)
def test_which_lock_is_installed(wanted: str, standing: str, due: str) -> None:
    stamp = bootstrap.fingerprint(standing) if standing in bootstrap.LOCKS else standing
    assert bootstrap.due(wanted, stamp) == due


def test_fingerprint_follows_the_lock_the_metadata_and_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for folder, lock, project in (("a", "1", "p"), ("b", "1", "p"), ("a", "2", "p"), ("a", "1", "q"), ("a", "1", "p")):
        root = tmp_path / folder
        (root / "locks").mkdir(parents=True, exist_ok=True)
        (root / "locks/newcomer.lock").write_text(lock)
        (root / "pyproject.toml").write_text(project)
        monkeypatch.setattr(bootstrap, "ROOT", root)
        seen.append(bootstrap.fingerprint("newcomer"))
    assert len(set(seen)) == 4
    assert seen[0] == seen[4]


def test_unfinished_environment_counts_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp, python = tmp_path / "stamp", tmp_path / "python"
    monkeypatch.setattr(bootstrap, "STAMP", stamp)
    monkeypatch.setattr(bootstrap, "PYTHON", python)
    python.touch()
    assert bootstrap.installed() == ""
    stamp.write_text("newcomer abc\n")
    assert bootstrap.installed() == "newcomer abc"
    python.unlink()
    assert bootstrap.installed() == ""


def test_a_failing_command_ends_the_run_with_its_code(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        bootstrap.run(sys.executable, "-c", "raise SystemExit(3)", hint="what to do")
    assert ended.value.code == 3
    assert "what to do" in capfd.readouterr().err


def test_unsupported_python_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 10, 0))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _: None)
    with pytest.raises(SystemExit, match=r"3\.11, 3\.12 or 3\.13"):
        bootstrap.require_python()


def test_python_without_ensurepip_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit, match=rf"apt install python{sys.version_info[0]}\.{sys.version_info[1]}-venv"):
        bootstrap.create_venv(tmp_path / "venv", with_pip=True)


def test_bootstrap_reads_on_old_pythons() -> None:
    """Python 3.8 has to get as far as the message; it imports nothing but the standard library."""
    tree = ast.parse((ROOT / "bootstrap.py").read_text(encoding="utf-8"), feature_version=(3, 6))
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert {name.split(".")[0] for name in imported} <= set(sys.stdlib_module_names)


def test_makefile_and_help_know_the_same_commands() -> None:
    in_make = re.search(r"(?m)^COMMANDS := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert in_make
    assert in_make.group(1).split() == list(bootstrap.COMMANDS)
    shown = subprocess.run(
        [sys.executable, str(ROOT / "bootstrap.py"), "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert [name for name in bootstrap.COMMANDS if f"\n  {name} " not in shown] == []
