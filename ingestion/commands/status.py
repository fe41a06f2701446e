"""`media status`: what stands in the raw zone."""

from __future__ import annotations

from collections import defaultdict
from typing import Annotated

import typer

from ingestion.commands import output
from ingestion.zone import Manifest, Zone


def status(
    batches: Annotated[bool, typer.Option("--batches", help="One line for each batch instead of each input.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Show inputs, batches, counts of rows and the last arrival, from the manifests.

    Replays take rows out of quarantine: `open` is what is refused and not yet replayed.

    Examples:

        media status

        media status --batches --json
    """
    with output.reported() as settings:
        manifests = list(Zone(settings.raw).manifests())
    rows = _by_batch(manifests) if batches else _by_input(manifests)
    if as_json:
        output.print_json({"batches" if batches else "inputs": rows})
    elif not rows:
        typer.echo(f"Nothing has landed in {settings.raw} yet.")
    else:
        output.print_table(str(settings.raw), list(rows[0]), [list(row.values()) for row in rows])


def _by_input(manifests: list[Manifest]) -> list[dict[str, object]]:
    groups: dict[str, list[Manifest]] = defaultdict(list)
    for manifest in manifests:
        groups[manifest.input].append(manifest)
    return [
        {
            "input": name,
            "batches": len(group),
            "read": sum(m.rows_read for m in group if not m.replay_of),
            "accepted": sum(m.rows_accepted for m in group),
            "duplicate": sum(m.rows_duplicate for m in group),
            "open": sum(m.rows_quarantined for m in group) - sum(m.rows_settled for m in group),
            "last_arrival": max(m.arrived_at for m in group),
        }
        for name, group in groups.items()
    ]


def _by_batch(manifests: list[Manifest]) -> list[dict[str, object]]:
    return [
        {
            "batch_id": m.batch_id,
            "input": m.input,
            "arrived_at": m.arrived_at,
            "source": m.source,
            "read": m.rows_read,
            "accepted": m.rows_accepted,
            "duplicate": m.rows_duplicate,
            "quarantined": m.rows_quarantined,
            "replay_of": m.replay_of or "",
        }
        for m in sorted(manifests, key=lambda m: (m.arrived_at, m.batch_id))
    ]
