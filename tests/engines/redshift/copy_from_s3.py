"""COPY ... FROM 's3://...': what it says, the objects it reads, and their rows as CSV for PostgreSQL's own COPY.

Parquet and JSON 'auto' only, with a role; as strict as Redshift about columns, types and lengths.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError, ClientError

from tests.engines.redshift.wire import SqlError

#: The role that the local cluster may assume, beside `default`.
ROLE = "arn:aws:iam::123456789012:role/media-raw-reader"
STATEMENT = re.compile(
    r"""^\s*(?:/\*.*?\*/\s*)*copy\s+(?P<table>[\w".]+)\s*(?:\((?P<columns>[^)]*)\))?\s*
    from\s+'(?P<address>[^']*)'\s*(?P<options>.*?);?\s*$""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
OPTIONS = re.compile(
    r"""^iam_role\s+(?:(?P<default>default)|'(?P<role>[^']*)')\s+
    format\s+(?:as\s+)?(?:(?P<parquet>parquet)|json\s+(?:as\s+)?'auto')$""",
    re.IGNORECASE | re.VERBOSE,
)
TYPES = {
    "bigint": {"int64"},
    "integer": {"int32", "int16", "int8"},
    "smallint": {"int16", "int8"},
    "boolean": {"bool"},
    "date": {"date32[day]"},
    "double precision": {"double"},
    "timestamp without time zone": {"timestamp[us]", "timestamp[ms]", "timestamp[ns]"},
}


@dataclass(frozen=True)
class Copy:
    """One COPY statement. `columns`: those named, none named is an empty tuple."""

    table: str
    columns: tuple[str, ...]
    bucket: str
    prefix: str
    is_parquet: bool


@dataclass(frozen=True)
class TargetColumn:
    """A column of the table that is filled: its name and its type as PostgreSQL writes it."""

    name: str
    type: str

    @property
    def longest(self) -> int | None:
        """Bytes that a text column takes; none for other types."""
        found = re.fullmatch(r"character varying\((\d+)\)", self.type)
        return int(found.group(1)) if found else None


def parse(sql: str) -> Copy | None:
    """The statement, or none if it is no COPY from S3. Raises SqlError for a form that is not known here."""
    found = STATEMENT.match(sql)
    if not found or "s3://" not in found["address"]:
        return None
    options = OPTIONS.match(" ".join(found["options"].split()))
    if not options:
        raise SqlError(f"the local engine knows COPY with IAM_ROLE and FORMAT PARQUET or JSON 'auto', not: {sql}")
    if not options["default"] and options["role"] != ROLE:
        raise SqlError(f"User arn:aws:redshift:local is not authorized to assume IAM Role {options['role']}")
    bucket, _, prefix = found["address"].removeprefix("s3://").partition("/")
    columns = tuple(name.strip().strip('"') for name in (found["columns"] or "").split(",") if name.strip())
    return Copy(found["table"], columns, bucket, prefix, options["parquet"] is not None)


def rows(copy: Copy, target: list[TargetColumn]) -> Iterator[bytes]:
    """The rows of every object under the prefix as CSV without a header, an unquoted nothing for null.

    Raises SqlError with the real engine's message: no bucket, no object, columns, types or lengths that do not fit.
    """
    for name, content in _objects(copy):
        if copy.is_parquet:
            yield _parquet_as_csv(name, content, target)
        else:
            yield _json_as_csv(name, content, target)


def _objects(copy: Copy) -> Iterator[tuple[str, bytes]]:
    """Name and content of each object under the prefix: the prefix is a beginning of names, not a folder."""
    client = boto3.client("s3")
    try:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=copy.bucket, Prefix=copy.prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        if not keys:
            raise SqlError(f"The specified S3 prefix '{copy.prefix}' does not exist")
        for key in keys:
            yield f"s3://{copy.bucket}/{key}", client.get_object(Bucket=copy.bucket, Key=key)["Body"].read()
    except ClientError as error:
        problem, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        raise SqlError(f"S3ServiceException:{problem['Message']},Status {status},Error {problem['Code']}") from error
    except BotoCoreError as error:
        raise SqlError(f"S3ServiceException:{error}") from error


def _parquet_as_csv(name: str, content: bytes, target: list[TargetColumn]) -> bytes:
    """Columns count by place, as in Redshift: their number and types must be those of the table."""
    try:
        table = pq.read_table(io.BytesIO(content))
    except pa.ArrowInvalid as error:
        raise SqlError(f"Spectrum Scan Error. File '{name}' is not a Parquet file: {error}") from error
    if table.num_columns != len(target):
        raise SqlError(
            "Spectrum Scan Error. Unmatched number of columns between table and file. "
            f"Table columns: {len(target)}, Data columns: {table.num_columns}, File name: {name}"
        )
    for field, column in zip(table.schema, target, strict=True):
        if not _fits(field.type, column):
            raise SqlError(
                f"Spectrum Scan Error. File '{name}' has an incompatible Parquet schema for column "
                f"'{column.name}'. Column type: {column.type.upper()}, Parquet schema: {field.name} {field.type}"
            )
        if column.longest is not None:
            _refuse_longer(_longest(table[field.name]), name, column)
    return _csv(table)


def _fits(kind: pa.DataType, column: TargetColumn) -> bool:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return column.longest is not None
    if pa.types.is_decimal(kind):
        return column.type == f"numeric({kind.precision},{kind.scale})"
    return str(kind) in TYPES.get(column.type, set())


def _refuse_longer(length: int, name: str, column: TargetColumn) -> None:
    if column.longest is not None and length > column.longest:
        raise SqlError(
            f"The length of the data column {column.name} is longer than the length defined in the table. "
            f"Table: {column.longest}, Data: {length}, File name: {name}"
        )


def _json_as_csv(name: str, content: bytes, target: list[TargetColumn]) -> bytes:
    """Objects one after another; a key without a column is left out, a column without a key is null."""
    records = list(_json_objects(name, content))
    table = pa.table({
        column.name: pa.array([_json_value(record.get(column.name), column) for record in records], pa.string())
        for column in target
    })  # fmt: skip
    for column in target:
        _refuse_longer(_longest(table[column.name]), name, column)
    return _csv(table)


def _longest(texts: pa.ChunkedArray) -> int:
    """Bytes of the longest text."""
    return int(pc.max(pc.binary_length(texts)).as_py() or 0)


def _csv(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pyarrow.csv.write_csv(table, out, pyarrow.csv.WriteOptions(include_header=False))
    return out.getvalue()


def _json_objects(name: str, content: bytes) -> Iterator[dict[str, Any]]:
    text, decoder = content.decode().strip(), json.JSONDecoder()
    while text:
        try:
            record, end = decoder.raw_decode(text)
        except ValueError as error:
            raise SqlError(f"Invalid JSON in {name}: {error}. Check 'sys_load_error_detail' for details") from error
        yield record
        text = text[end:].lstrip()


def _json_value(value: Any, column: TargetColumn) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        if column.type != "jsonb":
            raise SqlError(f"the column {column.name} is no SUPER, so it takes no array or object of JSON")
        return json.dumps(value)
    return str(value)
