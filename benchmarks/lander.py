"""`media land`: CPU seconds per million rows and peak memory, each format in a process of its own."""

from __future__ import annotations

import gzip
import shutil
from dataclasses import asdict
from pathlib import Path

from benchmarks.history import plan_of
from benchmarks.measure import MEDIA, BenchmarkError, Cost, run, surroundings
from benchmarks.report import Part, console, show
from benchmarks.sizes import Sizes
from ingestion.generate.deliveries import Delivery
from ingestion.generate.write import write_delivery
from ingestion.zone import Zone

INPUT = "viewership_logs"
CPU_LIMIT, PEAK_LIMIT_MB = 6.0, 1_000
SESSION = b"SID"  # what session ids begin with
TEXT_SHARE = 1.8 / 4.3  # of the events of a plan's day are rows of viewership_logs


def measure(home: Path, sizes: Sizes) -> Part:
    """The same rows in each format, then a large CSV and a large NDJSON."""
    part = Part("lander", sizes.verdict)
    with console.status("writing files"):
        files = write_files(home, sizes.lander_rows)
    rows: list[tuple[object, ...]] = []
    for kind, file in files.items():
        with console.status(f"landing {kind}"):
            rows.append(landed(part, home, kind, file))
    for kind in ("CSV", "NDJSON") if sizes.big_gb else ():
        with console.status(f"writing {sizes.big_gb:g} GB of {kind}"):
            big = write_big(files[kind], home / f"big{files[kind].suffix}", sizes.big_gb)
        with console.status(f"landing {sizes.big_gb:g} GB of {kind}"):
            rows.append(landed(part, home, f"large {kind}", big))
        big.unlink()
    columns = ("18 columns", "file MB", "rows", "CPU s", "CPU s per million", "wall s", "peak MB")
    show("media land, a process for each file, its start included", columns, rows)
    slowest = max(float(str(row[4])) for row in rows)
    highest = max(float(str(row[6])) for row in rows)
    part.claim(f"{slowest:.2f} CPU s per million rows, at most {CPU_LIMIT:g}", slowest <= CPU_LIMIT)
    part.claim(f"peak memory {highest:,.0f} MB, below {PEAK_LIMIT_MB:,}", highest < PEAK_LIMIT_MB)
    return part


def landed(part: Part, home: Path, kind: str, file: Path) -> tuple[object, ...]:
    """Land one file into a zone of its own. BenchmarkError unless every row was accepted."""
    zone = home / "zone"
    cost = run([*MEDIA, "land", file], surroundings(zone), home / "log.txt")
    manifest = next(Zone(zone).manifests())
    if manifest.rows_accepted != manifest.rows_read or not manifest.rows_read:
        raise BenchmarkError(f"{file.name}: {manifest.rows_read} rows read, {manifest.rows_accepted} accepted")
    shutil.rmtree(zone)
    return note(part, kind, file.stat().st_size, manifest.rows_read, cost)


def note(part: Part, kind: str, size: int, rows: int, cost: Cost) -> tuple[object, ...]:
    """Keep the figures of one file and return its line of the table."""
    million = cost.cpu_seconds / rows * 1e6
    part.figures[kind] = {"bytes": size, "rows": rows, "cpu_seconds_per_million_rows": million, **asdict(cost)}
    return kind, size / 1e6, rows, cost.cpu_seconds, million, cost.wall_seconds, cost.peak_mb


def write_files(home: Path, rows: int) -> dict[str, Path]:
    """The same rows as CSV, gzipped CSV, NDJSON and Parquet."""
    table = plan_of(round(rows / TEXT_SHARE), 1).table(INPUT, 0).slice(0, rows)
    files = {
        kind: write_delivery(Delivery(INPUT, 0, "views", table), home / kind, kind)
        for kind in ("csv", "ndjson", "parquet")
    }
    packed = home / "packed.csv.gz"
    with files["csv"].open("rb") as plain, gzip.open(packed, "wb", compresslevel=6) as target:
        shutil.copyfileobj(plain, target, 1 << 20)
    return {"CSV": files["csv"], "CSV, gzip": packed, "NDJSON": files["ndjson"], "Parquet": files["parquet"]}


def write_big(small: Path, target: Path, gigabytes: float) -> Path:
    """A file of about that size: the small one again and again, each time with other session ids."""
    text = small.read_bytes()
    head = b"" if small.suffix == ".ndjson" else text[: text.index(b"\n") + 1]
    copies = max(1, round(gigabytes * 1e9 / len(text)))
    with target.open("wb") as file:
        file.write(head)
        for copy in range(copies):
            file.write(text[len(head) :].replace(SESSION, b"%s%d-" % (SESSION, copy)))
    return target
