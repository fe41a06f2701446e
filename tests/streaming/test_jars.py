"""The fetcher of jars, with a stand-in for Maven: what it keeps, what it refuses, what it does not ask for again."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from streaming import jars

CONTENT = b"the jar\n"
MAVEN = """#!/bin/sh
for word in "$@"; do case "$word" in -DoutputDirectory=*) folder="${word#*=}" ;; esac; done
echo asked >> "$(dirname "$0")/asked"
mkdir -p "$folder" && echo 'the jar' > "$folder/tool-1.0.jar"
"""


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock of one jar, an empty cache, and a Maven that always copies the same bytes."""
    maven = tmp_path / "bin" / "mvn"
    maven.parent.mkdir()
    maven.write_text(MAVEN, encoding="utf-8")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", f"{maven.parent}:/usr/bin:/bin")
    monkeypatch.setenv("MEDIA_JARS", str(tmp_path / "cache"))
    lock = tmp_path / "jars.lock"
    lock.write_text(f"# group sha256 coordinates\ntools {hashlib.sha256(CONTENT).hexdigest()} org.example:tool:1.0\n")
    return lock


def asked(lock: Path) -> int:
    """How often Maven was asked."""
    record = lock.parent / "bin" / "asked"
    return len(record.read_text().splitlines()) if record.exists() else 0


def test_a_second_fetch_finds_the_jars_in_the_cache(lock: Path) -> None:
    folder = jars.fetch("tools", lock)
    assert [path.name for path in folder.iterdir()] == ["tool-1.0.jar"]
    assert jars.fetch("tools", lock) == folder
    assert asked(lock) == 1


def test_a_damaged_jar_in_the_cache_is_fetched_again(lock: Path) -> None:
    folder = jars.fetch("tools", lock)
    (folder / "tool-1.0.jar").write_bytes(b"half of i")
    assert (jars.fetch("tools", lock) / "tool-1.0.jar").read_bytes() == CONTENT
    assert asked(lock) == 2
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_jar_with_another_checksum_is_refused_and_not_kept(lock: Path) -> None:
    lock.write_text(f"tools {'0' * 64} org.example:tool:1.0\n")
    with pytest.raises(jars.JarsError, match=r"checksum differs for org\.example:tool:1\.0"):
        jars.fetch("tools", lock)
    assert not list((lock.parent / "cache").iterdir())


def test_without_maven_the_message_says_what_to_do(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(lock.parent))
    with pytest.raises(jars.JarsError, match=r"Maven .* is not on the PATH: install it"):
        jars.fetch("tools", lock)


def test_an_unknown_group_names_those_there_are(lock: Path) -> None:
    with pytest.raises(jars.JarsError, match="no group tool; there are tools"):
        jars.fetch("tool", lock)


def test_a_new_line_gets_its_checksum_and_others_keep_theirs(lock: Path) -> None:
    old = f"others {'1' * 64} org.example:other:1.0\n"
    lock.write_text(f"{old}tools - org.example:tool:1.0\n")
    jars.pin(lock)
    assert lock.read_text() == f"{old}tools {hashlib.sha256(CONTENT).hexdigest()} org.example:tool:1.0\n"


def test_every_line_of_the_lock_is_pinned_and_stands_once() -> None:
    lines = jars.read_lock()
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in lines)
    assert len({(jar.group, jar.file_name) for jar in lines}) == len(lines)
