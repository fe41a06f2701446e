"""Trino 476 behind an Athena API: it says what Athena's documentation says, and refuses what Athena refuses."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engines import aws
from tests.engines.athena.client import Client, QueryError
from tests.engines.athena.local import running

pytestmark = pytest.mark.slow

PROJECTED = """
    partitioned by (arrival_date date) stored as parquet location '{folder}'
    tblproperties (
        'projection.enabled' = 'true', 'projection.arrival_date.type' = 'date',
        'projection.arrival_date.format' = 'yyyy-MM-dd', 'projection.arrival_date.range' = '2026-01-01,2026-12-31',
        'projection.arrival_date.interval' = '1', 'projection.arrival_date.interval.unit' = 'DAYS',
        'storage.location.template' = '{folder}arrival_date=${{arrival_date}}/'
    )
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(tmp_path_factory.mktemp("engines")) as environment:
        client = Client(environment, "conformance")
        client.rows("create schema if not exists conformance")
        yield client


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("cast(1 as decimal(18, 4)) / 3", "0.3333"),
        ("cast(2 as decimal(28, 6)) / 3", "0.666667"),
        ("cast(round(to_unixtime(timestamp '2026-01-01 00:00:00.123456') * 1000000) as bigint)", "1767225600123456"),
        ("date_add('millisecond', 1500, timestamp '2026-01-01 00:00:00.000000')", "2026-01-01 00:00:01.500000"),
        ("cast(from_unixtime_nanos(1767225600123456 * 1000) at time zone 'UTC' as timestamp(6))",
         "2026-01-01 00:00:00.123456"),
        ("cast(at_timezone(with_timezone(timestamp '2026-03-29 01:30:00', 'UTC'), 'Europe/Berlin') as timestamp(6))",
         "2026-03-29 03:30:00.000000"),
        ("lower(to_hex(md5(to_utf8('a'))))", "0cc175b9c0f1b6a831c399e269772661"),
        ("try_cast('2026-01-01T00:00:00' as timestamp)", None),
        ("cast(null as varchar)", None),
        ("1 = 1", "true"),
        ("array[1, null]", "[1, null]"),
        ("map(array['a'], array[1.5e0])", "{a=1.5}"),
        ("cast(row(1, 'x') as row(a integer, b varchar))", "{a=1, b=x}"),
        ("to_utf8('Az')", "41 7a"),
        ("date '2026-01-31' + interval '1' month", "2026-02-28"),
        ("element_at(array[1], 2)", None),
        ("date_diff('day', date '2026-02-28', date '2026-03-01')", "1"),
    ],
)  # fmt: skip
def test_an_expression_has_the_documented_value(client: Client, expression: str, text: str | None) -> None:
    assert client.rows(f"select {expression} as value") == [[text]]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("create or replace table t as select 1 as a", "NOT_SUPPORTED: Queries of this type are not supported"),
        ("truncate table t", "NOT_SUPPORTED: Queries of this type are not supported"),
        ("call system.flush_metadata_cache()", "NOT_SUPPORTED: Queries of this type are not supported"),
        ("select a from (values 1) as t (a) qualify row_number() over () = 1", "SYNTAX_ERROR: .*mismatched input"),
        ("select 1 as a; select 2 as a", "SYNTAX_ERROR: .*mismatched input ';'"),
        ("select * from nowhere", "TABLE_NOT_FOUND"),
        ("create table bad with (table_type = 'iceberg', is_external = false, location = 's3://media-lake/bad/') as"
         " select timestamp '2026-01-01 00:00:00.000' as a", r"Timestamp precision \(3\) not supported for Iceberg"),
        ("create table bad with (table_type = 'hive', external_location = 's3://media-lake/bad_hive/') as"
         " select cast(timestamp '2026-01-01 00:00:00' as timestamp(6)) as a", "Incorrect timestamp precision"),
    ],
)  # fmt: skip
def test_what_athena_refuses_is_refused(client: Client, statement: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        client.rows(statement)


def test_a_statement_may_have_262144_bytes_and_no_more(client: Client) -> None:
    spaces = " " * (262_144 - len("select 1 as a"))
    assert client.rows(f"select{spaces} 1 as a") == [["1"]]
    with pytest.raises(Exception, match="less than or equal to 262144"):
        client.rows(f"select{spaces}  1 as a")


def test_long_results_come_in_pages(client: Client) -> None:
    rows = client.rows(
        "select a * 1000 + b as n from unnest(sequence(0, 2)) as x (a), unnest(sequence(0, 999)) as y (b)"
    )
    assert sorted(int(row[0] or 0) for row in rows) == list(range(3000))


def test_rows_of_a_hive_table_cannot_be_deleted(client: Client) -> None:
    client.rows(
        "create table hive_rows with (table_type = 'hive', external_location = 's3://media-lake/hive_rows/',"
        " format = 'parquet') as select 1 as a"
    )
    with pytest.raises(QueryError, match="Modifying Hive table rows is only supported for transactional tables"):
        client.rows("delete from hive_rows where a = 1")
    client.rows("drop table hive_rows")


def test_one_write_opens_at_most_100_partitions(client: Client) -> None:
    dates = "select date_add('month', n, date '2000-01-15') as event_date from unnest(sequence(1, {count})) as x (n)"
    create = (
        "create table {name} with (table_type = 'iceberg', is_external = false, location = 's3://media-lake/{name}/',"
        " partitioning = array['month(event_date)']) as " + dates
    )
    client.rows(create.format(name="months_100", count=100))
    assert client.rows("select count(*) from months_100") == [["100"]]
    with pytest.raises(QueryError, match="ICEBERG_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers"):
        client.rows(create.format(name="months_101", count=101))


def test_merge_deletes_and_inserts_in_one_commit(client: Client) -> None:
    client.rows(
        "create table merged with (table_type = 'iceberg', is_external = false, location = 's3://media-lake/merged/')"
        " as select * from (values (1, 'old'), (2, 'kept')) as t (a, b)"
    )
    client.rows(
        "merge into merged as t using (values (1, 'new', 0), (1, null, 1)) as s (a, b, gone)"
        " on s.gone = 1 and t.a = s.a when matched then delete"
        " when not matched and s.gone = 0 then insert (a, b) values (s.a, s.b)"
    )
    assert client.rows("select a, b from merged order by a") == [["1", "new"], ["2", "kept"]]


def test_a_view_has_its_columns_in_glue(client: Client) -> None:
    client.rows(
        "create or replace view columns_of_a_view as select 1 as a, cast(1 as decimal(18, 4)) as b, 'x' as c,"
        " cast(timestamp '2026-01-01 00:00:00' as timestamp(6)) as d, array['x'] as e"
    )
    table = client.glue.get_table(DatabaseName="conformance", Name="columns_of_a_view")["Table"]
    found = [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
    assert found == [
        ("a", "int"), ("b", "decimal(18,4)"), ("c", "varchar(1)"), ("d", "timestamp"), ("e", "array<varchar(1)>"),
    ]  # fmt: skip


def put_parquet(client: Client, key: str, table: pa.Table) -> None:
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    client.s3.put_object(Bucket=aws.BUCKET, Key=key, Body=buffer.getvalue())


def test_a_parquet_timestamp_is_read_to_the_millisecond_or_whole_as_bigint(client: Client) -> None:
    instant = datetime(2026, 3, 1, 1, 2, 3, 456789)  # noqa: DTZ001 - a timestamp without zone
    for day in ("2026-03-01", "2026-03-02"):
        put_parquet(
            client, f"projected/arrival_date={day}/0.parquet", pa.table({"a": pa.array([instant], pa.timestamp("us"))})
        )
    projected = PROJECTED.format(folder=f"s3://{aws.BUCKET}/projected/")
    client.rows(f"create external table as_timestamp (a timestamp, later decimal(18,4)) {projected}")
    client.rows(f"create external table as_bigint (a bigint) {projected}")
    where = "where arrival_date = date '2026-03-02'"
    assert client.rows(f"select a, later from as_timestamp {where}") == [["2026-03-01 01:02:03.457", None]]
    assert client.rows(f'select a, "$path" from as_bigint {where}') == [
        ["1772326923456789", f"s3://{aws.BUCKET}/projected/arrival_date=2026-03-02/0.parquet"]
    ]
    client.rows("drop table as_bigint")
    assert client.rows("select count(*) from as_timestamp") == [["2"]], "dropping an external table keeps its files"


def test_two_commits_from_one_version_are_not_both_accepted(client: Client) -> None:
    client.rows("create external table versioned (a int) location 's3://media-lake/versioned/'")
    table = client.glue.get_table(DatabaseName="conformance", Name="versioned")["Table"]
    entry = {key: table[key] for key in ("Name", "StorageDescriptor", "Parameters", "TableType")}
    client.glue.update_table(DatabaseName="conformance", TableInput=entry, VersionId=table["VersionId"])
    with pytest.raises(client.glue.exceptions.ConcurrentModificationException):
        client.glue.update_table(DatabaseName="conformance", TableInput=entry, VersionId=table["VersionId"])


def test_concurrent_inserts_are_told_the_truth(client: Client) -> None:
    """As many rows as inserts that succeeded: the catalogue alone would lose some without a word."""
    client.rows(
        "create table shared with (table_type = 'iceberg', is_external = false, location = 's3://media-lake/shared/')"
        " as select 0 as a"
    )
    outcomes: list[str] = []

    def insert(number: int) -> None:
        try:
            client.rows(f"insert into shared values ({number})")
            outcomes.append("")
        except QueryError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=insert, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all("ICEBERG_COMMIT_ERROR" in outcome for outcome in outcomes if outcome), outcomes
    assert client.rows("select count(*) from shared") == [[str(1 + outcomes.count(""))]]
