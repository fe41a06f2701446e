"""`make parity`: builds everything on all targets and certifies, table by table, whether the rows are equal."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from ingestion.settings import CHECKOUT, load_settings
from streaming.jars import JarsError
from tests.engines.base import EngineError, ended_by_sigterm
from tests.parity import report
from tests.parity.arrivals import ParityError, Size
from tests.parity.certify import TARGETS, certify, started


def main() -> int:
    """0: everything equal; 1: a difference, or an engine or a build that failed."""
    ended_by_sigterm()
    options = parse()
    console = Console()
    out = load_settings(cwd=CHECKOUT).home / "parity"
    folder = Path(options.folder or tempfile.mkdtemp(prefix="parity-")).resolve()
    size = Size(options.days, options.accounts, options.titles, options.tracks, options.arrivals)
    tested = () if options.without_tests else TARGETS
    try:
        with started(options.targets, folder, console.print) as (storage, targets):
            certificate = certify(storage, targets, folder, size, options.seed, console.print, tested)
    except (EngineError, JarsError, ParityError) as error:
        console.print(str(error), style="red", markup=False)
        console.print(f"logs: {folder}", markup=False)
        return 1
    report.show(console, certificate)
    for path in report.write(out, certificate):
        console.print(f"written: {path}", markup=False)
    if not options.folder:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if certificate.is_equal else 1


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.parity", description=__doc__)
    plain = Size()
    parser.add_argument("targets", nargs="*", default=list(TARGETS), metavar="target", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--days", type=int, default=plain.days, help="days of events (default %(default)s)")
    parser.add_argument("--accounts", type=int, default=plain.accounts, help="accounts (default %(default)s)")
    parser.add_argument("--titles", type=int, default=plain.titles, help="television shows (default %(default)s)")
    parser.add_argument("--tracks", type=int, default=plain.tracks, help="music tracks (default %(default)s)")
    parser.add_argument("--arrivals", type=int, default=plain.arrivals, help="landings (default %(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="of the data (default %(default)s)")
    parser.add_argument("--without-tests", action="store_true", help="leave dbt's own tests out of the builds")
    parser.add_argument("--folder", help="work here and keep it: engines' logs, warehouses, dbt's artifacts")
    options = parser.parse_args()
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    return options


if __name__ == "__main__":
    sys.exit(main())
