"""A whole run: every file of a plan, what is known of the damage, and the truth."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet

from ingestion.generate.defects import FACT_INPUTS, LATEST_DAYS, Defects
from ingestion.generate.deliveries import Delivery, deliveries
from ingestion.generate.plan import PLAYER_INPUT, Plan
from ingestion.generate.truth import compute
from ingestion.generate.write import write_delivery

INPUT_FOLDER, TRUTH_FOLDER, MARKER = "inputs", "truth", "plan.json"


class FolderError(ValueError):
    """The output folder holds something that this generator did not write."""


@dataclass
class Summary:
    """What was written. rows: by input, as they stand in the files; kinds: rows of each kind of damage, by input."""

    folder: Path
    files: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, Counter[str]] = field(default_factory=dict)
    bytes_written: int = 0
    truth_rows: dict[str, int] = field(default_factory=dict)


def clear(folder: Path) -> None:
    """Empty the folder of an earlier run; FolderError if it holds files but none of ours."""
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / MARKER).is_file():
        raise FolderError(f"{folder}: not empty, and not written by `media generate` (no {MARKER}); give another --out")
    (folder / MARKER).unlink()
    for name in (INPUT_FOLDER, TRUTH_FOLDER):
        shutil.rmtree(folder / name, ignore_errors=True)


def files_expected(plan: Plan, defects: Defects | None) -> int:
    """Upper bound of the number of files, for a progress bar."""
    return len(plan.inputs) * plan.days + (len(FACT_INPUTS) * LATEST_DAYS if defects else 0)


def generate_all(
    plan: Plan,
    folder: Path,
    file_format: str = "csv",
    defects: Defects | None = None,
    with_truth: bool = True,
    on_file: Callable[[Delivery], None] = lambda _: None,
) -> Summary:
    """Write `folder`/inputs/<input>/<file> and `folder`/truth/, replacing an earlier run.

    Without truth the memory needed is that of one day; with it, all rows are kept. on_file is called for each file.
    """
    clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    # First, so that an interrupted run can be repeated.
    (folder / MARKER).write_text(
        _json({**_knobs(plan), "format": file_format, "defects": asdict(defects) if defects else None})
    )
    summary = Summary(folder)
    found: dict[str, dict[str, Any]] = {}
    kept: dict[str, list[pa.Table]] = {name: [] for name in plan.inputs}
    for name in plan.inputs:
        found[name] = {}
        for delivery in deliveries(plan, name, defects, file_format):
            path = write_delivery(delivery, folder / INPUT_FOLDER, file_format)
            found[name][path.name] = _known(delivery, counted=defects is not None)
            summary.bytes_written += path.stat().st_size
            _add(summary, delivery)
            if with_truth and name != PLAYER_INPUT:
                kept[name].append(delivery.table)
            on_file(delivery)
    truth_folder = folder / TRUTH_FOLDER
    truth_folder.mkdir(exist_ok=True)
    totals = {name: dict(kinds) for name, kinds in summary.kinds.items()}
    (truth_folder / "defects.json").write_text(_json({"totals": totals, "files": found}))
    if with_truth:
        summary.truth_rows = write_truth({**kept, **player_facts(plan)}, truth_folder)
    return summary


def player_facts(plan: Plan) -> dict[str, list[pa.Table]]:
    """What the plan knows of the player's playbacks, by table, one part a day; see `player.facts`."""
    if PLAYER_INPUT not in plan.inputs:
        return {}
    days = [plan.player_day(day).facts for day in range(plan.days)]
    return {name: [facts[name] for facts in days] for name in days[0]}


def write_truth(inputs: dict[str, list[pa.Table]], folder: Path) -> dict[str, int]:
    """Compute and write the truth of these inputs; rows by table."""
    truth = compute(inputs)
    for name, table in truth.tables.items():
        parquet.write_table(table, folder / f"{name}.parquet")
    (folder / "ties.json").write_text(_json(truth.ties))
    return {name: table.num_rows for name, table in truth.tables.items()}


def _add(summary: Summary, delivery: Delivery) -> None:
    name = delivery.input
    summary.files[name] = summary.files.get(name, 0) + 1
    summary.rows[name] = summary.rows.get(name, 0) + delivery.table.num_rows + len(delivery.bad)
    summary.kinds.setdefault(name, Counter()).update(delivery.kinds)


def _known(delivery: Delivery, counted: bool) -> dict[str, Any]:
    """What the lander must find in a file. Row numbers count from 1, without the header."""
    rows = delivery.table.num_rows
    duplicates = rows - distinct_rows(delivery.table) if counted else 0
    return {
        "rows": rows + len(delivery.bad),
        "accepted": rows - duplicates,
        "duplicate": duplicates,
        "quarantined": len(delivery.bad),
        "kinds": delivery.kinds,
        "bad": [{"row": rows + place, "reasons": list(bad.reasons)} for place, bad in enumerate(delivery.bad, start=1)],
    }


def distinct_rows(table: pa.Table) -> int:
    """Number of different whole rows."""
    return int(table.group_by(table.column_names).aggregate([]).num_rows) if table.num_rows else 0


def _knobs(plan: Plan) -> dict[str, Any]:
    return {name: str(value) if name == "start" else value for name, value in asdict(plan).items()}


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
