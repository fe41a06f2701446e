"""The data of a certificate: made-up deliveries with known defects, landed in a few arrivals."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ingestion.commands.output import OK, QUARANTINED
from ingestion.generate.run import INPUT_FOLDER
from tests.engines.base import CHECKOUT

MEDIA = (sys.executable, "-m", "ingestion.cli")


class ParityError(RuntimeError):
    """A step that failed before anything could be compared; the message ends with what the step printed."""


@dataclass(frozen=True)
class Size:
    """How much is generated, and in how many arrivals it lands."""

    days: int = 14
    accounts: int = 150
    titles: int = 60
    tracks: int = 400
    arrivals: int = 3


def generate(folder: Path, size: Size, seed: int) -> list[list[Path]]:
    """Write the files; returns them by arrival.

    Every n-th file of the days' order is of one arrival: so late rows, corrections and conflicts come before and
    after what they concern.
    """
    run(
        *MEDIA, "generate", "--days", str(size.days), "--accounts", str(size.accounts), "--titles", str(size.titles),
        "--tracks", str(size.tracks), "--playbacks", "2", "--seed", str(seed), "--defects", "--no-truth",
        "--out", str(folder),
    )  # fmt: skip
    files = sorted((folder / INPUT_FOLDER).glob("*/*"), key=lambda path: (path.stem[-10:], path.name))
    return [files[start :: size.arrivals] for start in range(size.arrivals)]


def land(files: list[Path], environment: Mapping[str, str]) -> None:
    """Land one arrival; its bad rows go to quarantine."""
    run(*MEDIA, "land", *map(str, files), environment=environment, accepted=(OK, QUARANTINED))


def run(*command: str, environment: Mapping[str, str] | None = None, accepted: tuple[int, ...] = (OK,)) -> None:
    """Run a command from the project's root; ParityError with the end of its output unless its code is accepted."""
    ended = subprocess.run(
        command, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if ended.returncode not in accepted:
        shown = " ".join(Path(word).name if word == sys.executable else word for word in command[:6])
        raise ParityError(f"{shown} … ended with code {ended.returncode}:\n{ended.stdout[-4000:]}")
