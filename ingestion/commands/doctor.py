"""`media doctor`: what is missing or wrong, before anything runs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from ingestion.commands import output


def doctor(
    target: Annotated[
        str | None, typer.Option(help="A target of profiles/profiles.yml; default: MEDIA_TARGET.", metavar="NAME")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Say what is missing or wrong for landing and for `dbt build --target NAME`, one line for each cause.

    Settings, disk, the raw zone, extensions, the warehouse's connection and privileges. It writes only probes that it
    removes again, and makes no schema in production. Exit code 0 when nothing is wrong, 1 otherwise.

    Examples:

        media doctor

        media doctor --target snowflake --json
    """
    with output.reported() as settings:
        from ingestion.doctor import WRONG, examine  # dbt and its adapters take seconds to import

        chosen = target or settings.target
        findings = list(examine(settings, chosen))
    is_well = all(finding.state != WRONG for finding in findings)
    if as_json:
        output.print_json({"target": chosen, "ok": is_well, "findings": [asdict(finding) for finding in findings]})
    else:
        for finding in findings:
            typer.echo(f"{finding.state:<6} {finding.check}: {finding.message}")
    raise typer.Exit(output.OK if is_well else output.UNUSABLE)
