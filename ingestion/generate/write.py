"""Writing a delivery as CSV, NDJSON or Parquet; player events, which have no columns in common, never as CSV."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet

from ingestion.generate.deliveries import Delivery
from ingestion.generate.packed import write_lines
from ingestion.generate.plan import PLAYER_INPUT

FORMATS = ("csv", "ndjson", "parquet")
# Inputs whose texts hold no comma and no quote: written bare, as the originals are.
PACKED = "ndjson.gz"
PLAIN = frozenset({"viewership_logs", "streams", "demographics", "ad_revenue", "channel_metadata"})


def write_delivery(delivery: Delivery, folder: Path, file_format: str) -> Path:
    """Write one file into `folder`/<input>/ and return its path. It appears by rename, never half written."""
    is_packed = delivery.input == PLAYER_INPUT and file_format != "parquet"
    ending = PACKED if is_packed else file_format
    target = folder / delivery.input / f"{delivery.name}.{ending}"
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    if file_format == "parquet":
        _write_parquet(delivery, partial)
    elif is_packed:
        _write_packed(delivery, partial)
    else:
        table = as_text(delivery)
        with partial.open("wb") as file:
            if file_format == "csv":
                _write_csv(table, delivery, file)
        if file_format == "ndjson":
            _write_ndjson(table, delivery, partial)
    partial.replace(target)
    return target


def as_text(delivery: Delivery) -> pa.Table:
    """The table with the spellings of the original text files: True and False, dates in the form of the file."""
    table = delivery.table
    for place, column in enumerate(table.schema):
        if pa.types.is_boolean(column.type):
            table = table.set_column(place, column.name, pc.if_else(table.column(place), "True", "False"))
        elif column.name == "date":
            table = table.set_column(
                place, column.name, pc.strftime(table.column(place), format=date_form(delivery.day))
            )
    return table


def date_form(day: int) -> str:
    """ad_revenue comes in two date forms in practice: yyyy-MM-dd in files of even days, dd-MM-yyyy of odd ones."""
    return "%d-%m-%Y" if day % 2 else "%Y-%m-%d"


def _text(value: Any) -> Any:
    """One value of a bad row as the text files spell it; numbers and None stay."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    return value


def _bad_values(delivery: Delivery) -> list[tuple[dict[str, Any], bool]]:
    """The values of each bad row by column, and whether its line is to be malformed."""
    rows = []
    for bad in delivery.bad:
        row = {column: _text(value) for column, value in bad.values.items()}
        if isinstance(bad.values.get("date"), date):
            row["date"] = bad.values["date"].strftime(date_form(delivery.day))
        rows.append((row, bad.is_malformed))
    return rows


def _write_csv(table: pa.Table, delivery: Delivery, file: io.BufferedWriter) -> None:
    # Arrow would quote every name of the header; the originals do not.
    file.write((",".join(table.column_names) + "\n").encode())
    options = arrow_csv.WriteOptions(
        include_header=False, quoting_style="none" if delivery.input in PLAIN else "needed"
    )
    for batch in table.to_batches():
        # Arrow 26 writes the previous buffer's bytes for an empty batch when it writes no header.
        if batch.num_rows:
            arrow_csv.write_csv(batch, file, options)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row, is_malformed in _bad_values(delivery):
        writer.writerow([*row.values(), *(["surplus"] if is_malformed else [])])
    file.write(text.getvalue().encode())


def _write_ndjson(table: pa.Table, delivery: Delivery, path: Path) -> None:
    with duckdb.connect() as connection:
        connection.register("delivery", table)
        quoted = str(path).replace("'", "''")
        connection.execute(f"COPY delivery TO '{quoted}' (FORMAT json)")
    with path.open("ab") as file:
        file.write(_bad_lines(delivery))


def _write_packed(delivery: Delivery, path: Path) -> None:
    write_lines(delivery.table, _bad_lines(delivery), path)


def _bad_lines(delivery: Delivery) -> bytes:
    """The bad rows as JSON, one a line."""
    lines = []
    for row, is_malformed in _bad_values(delivery):
        line = json.dumps(row, ensure_ascii=False, default=str)
        lines.append((line[:-1] if is_malformed else line) + "\n")
    return "".join(lines).encode()


def _write_parquet(delivery: Delivery, path: Path) -> None:
    table = delivery.table
    if delivery.bad:
        rows = [{column: bad.values[column] for column in table.column_names} for bad in delivery.bad]
        table = pa.concat_tables([table, pa.Table.from_pylist(rows, schema=table.schema)])
    parquet.write_table(table, path, compression="zstd", compression_level=1)
