"""Java parts by pinned coordinates and checksums: `fetch("iceberg-spark")` gives the folder that holds its jars.

`jars.lock` is the one list of all jars of the project, a line each: group, sha256, and the coordinates
groupId:artifactId:version[:type[:classifier]]. Maven copies them as a flat list and resolves no POM of the artifacts:
nothing comes along that is not in the lock.
`python -m streaming.jars` fetches every group, `python -m streaming.jars trino-server` one;
`--pin` instead writes the checksums of what Maven gives today, for new lines whose checksum is `-`.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

LOCK = Path(__file__).with_name("jars.lock")
# The version that a distribution's Maven takes by default needs plugins that are no longer to be had.
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"
PARTS = ("groupId", "artifactId", "version", "type", "classifier")
UNPINNED = "-"


class JarsError(RuntimeError):
    """Jars that could not be had, or that are not what the lock says."""


@dataclass(frozen=True)
class Jar:
    """One line of the lock."""

    group: str
    sha256: str
    coordinates: str

    @property
    def parts(self) -> dict[str, str]:
        """The coordinates under Maven's names."""
        return {"type": "jar"} | dict(zip(PARTS, self.coordinates.split(":"), strict=False))

    @property
    def file_name(self) -> str:
        """The name under which Maven copies it."""
        parts = self.parts
        stem = "-".join(parts[name] for name in ("artifactId", "version", "classifier") if name in parts)
        return f"{stem}.{parts['type']}"


def read_lock(lock: Path = LOCK) -> list[Jar]:
    """The jars of every group, in the lock's order."""
    lines = (line.split() for line in lock.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return [Jar(*words) for words in lines if words]


def cache() -> Path:
    """Where jars are kept between runs: MEDIA_JARS, or the user's cache folder."""
    if chosen := os.environ.get("MEDIA_JARS"):
        return Path(chosen).resolve()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "media-stream-analytics" / "jars"


def fetch(group: str, lock: Path = LOCK) -> Path:
    """The folder with exactly the jars of `group`, each checked now; Maven is asked only if one is missing or wrong.

    The folder's name holds a digest of the group's lines: a changed lock makes a new folder, and two checkouts never
    quarrel. It appears by one rename, whole.

    Raises:
        JarsError: no such group, no Maven, or a checksum that differs.
    """
    jars = [jar for jar in read_lock(lock) if jar.group == group]
    if not jars:
        raise JarsError(f"{lock}: no group {group}; there are {', '.join(groups(lock))}")
    digest = hashlib.sha256("\n".join(f"{jar.sha256} {jar.coordinates}" for jar in jars).encode()).hexdigest()
    folder = cache() / f"{group}-{digest[:12]}"
    if folder.exists() and not differing(jars, folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{group}-", dir=folder.parent) as temporary:
        fresh = Path(temporary, "jars")
        copy(jars, fresh)
        if wrong := differing(jars, fresh):
            raise JarsError(f"{lock}: the checksum differs for {', '.join(wrong)}; nothing was kept")
        publish(fresh, folder)
    return folder


def classpath(group: str) -> list[Path]:
    """The jars of `group` in the order of their names, for Java's or Spark's class path.

    Raises:
        JarsError: as `fetch`.
    """
    return sorted(fetch(group).iterdir())


def groups(lock: Path = LOCK) -> list[str]:
    """The names of the groups, in the lock's order."""
    return list(dict.fromkeys(jar.group for jar in read_lock(lock)))


def publish(fresh: Path, folder: Path) -> None:
    """Put `fresh` in the place of `folder`; a damaged one is moved away, one that another process just made stays."""
    try:
        fresh.rename(folder)
    except OSError:  # not empty: either damaged, or made meanwhile; both hold the same lines of the lock
        folder.rename(fresh.with_name("replaced"))
        fresh.rename(folder)


def differing(jars: list[Jar], folder: Path) -> list[str]:
    """Coordinates of the jars that are missing in `folder` or are not what the lock says."""
    return [jar.coordinates for jar in jars if sha256_of(folder / jar.file_name) != jar.sha256]


def sha256_of(path: Path) -> str:
    """Hex digest of a file; empty if there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy(jars: list[Jar], folder: Path) -> None:
    """Let Maven copy these jars, and nothing else, into `folder`.

    Raises:
        JarsError: there is no Maven, or it failed; its own words are in the message.
    """
    maven = shutil.which("mvn")
    if maven is None:
        raise JarsError(
            "Maven (mvn) is not on the PATH: install it, or set MEDIA_JARS to a cache that was filled before"
        )
    with tempfile.TemporaryDirectory(prefix="pom-") as temporary:
        pom = Path(temporary, "pom.xml")
        pom.write_text(pom_of(jars), encoding="utf-8")
        done = subprocess.run(
            [maven, "-B", "-q", "-ntp", "-Dstyle.color=never", "-f", str(pom), COPY, f"-DoutputDirectory={folder}"],
            capture_output=True, text=True,
        )  # fmt: skip
    if done.returncode:
        raise JarsError(f"Maven could not copy the jars of {jars[0].group}:\n{(done.stdout + done.stderr)[-2000:]}")


def pom_of(jars: list[Jar]) -> str:
    """A project that does nothing but list what to copy."""
    tags = ("".join(f"<{name}>{escape(part)}</{name}>" for name, part in jar.parts.items()) for jar in jars)
    items = "".join(f"<artifactItem>{item}</artifactItem>" for item in tags)
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>jars</artifactId>"
        "<version>1</version><packaging>pom</packaging><build><plugins><plugin>"
        "<groupId>org.apache.maven.plugins</groupId><artifactId>maven-dependency-plugin</artifactId>"
        f"<configuration><artifactItems>{items}</artifactItems></configuration></plugin></plugins></build></project>"
    )


def pin(lock: Path = LOCK) -> None:
    """Write the checksum of each line that has none; lines that have one are left as they are."""
    unpinned = [jar for jar in read_lock(lock) if jar.sha256 == UNPINNED]
    if not unpinned:
        return
    with tempfile.TemporaryDirectory(prefix="pin-") as temporary:
        copy(unpinned, Path(temporary))
        text = lock.read_text(encoding="utf-8")
        for jar in unpinned:
            known = f"{jar.group} {sha256_of(Path(temporary, jar.file_name))} {jar.coordinates}\n"
            text = text.replace(f"{jar.group} {UNPINNED} {jar.coordinates}\n", known)
    lock.write_text(text, encoding="utf-8")


def main() -> int:
    """Fetch the groups named (none: all) and print their folders, or pin new lines of the lock."""
    parser = argparse.ArgumentParser(prog="python -m streaming.jars", description=__doc__)
    parser.add_argument("group", nargs="*", help="default: every group of the lock")
    parser.add_argument("--pin", action="store_true", help="write the missing checksums into the lock")
    options = parser.parse_args()
    try:
        if options.pin:
            pin()
            return 0
        for group in options.group or groups():
            print(fetch(group))
    except JarsError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
