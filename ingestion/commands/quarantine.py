"""`media quarantine`: what was refused, and landing it after a fix."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from ingestion import quarantine
from ingestion.commands import output
from ingestion.mapping import load_mapping
from ingestion.zone import Zone

app = typer.Typer(no_args_is_help=True, help="Look at refused rows, and land them after a fix in contract or mapping.")

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
BatchId = Annotated[str, typer.Argument(help="The batch, as `media quarantine list` prints it.")]


@app.command("list")
def list_batches(as_json: AsJson = False) -> None:
    """List the batches that have refused rows. `open` is what no replay has settled yet.

    Example:

        media quarantine list
    """
    with output.reported() as settings:
        zone = Zone(settings.raw)
        rows = [
            {
                "batch_id": m.batch_id,
                "input": m.input,
                "arrived_at": m.arrived_at,
                "source": m.source,
                "quarantined": m.rows_quarantined,
                "open": quarantine.open_rows(zone, m),
                "reasons": m.reasons,
            }
            for m in zone.manifests()
            if m.rows_quarantined
        ]
    if as_json:
        output.print_json({"batches": rows})
    elif not rows:
        typer.echo("Nothing is in quarantine.")
    else:
        for row in rows:
            row["reasons"] = ", ".join(f"{reason} ({count:,})" for reason, count in dict(row["reasons"]).items())  # type: ignore[call-overload]
        output.print_table("Quarantine", list(rows[0]), [list(row.values()) for row in rows])


@app.command("show")
def show(
    batch_id: BatchId,
    limit: Annotated[int, typer.Option(help="At most so many rows; 0 = all.", min=0)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show refused rows: their number in the file, every reason, and their original text.

    The text may hold personal data.

    Example:

        media quarantine show 16e2e0fc885b048a07e2 --limit 100
    """
    with output.reported() as settings:
        zone = Zone(settings.raw)
        manifest = quarantine.find(zone, batch_id)
        name = quarantine.whole_file(manifest)
        copy = zone.storage.url(name) if name else None
        rows = list(quarantine.refused_rows(zone, manifest, limit or None))
    if as_json:
        document = {"batch_id": batch_id, "source": manifest.source, "reasons": manifest.reasons}
        output.print_json(document | {"file": copy, "rows": [asdict(row) for row in rows]})
    elif copy:
        typer.echo(f"{manifest.source} was refused whole ({', '.join(manifest.reasons)}); the copy is {copy}")
    elif not rows:
        typer.echo(f"Batch {batch_id} has no refused rows.")
    else:
        shown = [(row.source_row, row.reasons, row.raw_text) for row in rows]
        output.print_table(f"{manifest.source} ({manifest.input})", ["row", "reasons", "text"], shown)
        if len(rows) < manifest.rows_quarantined:
            typer.echo(f"{len(rows):,} of {manifest.rows_quarantined:,} rows; --limit 0 shows all")


@app.command("replay")
def replay(
    batch_id: BatchId,
    mapping: Annotated[
        str | None,
        typer.Option(help="A mapping file or a shipped one; default: that of the batch.", metavar="NAME|FILE"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Land what is good now, after a fix in the contract or in a mapping.

    A new batch that keeps the original arrival instant. What is still bad stays; what a replay settled is not
    looked at again, so that a second replay without a further fix lands nothing. Exit code 3 when some stays.

    Example:

        media quarantine replay 16e2e0fc885b048a07e2 --mapping fixed.yml
    """
    with output.reported() as settings:
        done = quarantine.replay(settings, batch_id, load_mapping(mapping) if mapping else None)
    landed = done.manifest
    refused = done.rows_refused + (landed.rows_quarantined if landed else 0)
    if as_json:
        output.print_json(
            {
                "replay_of": batch_id,
                "batch_id": landed.batch_id if landed else None,
                "rows_examined": done.rows_examined,
                "rows_accepted": landed.rows_accepted if landed else 0,
                "rows_duplicate": landed.rows_duplicate if landed else 0,
                "rows_refused": refused,
            }
        )
    elif landed:
        typer.echo(f"landed {landed.rows_accepted:,} rows as batch {landed.batch_id}; {refused:,} are still refused")
    else:
        typer.echo(f"landed 0 rows; {refused:,} are still refused")
    raise typer.Exit(output.QUARANTINED if refused else output.OK)
