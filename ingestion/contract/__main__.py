"""`python -m ingestion.contract --check | --write`: are the files that derive from the contracts up to date?"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ingestion.contract import dictionary, sources
from ingestion.contract.load import load, names

ROOT = Path(__file__).resolve().parents[2]


def derived() -> Mapping[str, str]:
    """Path below the project's root -> the text that the contracts give for it."""
    contracts = [load(name) for name in names()]
    return {
        "models/staging/_raw__sources.yml": sources.render(contracts),
        "docs/data_dictionary.md": dictionary.render(contracts),
    }


def stale(root: Path = ROOT) -> list[str]:
    """The derived files below `root` that differ from what the contracts give, or are not there."""
    return [path for path, text in derived().items() if not _holds(root / path, text)]


def write(root: Path = ROOT) -> list[str]:
    """Write what is stale; the paths written."""
    paths = stale(root)
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(derived()[path], encoding="utf-8")
    return paths


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """Exit code 1 when --check finds a stale file."""
    parser = argparse.ArgumentParser(prog="python -m ingestion.contract", description=__doc__)
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--check", action="store_true", help="say which derived files are stale; exit code 1 if any")
    choice.add_argument("--write", action="store_true", help="write the derived files")
    if parser.parse_args(arguments).write:
        paths = write(root)
        print("\n".join(f"wrote {path}" for path in paths) or "nothing to write")
        return 0
    paths = stale(root)
    for path in paths:
        print(f"{path} is not what the contracts give; run: python -m ingestion.contract --write", file=sys.stderr)
    return 1 if paths else 0


if __name__ == "__main__":
    sys.exit(main())
