"""fakesnow with our patches says what Snowflake documents, refuses what Snowflake refuses; each patch is needed."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import snowflake.connector

from bootstrap import APART, python_of
from tests.engines import aws
from tests.engines import snowflake as stand_in
from tests.engines.base import CHECKOUT, Engine, stopped_at_end
from tests.engines.running import Dbt, s3

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with stopped_at_end(aws.start(tmp_path_factory.mktemp("aws"))) as engine:
        yield engine


@pytest.fixture(scope="module")
def engine(storage: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with stopped_at_end(stand_in.start(tmp_path_factory.mktemp("snowflake"), storage.environment)) as engine:
        yield engine


@pytest.fixture(scope="module")
def cursor(engine: Engine) -> Any:
    cursor = stand_in.connect_to(engine.environment).cursor()
    cursor.execute("create schema if not exists media.conformance")
    return cursor


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("cast(1 as number(18, 4)) + cast(2 as number(18, 6))", Decimal(3)),
        ("round(2.5)", 3),
        ("round(-2.5)", -3),
        ("mod(-7, 2)", -1),
        ("cast(2.5 as number(38, 0))", 3),
        ("date_part(epoch_microsecond, cast('2026-01-01 00:00:00.123456' as timestamp_ntz(6)))", 1767225600123456),
        ("dateadd(millisecond, 1500, cast('2026-01-01' as timestamp_ntz(6)))", at("2026-01-01 00:00:01.500")),
        ("dateadd(day, -1, cast('2026-03-01' as date))", date(2026, 2, 28)),
        ("datediff(day, cast('2026-02-28' as date), cast('2026-03-01' as date))", 1),
        ("convert_timezone('UTC', 'Europe/Berlin', cast('2026-03-29 01:30:00' as timestamp_ntz(6)))",
         at("2026-03-29 03:30")),
        ("md5('a')", "0cc175b9c0f1b6a831c399e269772661"),
        ("split_part('tv:U1', ':', 2)", "U1"),
        ("split_part('a', ':', 2)", ""),
        ("position('b' in 'abc')", 2),
        ("coalesce(null, 'a') || 'b'", "ab"),
        ("null || 'b'", None),
        ("to_varchar(parse_json('[\"a\",1]'))", '["a",1]'),
        ("parse_json('{\"a\": {\"b\": 1}}'):a.b::number", 1),
    ],
)  # fmt: skip
def test_an_expression_has_the_documented_value(cursor: Any, expression: str, value: object) -> None:
    assert cursor.execute(f"select {expression} as value").fetchall() == [(value,)]


def test_nulls_come_last_when_ascending(cursor: Any) -> None:
    rows = cursor.execute("select a from (values (1), (null), (0)) as t (a) order by a").fetchall()
    assert rows == [(0,), (1,), (None,)]


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("select * from media.conformance.nowhere", "does not exist"),
        ("list @media.conformance.nowhere", "Stage 'MEDIA.CONFORMANCE.NOWHERE' does not exist or not authorized"),
        ("select list_sum([1])", "Unknown function LIST_SUM"),
        ("create schema nowhere.a", "NOWHERE"),
    ],
)
def test_what_is_wrong_is_refused(cursor: Any, statement: str, message: str) -> None:
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match=message):
        cursor.execute(statement)


def test_every_patch_is_needed(storage: Engine) -> None:
    """Each has a probe that passes with all patches, and fails without that one."""
    file = io.BytesIO()
    pq.write_table(pa.table({"a": ["x"]}), file)
    document = json.dumps({"a": "x", "b": 1, "c": ["p", "q"], "d": None}, separators=(",", ":"))
    client = s3(storage.environment)
    client.put_object(Bucket=aws.BUCKET, Key="probe/rows.parquet", Body=file.getvalue())
    client.put_object(Bucket=aws.BUCKET, Key="probe/folder/one.json", Body=document.encode())
    done = subprocess.run(
        [python_of(APART), "-m", "tests.engines.snowflake.probes"], capture_output=True, text=True, check=False,
        env={**os.environ, **storage.environment, "PYTHONPATH": str(CHECKOUT), "PROBE_URL": f"s3://{aws.BUCKET}/probe"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert {name: why for name, why in found["with"].items() if why} == {}
    assert [name for name, why in found["without"].items() if not why] == []
    assert len(found["without"]) >= 10


KEY = {"SNOWFLAKE_PASSWORD": "", "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE": stand_in.PASSPHRASE}
OAUTH = {"SNOWFLAKE_PASSWORD": "", "SNOWFLAKE_AUTHENTICATOR": "oauth"}


@pytest.fixture(scope="module")
def dbt(engine: Engine, storage: Engine, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    return Dbt("snowflake", {**storage.environment, **engine.environment}, tmp_path_factory.mktemp("dbt"))


@pytest.mark.parametrize("way", ["password", "key pair", "token"])
def test_each_way_to_log_in_goes_through_the_profile(dbt: Dbt, engine: Engine, way: str, tmp_path: Path) -> None:
    key = {**KEY, "SNOWFLAKE_PRIVATE_KEY_PATH": str(engine.folder / "rsa_key.p8")}
    good = {"password": {}, "key pair": key, "token": {**OAUTH, "SNOWFLAKE_TOKEN": stand_in.TOKEN}}
    stand_in.make_key_pair(tmp_path)
    bad = {
        "password": ({"SNOWFLAKE_PASSWORD": "wrong"}, "Incorrect username or password"),
        "key pair": ({**KEY, "SNOWFLAKE_PRIVATE_KEY_PATH": str(tmp_path / "rsa_key.p8")}, "JWT token is invalid"),
        "token": ({**OAUTH, "SNOWFLAKE_TOKEN": "expired"}, "Invalid OAuth access token"),
    }
    dbt("run-operation", "load_raw", **good[way])
    settings, message = bad[way]
    assert message in dbt.try_to("run-operation", "load_raw", **settings)
