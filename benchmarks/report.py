"""Tables on the screen, JSON in MEDIA_HOME/benchmarks/."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from ingestion.settings import CHECKOUT

#: Wide enough for every table, also where the output is a file.
console = Console(width=None if Console().is_terminal else 140)


@dataclass
class Part:
    """What one part of the suite found. figures: for machines; claims: what must hold, and whether it did.

    verdict: False where the sizes are too small for the claims to mean anything.
    """

    name: str
    verdict: bool = True
    figures: dict[str, Any] = field(default_factory=dict)
    claims: list[tuple[str, bool]] = field(default_factory=list)

    def claim(self, text: str, holds: bool) -> None:
        """Note a claim and print it."""
        if not self.verdict:
            console.print(f"not judged at these sizes: {text}", highlight=False)
            return
        self.claims.append((text, holds))
        console.print(
            f"[{'green' if holds else 'red'}]{'holds' if holds else 'DOES NOT HOLD'}[/]: {text}", highlight=False
        )


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; the first column is text, the others are numbers."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left", no_wrap=not number)
    for row in rows:
        table.add_row(*(as_text(value) for value in row))
    console.print(table)


def as_text(value: object) -> str:
    """Two digits after the point below 100, none above; texts as they are."""
    if isinstance(value, float):
        return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else "-" if value is None else str(value)


def write(part: Part, folder: Path, sizes: dict[str, Any]) -> Path:
    """Write the figures, with what they were measured on; the latest run of a part replaces the one before."""
    document = {
        "part": part.name,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "duckdb": duckdb.__version__},
        "sizes": sizes,
        "figures": part.figures,
        "claims": [{"claim": text, "holds": holds} for text, holds in part.claims],
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{part.name}{'' if part.verdict else '-quick'}.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path


def commit() -> str | None:
    """The commit of the checkout, None outside a repository."""
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=CHECKOUT, capture_output=True, text=True)
    return asked.stdout.strip() or None
