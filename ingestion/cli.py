"""The command line `media`: what dbt does not do."""

from __future__ import annotations

import sys

import typer

from ingestion.commands import catalog, doctor, land, maintain, produce, quarantine, status, stream, withdraw
from ingestion.commands.output import EXIT_CODES

app = typer.Typer(
    name="media",
    help="Bring files into the raw zone, look at what was refused, and generate data to try things on.\n\n"
    + EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("land")(land.land)
app.command("status")(status.status)
app.command("withdraw")(withdraw.withdraw)
app.command("produce")(produce.produce)
app.command("maintain")(maintain.maintain)
app.command("doctor")(doctor.doctor)
app.command("catalog")(catalog.catalog)
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(stream.app, name="stream")


def _add_generate() -> None:
    """The generator is a part of its own; without it the other commands work all the same."""
    try:
        from ingestion.generate.command import generate
    except ModuleNotFoundError as error:
        if error.name not in ("ingestion.generate", "ingestion.generate.command"):
            raise

        @app.command("generate")
        def missing() -> None:
            """Write test data (not part of this installation)."""
            typer.echo("media generate: ingestion/generate/ is not part of this installation", err=True)
            raise typer.Exit(1)
    else:
        app.command("generate")(generate)


_add_generate()


class _NoPandas:
    """pyarrow imports pandas where it is installed. Only Spark uses it, and it costs every start a second."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:  # noqa: ARG002
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is not used by this process", name=fullname)


def main() -> None:
    """Run the command line as a process of its own."""
    if sys.argv[1:2] != ["stream"]:
        sys.meta_path.insert(0, _NoPandas())
    app()


if __name__ == "__main__":
    main()
