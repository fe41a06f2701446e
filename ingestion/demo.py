"""The demo: two weeks of made-up viewing and listening, from files to KPIs, in one command.

`python3 bootstrap.py demo` runs this module inside the project's environment. It calls the same commands that a user
would type, and reads the finished tables from the warehouse. Run again, it lands nothing twice.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ingestion.chart import BLOCKS, PLAIN, curve
from ingestion.commands.output import OK, QUARANTINED
from ingestion.generate.run import INPUT_FOLDER
from ingestion.lander.land import LANDED
from ingestion.settings import CHECKOUT, Settings, load_settings
from ingestion.warehouse import connected

DAYS = 14
#: Two weeks of so many accounts are built within the demo's time on two cores.
ACCOUNTS = 3000
#: Mean playbacks a day of a player's account: about 120,000 events, so that the build stays within its time.
PLAYBACKS = "0.05"


@dataclass(frozen=True)
class Shown:
    """One table of the demo: its heading, where the numbers come from, and the query that reads them."""

    title: str
    columns: tuple[str, ...]
    sql: str


# Sums of daily additive columns; accounts are not among them, because distinct counts of days do not add up.
SHOWN = (
    Shown(
        "Channels by hours watched (kpi_channel_daily)",
        ("channel", "plays", "hours", "ad revenue", "currency"),
        """
        select
            channel_name,
            sum(plays),
            round(sum(playing_ms) / 3600000.0, 1),
            round(sum(ad_revenue_amount), 2),
            any_value(currency)
        from kpi.kpi_channel_daily
        group by channel_id, channel_name
        order by sum(playing_ms) desc, channel_id
        limit 5
        """,
    ),
    Shown(
        "Genres by plays (kpi_genre_daily)",
        ("media", "genre", "plays", "hours", "on the last day"),
        """
        select
            media_kind,
            genre,
            sum(plays),
            round(sum(playing_ms) / 3600000.0, 1),
            arg_max(top_content_title, event_date)
        from kpi.kpi_genre_daily
        group by media_kind, genre
        order by sum(plays) desc, media_kind, genre
        limit 5
        """,
    ),
    Shown(
        "Most at the same time (kpi_concurrency)",
        ("media", "playbacks", "minute (UTC)"),
        """
        select media_kind, concurrent_peak, strftime(minute_at, '%Y-%m-%d %H:%M')
        from kpi.kpi_concurrency
        qualify row_number() over (partition by media_kind order by concurrent_peak desc, minute_at) = 1
        order by media_kind
        """,
    ),
)


@dataclass(frozen=True)
class Curve:
    """One curve of the demo. sql: of each column its heading (the same for all), its height and what fills it all."""

    sql: str
    top: str
    marks: tuple[str, ...]


CURVES = (
    Curve(
        """
        with best as (
            select content_id
            from kpi.kpi_content_retention
            where media_kind = 'video'
            group by content_id
            order by sum(plays) desc, content_id
            limit 1
        )
        select
            'Still watching ' || coalesce(max(title), content_id) || ', by part of its length (kpi_content_retention, '
                || sum(plays) || ' plays)',
            sum(plays_there) / sum(plays),
            1
        from kpi.kpi_content_retention
        inner join best using (content_id)
        left join marts.dim_content using (content_id)
        cross join range(3) as wide (n)
        group by content_id, percent_of_content, n
        order by percent_of_content
        """,
        "{:.0%}",
        ("0 %", "25 %", "50 %", "75 %", "100 %"),
    ),
    Curve(
        """
        with best as (
            select event_date
            from kpi.kpi_concurrency
            where media_kind = 'all'
            group by event_date
            order by sum(concurrent_ms) desc, event_date
            limit 1
        )
        select
            'Playing at the same time on ' || event_date || ' (kpi_concurrency, mean of 20 minutes)',
            avg(concurrent_average) as height,
            max(avg(concurrent_average)) over ()
        from kpi.kpi_concurrency
        inner join best using (event_date)
        where media_kind = 'all'
        group by event_date, time_bucket(interval 20 minute, minute_at)
        order by time_bucket(interval 20 minute, minute_at)
        """,
        "{:,.0f}",
        ("00:00", "06:00", "12:00", "18:00", "24:00"),
    ),
)


@dataclass(frozen=True)
class Grid:
    """A table to be printed."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]


@dataclass
class Stopwatch:
    """Wall seconds by step, in order."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step; a step that fails is not listed."""
        started = time.monotonic()
        yield
        self.seconds[name] = time.monotonic() - started


def main() -> None:
    """Generate, land, build, document, then show; ends with a step's exit code if one fails."""
    settings = load_settings(cwd=CHECKOUT)
    console = Console()
    watch = Stopwatch()
    generated = settings.home / "generated"
    with watch.step("generate"):
        tool(
            "media", "generate", "--days", str(DAYS), "--accounts", str(ACCOUNTS), "--playbacks", PLAYBACKS,
            "--defects", "--no-truth", "--out", str(generated),
        )  # fmt: skip
    with watch.step("land"):
        console.print(as_table(land(generated / INPUT_FOLDER)))
    with watch.step("dbt build"):
        # All models and all checks of data; dbt's unit tests read none, and are for who changes a model.
        tool("dbt", "--quiet", "build", "--exclude-resource-type", "unit_test")
    with watch.step("docs page"):
        tool("dbt", "--quiet", "docs", "generate", "--static")
    show_kpis(console, settings)
    show_curves(console, settings)
    show_times(console, watch)
    show_next(console, settings)


