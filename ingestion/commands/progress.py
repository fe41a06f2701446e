"""A progress bar for landings, on stderr, only where somebody looks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ingestion.commands.output import errors
from ingestion.lander import land as lander

#: Below this size a file is landed before a bar could be read.
WORTH_SHOWING_BYTES = 32 << 20


@contextmanager
def shown(quiet: bool) -> Iterator[lander.Progress]:
    """The callbacks of a landing, drawn as one bar for each long file."""

    def waiting() -> None:
        errors.print("waiting for another landing in this raw zone to end", highlight=False)

    if quiet or not errors.is_terminal:
        yield lander.Progress(waiting=waiting)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as bar:
        current: list[TaskID] = []

        def start(path: Path, size: int) -> None:
            for task in current:
                bar.remove_task(task)
            current[:] = [bar.add_task(path.name, total=size)] if size >= WORTH_SHOWING_BYTES else []

        def advance(count: int) -> None:
            if current:
                bar.advance(current[0], count)

        yield lander.Progress(start, advance, waiting)
