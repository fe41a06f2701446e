"""`media withdraw`: take a batch out of the raw zone."""

from __future__ import annotations

from typing import Annotated

import typer

from ingestion.commands import output
from ingestion.zone import Zone


def withdraw(
    batch_id: Annotated[str, typer.Argument(help="The batch, as `media land` and `media status --batches` print it.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Withdraw a landed batch and the replays of it: the manifest first, then the files.

    Built tables still hold its rows until `dbt build --full-refresh`. Landing the same content afterwards is
    a new delivery with a new batch id.

    Example:

        media withdraw 16e2e0fc885b048a07e2
    """
    with output.reported() as settings:
        zone = Zone(settings.raw)
        with zone.lock(lambda: output.errors.print("waiting for a landing in this raw zone to end")):
            gone = zone.withdraw(batch_id)
    if as_json:
        output.print_json({"withdrawn": [m.batch_id for m in gone], "next": "dbt build --full-refresh"})
        return
    for manifest in gone:
        typer.echo(
            f"withdrawn: {manifest.batch_id} ({manifest.input}, {manifest.source}, {manifest.rows_accepted:,} rows)"
        )
    typer.echo("Now run: dbt build --full-refresh")