def tool(name: str, *arguments: str) -> None:
    """Run a console script of this environment from the project's root; SystemExit with its code if it fails."""
    code = subprocess.call(command(name, *arguments), cwd=CHECKOUT)
    if code != OK:
        raise SystemExit(code if code > 0 else 1)


def land(folder: Path) -> Grid:
    """Land the files under `folder` and sum up what became of their rows; SystemExit if a file failed.

    The files hold a known number of bad rows, so the first landing ends with the code that reports a quarantine.
    """
    words = command("media", "land", str(folder), "--json")
    landed = subprocess.run(words, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    try:
        files = json.loads(landed.stdout)["files"]
    except ValueError:
        files = None  # it ended before it could report, with its reason on stderr
    if files is None or landed.returncode not in (OK, QUARANTINED):
        raise SystemExit(landed.returncode or 1)
    return by_input(files)


def by_input(files: Sequence[Mapping[str, Any]]) -> Grid:
    """One row per input from the `files` of `media land --json`: files, those that landed now, and their rows."""
    counts = ("rows_read", "rows_accepted", "rows_duplicate", "rows_quarantined")
    rows = []
    for name in sorted({str(file["input"]) for file in files}):
        own = [file for file in files if str(file["input"]) == name]
        landed = sum(file["status"] == LANDED for file in own)
        rows.append((name, len(own), landed, *(sum(file[count] for file in own) for count in counts)))
    columns = ("input", "files", "new", "read", "accepted", "duplicate", "quarantined")
    return Grid("Landed (read = accepted + duplicate + quarantined)", columns, rows)


def command(name: str, *arguments: str) -> list[str]:
    """The words of a call of a console script of this environment, printed as a user would type them.

    Callers hand the environment on unchanged: dbt remembers MEDIA_RAW as it is written, and a later build by hand has
    to find the same text.
    """
    print(f"+ {name} {' '.join(arguments)}", flush=True)
    return [str(Path(sys.executable).with_name(name)), *arguments]


def show_kpis(console: Console, settings: Settings) -> None:
    """Print every table of SHOWN from what dbt has built; SystemExit if one holds nothing."""
    with connected(settings) as connection:
        for shown in SHOWN:
            rows = filled(connection, shown.sql, f"{shown.title}: no rows, so nothing was landed")
            console.print(as_table(Grid(shown.title, shown.columns, rows)))


def show_curves(console: Console, settings: Settings) -> None:
    """Print every curve of CURVES; SystemExit if one holds nothing."""
    levels = BLOCKS if console.encoding.lower().startswith("utf") else PLAIN
    with connected(settings) as connection:
        for shown in CURVES:
            rows = filled(connection, shown.sql, "A curve holds no rows, so no player events were landed")
            heading, _, top = rows[0]
            console.print(f"[bold]{escape(heading)}[/bold]", highlight=False)
            lines = curve([float(row[1]) for row in rows], float(top), shown.top.format(top), shown.marks, levels)
            console.print("\n".join(lines), highlight=False, markup=False)


def filled(connection: duckdb.DuckDBPyConnection, sql: str, if_empty: str) -> list[tuple[Any, ...]]:
    """The rows of a query; SystemExit with what it means if there are none."""
    rows = connection.execute(sql).fetchall()
    if not rows:
        raise SystemExit(f"{if_empty}; see `media status`")
    return rows


def as_table(grid: Grid) -> Table:
    """The grid with its title; numbers to the right, empty values as a dash."""
    table = Table(title=grid.title, title_justify="left", title_style="bold", min_width=40)
    for number, heading in enumerate(grid.columns):
        is_text = not grid.rows or isinstance(grid.rows[0][number], str)
        table.add_column(heading, justify="left" if is_text else "right")
    for row in grid.rows:
        table.add_row(*(escape(as_text(value)) for value in row))
    return table


def as_text(value: object) -> str:
    """A cell: thousands separated, None as a dash."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:,}"


def show_times(console: Console, watch: Stopwatch) -> None:
    """Print the wall seconds of every step on one line."""
    console.print("Times: " + ", ".join(f"{name} {seconds:.1f} s" for name, seconds in watch.seconds.items()))


def show_next(console: Console, settings: Settings) -> None:
    """Print where to look next, as commands that can be pasted."""
    page = (CHECKOUT / "target" / "static_index.html").as_uri()
    activate = Path(sys.executable).parent.relative_to(CHECKOUT) / "activate"
    console.print("\n[bold]Where to look next[/bold]")
    for what, where in (
        ("Every table and column, in a browser", page),
        ("The tools on your PATH", f"source {activate}"),
        ("A table on the terminal", "dbt show --inline \"select * from {{ ref('kpi_channel_daily') }}\" --limit 10"),
        ("What was refused, and why", "media quarantine list"),
        ("Your own files", "media land FILE..., then dbt build; README.md says more"),
        ("The warehouse, for any DuckDB", str(settings.warehouse)),
        ("The data", str(settings.home)),
    ):
        console.print(f"  {what}: {where}", soft_wrap=True, highlight=False, markup=False)


if __name__ == "__main__":
    main()
