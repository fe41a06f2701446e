"""What the commands share: exit codes, JSON for machines, tables for people."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import duckdb
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from ingestion.contract import ContractError
from ingestion.duckdb_extensions import ExtensionError
from ingestion.lake.errors import LakeError
from ingestion.lander.land import LandingError
from ingestion.lander.sources import SourceError
from ingestion.mapping import MappingError
from ingestion.quarantine import ReplayError
from ingestion.settings import Settings, SettingsError, load_settings
from ingestion.zone import ZoneError
from streaming.jars import JarsError
from streaming.settings import StreamError

#: Characters; for output that goes into a file or a pipe.
WIDE = 240
OK, UNUSABLE, QUARANTINED, FAILED = 0, 1, 3, 4
EXIT_CODES = (
    "Exit codes: 0 all is well (landed, or had landed before); 1 unusable arguments, settings or files, "
    "nothing was begun (2 for an option that does not exist); 3 landed, but rows or files went to quarantine; "
    "4 at least one file failed, the others landed."
)
#: What a user can cause; everything else is a fault of ours and keeps its traceback.
EXPECTED = (
    SettingsError,
    SourceError,
    LandingError,
    ContractError,
    MappingError,
    ZoneError,
    ReplayError,
    LakeError,
    ExtensionError,
    JarsError,
    StreamError,
    OSError,
    duckdb.Error,
)

errors = Console(stderr=True)


def require(command: str, *modules: str) -> None:
    """Exit code 1 with advice unless these packages, which landing does not need, are installed."""
    for module in modules:
        if find_spec(module) is None:
            errors.print(
                f"media {command}: {module} is not installed; in a checkout `make install`, else pip install the "
                "extra \\[stream]", highlight=False,
            )  # fmt: skip
            raise typer.Exit(UNUSABLE)


@contextmanager
def reported() -> Iterator[Settings]:
    """Settings for a command; an expected error ends it with its message on stderr and exit code 1."""
    try:
        yield load_settings()
    except EXPECTED as error:
        errors.print(f"[red]media:[/red] {_plain(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(UNUSABLE) from error


def _plain(text: str) -> str:
    return text.replace("[", "\\[")


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(document, ensure_ascii=False, default=str))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on stdout, numbers to the right. Where no terminal sets a width, lines are as long as they need."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE, pad_edge=False)
    for position, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[position], int) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_plain(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row))
    console = Console()
    console.width = console.width if console.is_terminal else WIDE
    console.print(table)
