"""`media land`: files into the raw zone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ingestion.commands import output
from ingestion.commands.progress import shown
from ingestion.draft import TODO, DraftError, draft, render
from ingestion.lander import land as lander
from ingestion.lander import sources
from ingestion.mapping import load_mapping
from ingestion.zone import parse_instant

EXAMPLES = """
Examples:

    media land viewership_logs.csv songs.csv.gz

    media land exports/ 'more/*.ndjson' --arrived-at 2026-11-01T06:00:00Z

    media land views.csv --mapping generic_video_log

    media land broken_header.csv --input streams --json

    media land --draft-mapping unknown.csv --to unknown.yml

    media land 's3://bucket/exports/2026-11-*/*.csv.gz'

CSV, TSV, JSON (an array, or objects), NDJSON, each also .gz, and Parquet. The input is recognised by the
columns. Landing the same content again changes nothing. With MEDIA_PII_KEY set, identifiers are replaced by
HMAC-SHA256 under that key and direct identifiers (names) are dropped; without it they stay in raw as they came,
and never reach a mart.
"""


def land(
    files: Annotated[
        list[str], typer.Argument(help="Files, folders (all known files below), quoted globs, s3:// addresses.")
    ],
    input_name: Annotated[
        str | None, typer.Option("--input", help="The input, where the columns do not tell it.", metavar="NAME")
    ] = None,
    mapping: Annotated[
        str | None, typer.Option(help="A mapping file, or the name of a shipped one.", metavar="NAME|FILE")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Land content that stands already once more.")] = False,
    arrived_at: Annotated[
        str | None,
        typer.Option(help="ISO instant at which the first file arrived, not in the future; the others follow by 1 us."),
    ] = None,
    draft_mapping: Annotated[
        bool,
        typer.Option(
            "--draft-mapping",
            help="Land nothing: look at one file and write a first mapping for it, open questions marked TODO.",
        ),
    ] = False,
    to: Annotated[
        Path | None, typer.Option(help="Where --draft-mapping writes; without it, to stdout.", metavar="FILE")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout instead of a table.")] = False,
) -> None:
    """Check files row by row and land them in the raw zone, one batch a file."""
    with output.reported() as settings:
        if draft_mapping or to is not None:
            _draft(files, input_name, to if draft_mapping else None, is_asked=draft_mapping)
            return
        options = lander.Options(
            input=input_name,
            mapping=load_mapping(mapping) if mapping else None,
            again=again,
            arrived_at=_instant(arrived_at),
        )
        paths = sources.expand(files)
        with shown(quiet=as_json) as progress:
            outcomes = list(lander.land(settings, paths, options, progress))
    if as_json:
        output.print_json(document(outcomes))
    else:
        _print(outcomes)
    raise typer.Exit(exit_code(outcomes))


land.__doc__ = (land.__doc__ or "") + "\n" + EXAMPLES + "\n" + output.EXIT_CODES


def _draft(files: list[str], input_name: str | None, to: Path | None, *, is_asked: bool) -> None:
    """Write a drafted mapping; DraftError for arguments that make no draft."""
    paths = [path for path in sources.expand(files) if isinstance(path, Path)] if is_asked else []
    if len(paths) != 1:
        raise DraftError("a draft is of one file on this machine: media land --draft-mapping FILE [--to MAPPING.yml]")
    if to is not None and to.exists():
        raise DraftError(f"{to}: is there already; give --to another name")
    text = render(draft(paths[0], input_name))
    if to is None:
        typer.echo(text, nl=False)
        return
    to.write_text(text, encoding="utf-8")
    open_lines = sum(TODO in line for line in text.splitlines())
    typer.echo(f"wrote {to}, with {open_lines} lines to settle; then: media land {files[0]} --mapping {to}")


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return parse_instant(text).astimezone(UTC)
    except ValueError as error:
        raise lander.LandingError(f"--arrived-at {text}: give an ISO instant, such as 2026-11-01T06:00:00Z") from error


def exit_code(outcomes: list[lander.Outcome]) -> int:
    """See `output.EXIT_CODES`. A no-op says nothing about quarantine: that was said when it landed."""
    if any(o.status == lander.FAILED for o in outcomes):
        return output.FAILED
    if any(o.status == lander.LANDED and o.manifest and o.manifest.rows_quarantined for o in outcomes):
        return output.QUARANTINED
    return output.OK


def document(outcomes: list[lander.Outcome]) -> dict[str, object]:
    """What --json prints."""
    return {
        "exit_code": exit_code(outcomes),
        "files": [
            {
                "file": str(o.path),
                "status": o.status,
                "message": o.message,
                "batch_id": o.manifest.batch_id if o.manifest else None,
                "input": o.manifest.input if o.manifest else None,
                "arrived_at": o.manifest.arrived_at if o.manifest else None,
                "rows_read": o.manifest.rows_read if o.manifest else 0,
                "rows_accepted": o.manifest.rows_accepted if o.manifest else 0,
                "rows_duplicate": o.manifest.rows_duplicate if o.manifest else 0,
                "rows_quarantined": o.manifest.rows_quarantined if o.manifest else 0,
                "reasons": o.manifest.reasons if o.manifest else {},
            }
            for o in outcomes
        ],
    }


def _print(outcomes: list[lander.Outcome]) -> None:
    rows = [
        (
            o.path.name,
            o.status,
            o.manifest.input if o.manifest else "",
            *((m.rows_read, m.rows_accepted, m.rows_duplicate, m.rows_quarantined) if (m := o.manifest) else (0,) * 4),
        )
        for o in outcomes
    ]
    output.print_table("Landed", ["file", "status", "input", "read", "accepted", "duplicate", "quarantined"], rows)
    for o in outcomes:
        if o.message:
            output.errors.print(o.message, markup=False, highlight=False, soft_wrap=True)
        if o.status == lander.LANDED and o.manifest and o.manifest.reasons:
            why = ", ".join(f"{reason} ({count:,})" for reason, count in o.manifest.reasons.items())
            output.errors.print(
                f"{o.path.name}: {why}; see `media quarantine show {o.manifest.batch_id}`",
                markup=False, highlight=False, soft_wrap=True,
            )  # fmt: skip
