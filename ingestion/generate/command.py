"""`media generate`: the command line of the generator."""

from __future__ import annotations

import resource
import time
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from ingestion.generate.defects import Defects
from ingestion.generate.plan import DEFAULT_START, EVENT_INPUTS, PLAYER_INPUT, Plan
from ingestion.generate.run import INPUT_FOLDER, TRUTH_FOLDER, FolderError, Summary, files_expected, generate_all
from ingestion.settings import SettingsError, load_settings

TRUTH_LIMIT_ROWS = 3_000_000  # events above which the truth (all rows in memory) must be asked for


PLAYBACKS_PER_ACCOUNT = 0.2
EVENTS_A_PLAYBACK = 30  # about

FIRST_DAY = datetime(DEFAULT_START.year, DEFAULT_START.month, DEFAULT_START.day)  # noqa: DTZ001 (a date, as Typer has it)


class FileFormat(StrEnum):
    """Formats of the files."""

    csv = "csv"
    ndjson = "ndjson"
    parquet = "parquet"


def generate(
    days: Annotated[int, typer.Option(min=1, help="Days of events, from --start on.")] = 14,
    accounts: Annotated[
        int, typer.Option(min=1, help="Television accounts, and as many of music and of the player.")
    ] = 5_000,
    titles: Annotated[int, typer.Option(min=1, help="Television shows.")] = 200,
    tracks: Annotated[int, typer.Option(min=1, help="Music tracks.")] = 5_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 7,
    defects: Annotated[
        bool, typer.Option("--defects", help="Add a known number of duplicates, late, changed, unknown and bad rows.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Folder to write to. [default: MEDIA_HOME/generated]")] = None,
    file_format: Annotated[FileFormat, typer.Option("--format", help="Format of the files.")] = FileFormat.csv,
    playbacks: Annotated[
        float,
        typer.Option(
            min=0, help="Mean playbacks a day of a player's account, each of about 30 events; 0: no player_events."
        ),
    ] = PLAYBACKS_PER_ACCOUNT,
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="First day.")] = FIRST_DAY,
    reported_listens: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the listens whose length is reported (column listened_ms).")
    ] = 0.0,
    truth: Annotated[
        bool | None,
        typer.Option(help=f"Write the value of every KPI too. [default: up to {TRUTH_LIMIT_ROWS:,} events]"),
    ] = None,
) -> None:
    """Write every input in its original format, and the truth: what each KPI must be."""
    console = Console()
    plan = Plan(
        days=days,
        accounts=accounts,
        titles=titles,
        tracks=tracks,
        seed=seed,
        start=start.date(),
        reported_share=reported_listens,
        playbacks_per_account=playbacks,
    )
    per_account = plan.viewings_per_account + plan.listens_per_account + playbacks * EVENTS_A_PLAYBACK
    expected = round(days * accounts * per_account)
    with_truth = expected <= TRUTH_LIMIT_ROWS if truth is None else truth
    damage = Defects() if defects else None
    began, used = time.monotonic(), time.process_time()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        folder = out or load_settings().home / "generated"
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("files", total=files_expected(plan, damage))
            summary = generate_all(
                plan,
                folder,
                file_format.value,
                damage,
                with_truth,
                on_file=lambda delivery: progress.update(task, advance=1, description=delivery.input),
            )
    except (FolderError, SettingsError, OSError) as error:
        typer.echo(f"media generate: {error}", err=True)
        raise typer.Exit(1) from error
    show(console, summary, time.monotonic() - began, time.process_time() - used)


def show(console: Console, summary: Summary, wall_seconds: float, cpu_seconds: float) -> None:
    """Print what was written, how fast, and where to look next."""
    table = Table(title="Generated", title_justify="left")
    for name in ("input", "files", "rows", "known defects"):
        table.add_column(name, justify="right" if name in ("files", "rows") else "left")
    for name, rows in summary.rows.items():
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(summary.kinds[name].items()) if count)
        table.add_row(name, f"{summary.files[name]:,}", f"{rows:,}", kinds or "none")
    console.print(table)
    events = sum(summary.rows.get(name, 0) for name in (*EVENT_INPUTS, PLAYER_INPUT))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(
        f"{events:,} events, {summary.bytes_written / 1e6:,.1f} MB in {wall_seconds:.1f} s "
        f"({cpu_seconds:.1f} CPU s, peak {peak_mb:,.0f} MB; the truth, if written, included)",
        highlight=False,
    )
    inputs, truth = summary.folder / INPUT_FOLDER, summary.folder / TRUTH_FOLDER
    told = f"every KPI in {truth}" if summary.truth_rows else f"no KPIs (--truth computes them), the defects in {truth}"
    console.print(f"Truth: {told}. Next: media land {inputs}", soft_wrap=True, highlight=False)
