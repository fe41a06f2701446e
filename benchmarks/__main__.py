"""Run the benchmarks: `python -m benchmarks --help`, or `make bench ARGS="--quick day"`."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from pathlib import Path

from benchmarks import build, crowd, day, generator, lander, stream
from benchmarks.measure import BenchmarkError
from benchmarks.report import Part, console, write
from benchmarks.sizes import QUICK, Sizes
from ingestion.settings import CHECKOUT, load_settings

PARTS: dict[str, tuple[Callable[[Path, Sizes], Part], str]] = {
    "build": (build.measure, "dbt build from nothing against bare DuckDB running the same compiled SQL"),
    "day": (day.measure, "one more day landed and built, on three lengths of history"),
    "player": (
        build.measure_player,
        "the same of player events, from events to playbacks and all KPIs; and Spark beside it",
    ),
    "player-day": (day.measure_player, "one more day of player events, on three lengths of history"),
    "crowd": (crowd.measure, "retention and concurrency of 50 million plays, within the machine's memory"),
    "stream": (
        stream.measure,
        "media stream run: CPU s per further million, latency; other ways beside it",
    ),
    "lander": (lander.measure, "media land: CPU s per million rows, peak memory, each format and one large file"),
    "generator": (generator.measure, "the generator in memory and as Parquet, CSV and NDJSON"),
}


def main() -> int:
    """Run the parts asked for; exit code 1 if one could not run, 2 if a claim does not hold (not with --quick)."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # data is removed then too
    options = arguments()
    sizes = chosen(options)
    folder = load_settings(cwd=CHECKOUT).home / "benchmarks"
    failed = False
    missed: list[str] = []
    for name in options.parts or list(PARTS):
        console.rule(f"{name}: {PARTS[name][1]}", align="left")
        started = time.monotonic()
        try:
            with workplace(folder, name) as place:
                part = PARTS[name][0](place, sizes)
        except BenchmarkError as error:
            console.print(f"{name}: {error}", style="red", markup=False, highlight=False)
            failed = True
            continue
        path = write(part, folder, asdict(sizes))
        missed += [text for text, holds in part.claims if not holds]
        console.print(f"{time.monotonic() - started:.0f} s; figures in {path}", highlight=False, soft_wrap=True)
    return 1 if failed else 2 if missed else 0


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Ratios within one run, in CPU seconds and peak memory. Data is written below "
        "MEDIA_HOME/benchmarks and removed; the figures stay there as JSON. Everything takes more than an hour, "
        "40 GB of disk and 16 GB of memory.",
        epilog="parts:\n" + "\n".join(f"  {name:<10} {text}" for name, (_, text) in PARTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="part", help="one of those below; none: all of them")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try it in a few minutes; no verdict")
    parser.add_argument("--playbacks", dest="build_playbacks", type=int, metavar="N", help="playbacks of `build`")
    parser.add_argument("--player-events", dest="player_events", type=int, metavar="N", help="events of `player`")
    parser.add_argument("--crowd-plays", dest="crowd_plays", type=int, metavar="N", help="plays of `crowd`")
    parser.add_argument("--rows-per-day", dest="rows_per_day", type=int, metavar="N", help="playbacks a day of `day`")
    parser.add_argument("--big-gb", dest="big_gb", type=float, metavar="GB", help="large file of `lander`; 0: none")
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    return options


def chosen(options: argparse.Namespace) -> Sizes:
    """The sizes, with what the command line says instead."""
    given = {f.name: getattr(options, f.name, None) for f in fields(Sizes)}
    return replace(QUICK if options.quick else Sizes(), **{k: v for k, v in given.items() if v is not None})


@contextmanager
def workplace(folder: Path, name: str) -> Iterator[Path]:
    """A folder for a part's data, removed at the end whatever happens."""
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix=f"{name}-{os.getpid()}-", dir=folder))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
