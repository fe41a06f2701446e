"""The local Redshift against what Redshift documents: values, refusals, COPY, texts, translated statements."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redshift_connector

from tests.engines import aws, redshift
from tests.engines.base import stopped_at_end
from tests.engines.redshift import copy_from_s3, postgres
from tests.engines.redshift.rewrite import NOTHING, rewrite

DAY = datetime.date(2026, 1, 5)
#: Statements with the value that Redshift's documentation gives for them, or for the like.
VALUES: dict[str, Any] = {
    "select datediff(qtr, '1998-07-01', '2008-12-31')": 41,
    "select datediff(week, '2009-01-01', '2009-12-31')": 52,
    "select datediff(day, timestamp '2026-01-01 23:59:59', timestamp '2026-01-02 00:00:00')": 1,
    "select datediff(microsecond, timestamp '1970-01-01', timestamp '2026-01-05 00:00:00.000001')": 1767571200000001,
    "select dateadd(month, 1, date '2026-01-31')": datetime.datetime(2026, 2, 28),  # noqa: DTZ001
    "select dateadd(ms, 1500, timestamp '2026-01-05')": datetime.datetime(2026, 1, 5, 0, 0, 1, 500000),  # noqa: DTZ001
    "select date_trunc('month', date '2026-01-05')": datetime.datetime(2026, 1, 1),  # noqa: DTZ001
    "select last_day(date '2026-02-05')": datetime.date(2026, 2, 28),
    "select convert_timezone('UTC', 'Asia/Kolkata', timestamp '2026-01-05 20:00:00')": datetime.datetime(  # noqa: DTZ001
        2026, 1, 6, 1, 30
    ),
    "select listagg(distinct a, ';') within group (order by a) from (select 'y' as a union all select 'x') as t": "x;y",
    "select nvl(null, 'x')": "x",
    "select len('médiä')": 5,
    "select charindex('d', 'media')": 3,
    "select split_part('a;b;c', ';', 2)": "b",
    "select cast(7 as integer) / 2": 3,
    "select cast(2.5 as decimal(18, 4)) * 3": Decimal("7.5000"),
    "select json_serialize(json_parse('[1, 2]'))": "[1, 2]",
    "select sum(cast(a as bigint)) over (order by a rows unbounded preceding) from (select 4 as a) as t": 4,
    "select extract(quarter from date '2026-05-01')": 2,
    "select md5('Amazon Redshift')": "f7415e33f972c03abd4f3fed36748f7a",
    "show server_version": None,
}
#: What PostgreSQL would accept and Redshift does not, with the words of the error.
REFUSED = {
    "select count(*) filter (where true) from (select 1 as a) as t": "FILTER",
    "select distinct on (a) a from (select 1 as a) as t": "DISTINCT ON",
    "select string_agg('a', ';')": "string_agg",
    "select array_agg(1)": "array_agg",
    "select array[1, 2]": "ARRAY",
    "select cast('{}' as jsonb)": "jsonb",
    "insert into t values (1) on conflict do nothing": "ON CONFLICT",
    "select * from t, lateral (select 1) as u": "LATERAL",
    "select n from generate_series(1, 3) as n": "generate_series",
    "select 1 is not distinct from 1": "DISTINCT FROM",
    "select a from (values (1)) as v (a)": "VALUES",
    "select sum(a) over (order by a) from (select 1 as a) as t": "frame clause",
    "select a from (select 1 as a)": "alias",
    "delete from t where a = 1 returning a": "RETURNING",
    "create index i on t (a)": "INDEX",
    "create table t (a integer[])": "array",
    "alter table t add column if not exists b integer": "IF NOT EXISTS",
    "alter table t add column b integer, add column c integer": "more than one ADD COLUMN",
    "merge into t using s on t.a = s.a when matched and s.b then delete": "WHEN MATCHED",
    "merge into t as x using s on x.a = s.a when matched then delete when not matched then insert values (1)": "alias",
    "select now()": "now",
}
#: What is left of a statement for PostgreSQL.
REWRITTEN = {
    "create table t (a text, b varchar(max), c super) diststyle key distkey (a) compound sortkey (a, b)": (
        "create table t (a varchar(256), b varchar(65535), c jsonb)"
    ),
    "create view v as select 1 as a with no schema binding": "create view v as select 1 as a",
    "select 'sortkey (a) text', cast(a as text) from t": "select 'sortkey (a) text', cast(a as varchar(256)) from t",
    "select cast(a as varchar) from t": "select cast(a as varchar) from t",
    "create table t (text integer, uuid integer)": "create table t (text integer, uuid integer)",
    "create table t as (select a as text, uuid from s)": "create table t as (select a as text, uuid from s)",
    "insert into t values ($1, $2)": "insert into t values ($1, $2)",
    "analyze t": NOTHING,
    "vacuum": NOTHING,
}
ROLE = f"iam_role '{copy_from_s3.ROLE}'"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """S3 and Redshift, and the variables that lead there."""
    folder = tmp_path_factory.mktemp("redshift")
    with (
        stopped_at_end(aws.start(folder / "aws")) as s3,
        stopped_at_end(redshift.start(folder, s3.environment)) as engine,
    ):
        yield s3.environment | engine.environment


@pytest.fixture
def cursor(environment: dict[str, str]) -> Iterator[redshift_connector.Cursor]:
    """A cursor in a transaction that is rolled back."""
    connection = connect(environment)
    yield connection.cursor()
    connection.rollback()
    connection.close()


def connect(environment: dict[str, str], **other: Any) -> redshift_connector.Connection:
    given = {
        "host": environment["REDSHIFT_HOST"], "port": int(environment["REDSHIFT_PORT"]), "ssl": False,
        "user": environment["REDSHIFT_USER"], "password": environment["REDSHIFT_PASSWORD"],
        "database": environment["REDSHIFT_DATABASE"],
    }  # fmt: skip
    return redshift_connector.connect(**(given | other))


def put(environment: dict[str, str], key: str, content: bytes | pa.Table) -> None:
    """Put an object, a table as Parquet."""
    if isinstance(content, pa.Table):
        sink = pa.BufferOutputStream()
        pq.write_table(content, sink)
        content = sink.getvalue().to_pybytes()
    with mock.patch.dict(os.environ, environment):
        boto3.client("s3").put_object(Bucket=aws.BUCKET, Key=key, Body=content)


@pytest.mark.parametrize("sql", VALUES)
def test_statements_have_the_documented_value(cursor: redshift_connector.Cursor, sql: str) -> None:
    cursor.execute(sql)
    value = cursor.fetchone()[0]
    assert value == VALUES[sql] or (sql == "show server_version" and value)


@pytest.mark.parametrize("sql", REFUSED)
def test_what_redshift_lacks_is_refused(cursor: redshift_connector.Cursor, sql: str) -> None:
    with pytest.raises(redshift_connector.Error, match=f"Redshift does not support .*{REFUSED[sql]}"):
        cursor.execute(sql)


@pytest.mark.parametrize("sql", REWRITTEN)
def test_only_what_differs_is_rewritten(sql: str) -> None:
    assert rewrite(sql).strip() == REWRITTEN[sql]


def test_a_text_without_a_length_holds_256_bytes(cursor: redshift_connector.Cursor) -> None:
    cursor.execute("create temp table t (a text, b varchar)")
    cursor.execute("select len(cast(repeat('x', 300) as text)), len(cast(repeat('x', 300) as varchar))")
    assert list(cursor.fetchone()) == [256, 300]
    with pytest.raises(redshift_connector.Error, match="too long for type character varying\\(256\\)"):
        cursor.execute("insert into t values ('', repeat('x', 257))")


def test_a_wrong_password_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(redshift_connector.Error, match="password authentication failed"):
        connect(environment, password="wrong")


def test_parquet_is_copied_in_the_transaction(environment: dict[str, str], cursor: redshift_connector.Cursor) -> None:
    rows = {
        "id": [1, 2], "name": ["", None], "amount": [Decimal("1.50"), None], "day": [DAY, None],
        "is_live": [True, None],
        "at": pa.array([datetime.datetime(2026, 1, 5, 1, 2, 3, 4), None], pa.timestamp("us")),  # noqa: DTZ001
    }  # fmt: skip
    put(environment, "copied/a.parquet", pa.table(rows))
    put(environment, "copied/b.parquet", pa.table(rows).slice(0, 0))
    types = "id bigint, name varchar(10), amount decimal(3, 2), day date, is_live boolean, at timestamp"
    cursor.execute(f"create table copied ({types})")
    cursor.execute(f"copy copied from 's3://{aws.BUCKET}/copied/' iam_role default format as parquet")
    cursor.execute("select * from copied order by id")
    first, second = cursor.fetchall()
    assert list(first) == [1, "", Decimal("1.50"), DAY, True, datetime.datetime(2026, 1, 5, 1, 2, 3, 4)]  # noqa: DTZ001
    assert list(second) == [2, None, None, None, None, None]
    cursor.execute("rollback")
    cursor.execute("select to_regclass('copied')")
    assert cursor.fetchone()[0] is None


def test_json_is_copied_by_name(environment: dict[str, str], cursor: redshift_connector.Cursor) -> None:
    lines = [{"id": 1, "files": ["a", "b"], "other": {}}, {"files": [], "gone": True, "name": 'q"ü'}]
    put(environment, "json/a.json", "\n".join(map(json.dumps, lines)).encode())
    cursor.execute("create temp table j (id bigint, name varchar(9), files super, gone boolean)")
    cursor.execute(f"copy j from 's3://{aws.BUCKET}/json/' {ROLE} format json 'auto'")
    cursor.execute("select id, name, json_serialize(files), gone from j order by id")
    assert [list(row) for row in cursor.fetchall()] == [[1, None, '["a", "b"]', None], [None, 'q"ü', "[]", True]]


FIT = pa.table({"a": pa.array([1], pa.int64()), "b": ["äöü"]})


@pytest.mark.parametrize(
    ("columns", "content", "source", "error"),
    [
        ("a bigint", FIT, f"'s3://{aws.BUCKET}/bad/' {ROLE} format parquet", "Unmatched number of columns"),
        ("a integer, b varchar(9)", FIT, f"'s3://{aws.BUCKET}/bad/' {ROLE} format parquet", "incompatible Parquet"),
        ("b bigint, a varchar(9)", FIT, f"'s3://{aws.BUCKET}/bad/' {ROLE} format parquet", None),
        ("a bigint, b varchar(5)", FIT, f"'s3://{aws.BUCKET}/bad/' {ROLE} format parquet", "Table: 5, Data: 6"),
        ("a bigint, b varchar(9)", b"half a fi", f"'s3://{aws.BUCKET}/bad/' {ROLE} format parquet", "not a Parquet"),
        ("a bigint", b'{"a": ', f"'s3://{aws.BUCKET}/bad/' {ROLE} format json 'auto'", "Invalid JSON"),
        ("a varchar(9)", b'{"a": [1]}', f"'s3://{aws.BUCKET}/bad/' {ROLE} format json 'auto'", "no SUPER"),
        ("a bigint", FIT, f"'s3://nobody/bad/' {ROLE} format parquet", "NoSuchBucket"),
        ("a bigint", FIT, f"'s3://{aws.BUCKET}/none/' {ROLE} format parquet", "prefix 'none/' does not exist"),
        ("a bigint", FIT, f"'s3://{aws.BUCKET}/bad/' iam_role 'arn:x' format parquet", "not authorized to assume"),
        ("a bigint", FIT, f"'s3://{aws.BUCKET}/bad/' {ROLE} format parquet gzip", "local engine knows COPY with"),
    ],
)
def test_copy_is_as_strict_as_redshift(
    environment: dict[str, str],
    cursor: redshift_connector.Cursor,
    columns: str,
    content: bytes | pa.Table,
    source: str,
    error: str | None,
) -> None:
    """Columns go by place, whatever they are called; an error leaves the transaction to be rolled back."""
    put(environment, "bad/a", content)
    cursor.execute(f"create temp table t ({columns})")
    if error is None:
        cursor.execute(f"copy t from {source}")
        return
    with pytest.raises(redshift_connector.Error, match=error):
        cursor.execute(f"copy t from {source}")
    with pytest.raises(redshift_connector.Error, match="transaction is aborted"):
        cursor.execute("select 1")


def test_the_engine_leaves_nothing_behind(tmp_path: Path) -> None:
    with stopped_at_end(redshift.start(tmp_path, {})) as engine:
        assert engine.environment["REDSHIFT_USER"] == postgres.USER
    assert [server.process.poll() is None for server in engine.servers] == [False, False]
