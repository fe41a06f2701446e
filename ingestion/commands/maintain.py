"""`media maintain`: upkeep of what dbt builds."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import duckdb
import typer

from ingestion.commands import output
from ingestion.lake import connection
from ingestion.lake import maintain as upkeep
from ingestion.settings import LAKE, Settings, project_root

COLUMNS = ("table", "files written anew", "snapshots ended", "files removed", "bytes removed", "note")


def maintain(
    keep_days: Annotated[
        float, typer.Option(min=0, help="Keep snapshots of so many days; 0 keeps only what the tables hold now.")
    ] = 7,
    orphan_hours: Annotated[
        float, typer.Option(min=0, help="Remove files that belong to no table when they are older than this.")
    ] = 24,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Compact the lake's Iceberg tables, end old snapshots, and remove files that nobody needs any more.

    On every target the bookkeeping of builds is cut down to what counts. A build must not run meanwhile.
    Rows that were erased are in no file any more after `dbt build --full-refresh` and
    `media maintain --keep-days 0 --orphan-hours 0`.

    Examples:

        media maintain --dry-run

        media maintain --keep-days 30
    """
    with output.reported() as settings:
        if not dry_run:
            _compact_bookkeeping()
        policy = upkeep.Policy(timedelta(days=keep_days), timedelta(hours=orphan_hours), dry_run)
        outcomes = _lake(settings, policy, quiet=as_json) if settings.target == LAKE else []
    if as_json:
        output.print_json({"dry_run": dry_run, "tables": [asdict(outcome) for outcome in outcomes]})
    elif outcomes:
        rows = [list(asdict(outcome).values()) for outcome in outcomes]
        output.print_table("Would be done" if dry_run else "Done", COLUMNS, rows)


def _compact_bookkeeping() -> None:
    """Through dbt, which reaches every target."""
    dbt = str(Path(sys.executable).with_name("dbt"))
    if subprocess.call([dbt, "--quiet", "run-operation", "compact_progress"], cwd=project_root()):
        raise OSError("the bookkeeping of builds was not compacted; dbt says why above")


def _lake(settings: Settings, policy: upkeep.Policy, *, quiet: bool) -> list[upkeep.Outcome]:
    """Look after the lake's tables while no dbt can open the DuckDB file."""
    if not settings.warehouse.exists():
        raise OSError(f"{settings.lake} holds nothing yet: run dbt build first")
    with ExitStack() as stack:
        stack.enter_context(duckdb.connect(str(settings.warehouse)))
        endpoint, token = settings.lake_endpoint, settings.lake_token
        if not endpoint:
            server = connection.serve(settings)
            stack.callback(server.close)
            endpoint, token = server.endpoint, server.token
        catalog = upkeep.open_catalog(settings, endpoint, token)
        return upkeep.maintain(catalog, settings, policy, lambda outcome: None if quiet else _tell(outcome))


def _tell(outcome: upkeep.Outcome) -> None:
    output.errors.print(f"{outcome.table}: {outcome.note or 'done'}", highlight=False, markup=False)
