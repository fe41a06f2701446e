"""Stages over S3; patches like those in `patches.py`."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlparse

import sqlglot
from fakesnow import copy_into
from fakesnow.transforms import stage
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

from tests.engines.snowflake.patches import around


def file_system() -> Any:
    """The S3 of the environment, without a cache: files come while the server runs."""
    import s3fs

    return s3fs.S3FileSystem(
        endpoint_url=os.environ["AWS_ENDPOINT_URL"], use_listings_cache=False, skip_instance_cache=True
    )


def stages_lie_on_s3() -> None:
    """DuckDB reads S3 by an extension that it would download; any file system of fsspec does as well."""
    from fakesnow.instance import FakeSnow

    original = FakeSnow.__init__

    def start(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.duck_conn.register_filesystem(file_system())

    FakeSnow.__init__ = start


def external_stages_are_listed() -> None:
    """fakesnow lists internal stages only, and no folder of them."""

    def transform(original: Any, cursor: Any, statement: exp.Expression, params: Any) -> Any:
        if not isinstance(statement, exp.ListStage):
            return original(cursor, statement, params)
        name, _, folder = statement.this.name.removeprefix("@").partition("/")
        return sqlglot.parse_one(listing(f"{stage_url(cursor, name).rstrip('/')}/{folder}"), read="duckdb")

    around("_transform", transform)


def stage_url(cursor: Any, name: str) -> str:
    """Address of a stage; Snowflake's error if there is none."""
    parts = stage.parts_from_var(name, cursor._conn.database, cursor._conn.schema)
    cursor._duck_conn.execute(
        "select url from _fs_global._fs_information_schema._fs_stages"
        " where database_name = ? and schema_name = ? and name = ?",
        parts,
    )
    found = cursor._duck_conn.fetchone()
    if not found:
        raise stage.not_found_error(".".join(parts))
    return str(found[0])


def listing(url: str) -> str:
    """The SELECT that answers LIST: name with the whole address, size, md5, last_modified.

    Raises:
        ProgrammingError: there is no such bucket.
    """
    s3 = file_system()
    bucket = urlparse(url).netloc
    if not s3.exists(bucket):
        cause = "The specified bucket does not exist (Status Code: 404; Error Code: NoSuchBucket)"
        raise ProgrammingError(msg=f"Failure using stage area. Cause: [{cause}]", errno=91003, sqlstate="22000")
    files = s3.find(url, detail=True)
    rows = [f"('s3://{name}', {info['size']}, '{info['ETag'][1:-1]}', '')" for name, info in files.items()]
    values = ", ".join([*rows, "(null, null, null, null)"])
    return f"select * from (values {values}) as t (name, size, md5, last_modified) where name is not null"


def json_is_copied_by_path() -> None:
    """In COPY's own SELECT over JSON, `$1` is the whole document; fakesnow knows it for Parquet and CSV."""
    original = copy_into._inserts

    def inserts(expr: Any, params: Any, urls: list[str], parquet_info: Any = None) -> list[Any]:
        source = expr.args["files"][0]
        if isinstance(source, exp.Subquery) and isinstance(params.file_format, copy_into.ReadJSON):
            for parameter in source.find_all(exp.Parameter):
                parameter.replace(exp.column("json"))
        return original(expr, params, urls, parquet_info)

    copy_into._inserts = inserts
