"""Events as gzipped lines of JSON, each with the fields that it has and no others."""

from __future__ import annotations

import zlib
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

GZIP_WINDOW = 31  # of zlib: the largest window, with the header of gzip
LEVEL = 1  # the fastest: heartbeats repeat themselves, so that more effort saves little
ROWS_A_PIECE = 1 << 16


def write_lines(table: pa.Table, last: bytes, path: Path) -> None:
    """Write the rows of the table as gzipped NDJSON, then the lines of `last`. Its texts must need no escapes."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP_WINDOW)
    with path.open("wb") as file, duckdb.connect() as connection:
        for first in range(0, table.num_rows, ROWS_A_PIECE):
            connection.register("piece", table.slice(first, ROWS_A_PIECE))
            for batch in (
                connection.execute(f"select {line_of(table.schema)} as line from piece")
                .to_arrow_table()
                .column(0)
                .chunks
            ):
                file.write(packer.compress(_text_of(batch)))
        file.write(packer.compress(last))
        file.write(packer.flush())


def line_of(schema: pa.Schema) -> str:
    """The SQL of a row as one line of JSON, without the fields that are null. The first column is never null."""
    parts = []
    for place, field in enumerate(schema):
        name = f'{"," if place else "{"}"{field.name}":'
        quote = '"' if _is_text(field.type) else ""
        parts.append(f"""'{name}{quote}' || "{field.name}" || '{quote}'""")
    return f"concat({', '.join(parts)}, '}}\n')"


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_timestamp(kind))


def _text_of(lines: pa.StringArray) -> memoryview:
    """The bytes of all texts of the array, one after the other."""
    _, ends, text = lines.buffers()
    width = np.int64 if pa.types.is_large_string(lines.type) else np.int32
    offsets = np.frombuffer(ends, dtype=width)[lines.offset : lines.offset + len(lines) + 1]
    return memoryview(text)[int(offsets[0]) : int(offsets[-1])]
