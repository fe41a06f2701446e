"""`media catalog`: the lake's catalogue for other engines."""

from __future__ import annotations

from typing import Annotated

import typer

from ingestion.commands import output
from ingestion.lake import connection


def catalog(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on loopback; 0 takes a free one.")] = 8181,
) -> None:
    """Serve the lake's Iceberg catalogue on loopback, by the REST protocol, until it is interrupted.

    Spark, Trino, pyiceberg and DuckDB read and write the tables through it. They need the token that is printed;
    MEDIA_LAKE_TOKEN sets one. dbt does not need this command: it starts a catalogue of its own on the same file.

    Example:

        media catalog --port 8181
    """
    with output.reported() as settings:
        server = connection.serve(settings, port, settings.lake_token)
    typer.echo(f"catalogue: {server.endpoint}")
    if not settings.lake_token:
        typer.echo(f"token: {server.token}")
    try:
        server.wait()
    except KeyboardInterrupt:
        server.close()
