"""The certificate: a table in the terminal, parity.json, and a page."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.parity.compare import Difference, Verdict

Stage = dict[str, list[Verdict]]

PROVES = {
    "duckdb": "DuckDB itself, the reference",
    "lake": "DuckDB writing Iceberg tables itself",
    "snowflake": "dbt-snowflake unmodified, before fakesnow (DuckDB executes)",
    "athena": "dbt-athena unmodified, before an Athena API on Trino 476",
    "redshift": "dbt-redshift unmodified, before a wire proxy on PostgreSQL 18",
}


@dataclass
class Certificate:
    """stages: name of a build -> target -> its tables' verdicts, the reference's own among them."""

    reference: str
    stages: dict[str, Stage] = field(default_factory=dict)
    figures: dict[str, dict[str, object]] = field(default_factory=dict)

    @property
    def verdicts(self) -> list[tuple[str, str, Verdict]]:
        """(stage, target, verdict) of everything compared."""
        return [(stage, target, v) for stage, by in self.stages.items() for target, found in by.items() for v in found]

    @property
    def is_equal(self) -> bool:
        """Whether anything was compared, and all of it is equal."""
        return bool(self.verdicts) and all(v.is_equal for _, _, v in self.verdicts)

    def differing_cells(self) -> int:
        """Over all stages, targets and tables."""
        return sum(v.differing_cells for _, _, v in self.verdicts)

    def headline(self) -> str:
        """One sentence."""
        tables = {v.table for _, _, v in self.verdicts}
        targets = list(dict.fromkeys(target for _, target, _ in self.verdicts))
        rows = sum(v.missing_rows + v.extra_rows + v.repeated_rows for _, _, v in self.verdicts)
        return (
            f"{len(tables)} tables after {len(self.stages)} builds on {len(targets)} targets ({', '.join(targets)}): "
            f"{self.differing_cells():,} differing cells, {rows:,} rows missing, extra or repeated"
        )


def show(console: Console, certificate: Certificate) -> None:
    """Print the last build's tables, every difference, the costs and the headline."""
    stage, targets = list(certificate.stages.items())[-1]
    grid = Table("table", "rows", *targets, title=f"Compared with {certificate.reference}: {stage}")
    for row in _lines(targets):
        grid.add_row(*row)
    console.print(grid)
    for stage, target, verdict in certificate.verdicts:
        for difference in verdict.differences:
            console.print(f"{stage}, {target}: {describe(difference)}", style="red", markup=False)
    costs = Table("target", "start s", "builds s", "CPU s of dbt", "engine MB", title="What it took")
    for target, found in certificate.figures.items():
        seconds, cpu = found["build_seconds"], found["build_client_cpu_seconds"]
        costs.add_row(target, str(found["start_seconds"]), _list(seconds), _list(cpu), str(found["engine_memory_mb"]))
    console.print(costs)
    console.print(certificate.headline(), style="bold green" if certificate.is_equal else "bold red")


def _list(values: object) -> str:
    return " ".join(map(str, values)) if isinstance(values, list) else str(values)


def _lines(targets: Stage) -> list[tuple[str, ...]]:
    by_table: dict[str, dict[str, Verdict]] = {}
    for target, verdicts in targets.items():
        for verdict in verdicts:
            by_table.setdefault(verdict.table, {})[target] = verdict
    return [
        (table, f"{next(iter(found.values())).rows:,}", *(_mark(found.get(target)) for target in targets))
        for table, found in sorted(by_table.items())
    ]


def _mark(verdict: Verdict | None) -> str:
    if verdict is None:
        return "-"
    if verdict.is_equal:
        return "equal"
    rows = verdict.missing_rows + verdict.extra_rows + verdict.repeated_rows
    return f"{verdict.differing_cells} cells, {rows} rows differ"


def describe(difference: Difference) -> str:
    """A difference in words: table, key, column, both values."""
    key = ", ".join(f"{name}={value}" for name, value in difference.key.items())
    column = f" {difference.column}:" if difference.column else ""
    return f"{difference.table} [{key}]{column} {difference.reference!r} is {difference.other!r}"


def write(folder: Path, certificate: Certificate) -> tuple[Path, Path]:
    """Write parity.json and parity.html; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "equal": certificate.is_equal,
        "headline": certificate.headline(),
        "reference": certificate.reference,
        "stages": {
            stage: {target: [asdict(v) for v in verdicts] for target, verdicts in by.items()}
            for stage, by in certificate.stages.items()
        },
        "figures": certificate.figures,
    }
    as_json, page = folder / "parity.json", folder / "parity.html"
    as_json.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    page.write_text(_page(certificate), encoding="utf-8")
    return as_json, page


def _page(certificate: Certificate) -> str:
    parts = [f"<h1>Parity certificate</h1><p class={_class(certificate.is_equal)}>{certificate.headline()}</p>"]
    parts.append(_grid(("target", "what it proves"), [(t, PROVES.get(t, "")) for t in certificate.figures]))
    for stage, targets in certificate.stages.items():
        parts.append(f"<h2>{html.escape(stage)}</h2>")
        parts.append(_grid(("table", "rows", *targets), _lines(targets)))
        lines = [describe(d) for verdicts in targets.values() for v in verdicts for d in v.differences]
        parts.append("".join(f"<p class=no>{html.escape(line)}</p>" for line in lines))
    figures = [(target, *map(_list, found.values())) for target, found in certificate.figures.items()]
    heads = next(iter(certificate.figures.values()), {})
    parts.append("<h2>What it took</h2>" + _grid(("target", *(name.replace("_", " ") for name in heads)), figures))
    return _FRAME.replace("CONTENT", "\n".join(parts))


def _class(good: bool) -> str:
    return "yes" if good else "no"


def _grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(text)}" for text in heads)
    body = "".join("<tr>" + "".join(_cell(text) for text in row) for row in rows)
    return f"<table><tr>{head}{body}</table>"


def _cell(text: str) -> str:
    kind = "yes" if text == "equal" else "no" if text.endswith("differ") else ""
    return f"<td class='{kind}'>{html.escape(text)}"


_FRAME = """<!doctype html><meta charset=utf-8><title>Parity certificate</title>
<style>body{font:15px/1.5 system-ui;margin:2rem auto;max-width:70rem;padding:0 1rem}table{border-collapse:collapse}
td,th{border-bottom:1px solid #ddd;padding:.2rem .8rem;text-align:left}.yes{color:#187a2f}.no{color:#b3261e}</style>
CONTENT
"""
