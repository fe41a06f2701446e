"""Pages that the driver has read from Kinesis to find a batch's end, kept for the tasks that run on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa

from streaming.kinesis import Position

SUFFIX = ".arrow"


class Spool:
    """A folder with a file for each shard and batch, named by the records that it holds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, shard: str, start: Position, end: Position) -> Path:
        """The file of the records behind `start` up to `end`."""
        return self._folder / f"{shard}.{start.count}.{end.count}.{end.after}{SUFFIX}"

    def forget(self, ends: dict[str, Position]) -> None:
        """Delete what is committed."""
        for path in self._folder.glob(f"*{SUFFIX}"):
            shard, _, count, _, _ = path.name.rsplit(".", 4)
            if shard not in ends or int(count) <= ends[shard].count:
                path.unlink(missing_ok=True)


class Writer:
    """Writes batches of one shard; the file appears under its name only by `keep`."""

    def __init__(self, folder: Path, shard: str) -> None:
        self._partial = folder / f".{shard}.partial"
        self._writer: Any = None

    def __enter__(self) -> Writer:
        return self

    def write(self, batch: pa.RecordBatch) -> None:
        """Add a batch."""
        if self._writer is None:
            self._writer = pa.ipc.new_file(str(self._partial), batch.schema)
        self._writer.write_batch(batch)

    def keep(self, path: Path) -> None:
        """Close the file and give it its name; nothing was written: no file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            self._partial.replace(path)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._writer is not None:
            self._writer.close()
            self._partial.unlink(missing_ok=True)


def batches(path: Path) -> Iterator[pa.RecordBatch]:
    """The batches of a file."""
    with pa.memory_map(str(path)) as file:
        reader = pa.ipc.open_file(file)
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)
