"""A statement or two for each patch, with the answer that Snowflake documents.

`python -m tests.engines.snowflake.probes` prints one line of JSON: for each patch what its probe says with all
patches, and without that one.
"""

from __future__ import annotations

import datetime
import importlib
import json
import os
import threading
import time
import traceback
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import snowflake.connector
import uvicorn

from tests.engines.base import LOOPBACK, answers, free_port
from tests.engines.snowflake import server, sessions

PORT = free_port()
SCHEMA = "media.probe"


def connect() -> Any:
    """A session with the server of this process; it does not try again for long."""
    return snowflake.connector.connect(
        account="local", user="x", password="x", host=LOOPBACK, port=PORT, protocol="http", database="MEDIA",
        network_timeout=2, login_timeout=2,
    )  # fmt: skip


def run(*statements: str, session: Any = None) -> list[Any]:
    """The rows of the last statement."""
    cursor = (session or connect()).cursor()
    for statement in statements:
        cursor.execute(statement)
    return list(cursor.fetchall())


def exact_sums() -> None:
    (found,) = run("select sum(a) from (select cast(0.1 as decimal(18, 4)) as a union all select 0.2) as t")[0]
    assert (found, type(found)) == (Decimal("0.3"), Decimal)


def qualified_temporary_tables() -> None:
    create = f"create or replace temporary table {SCHEMA}.temporary as select 1 as a"
    assert run(create, create, f"select a from {SCHEMA}.temporary") == [(1,)]


def stars_have_columns() -> None:
    instant = "cast('2026-01-01 20:00:00' as timestamp_ntz(6))"
    later = f"dateadd(millisecond, n, convert_timezone('UTC', 'Asia/Kolkata', {instant}))"
    found = run(
        f"create or replace table {SCHEMA}.starred (us number(38, 0), local timestamp_ntz(6)) as (select * from"
        f" (select date_part(epoch_microsecond, {instant}) as us, {later} as local from (select 5 as n) as t) as u)",
        f"select us, local from {SCHEMA}.starred",
    )
    local = datetime.datetime(2026, 1, 2, 1, 30, 0, 5000)  # noqa: DTZ001 - without zone there
    assert found == [(1_767_297_600_000_000, local)]


def iceberg_tables_are_known() -> None:
    run(
        iceberg("a number(38, 0)"),
        f"create or replace table {SCHEMA}.plain as select 1 as a",
    )
    session = connect()
    cursor = session.cursor(snowflake.connector.DictCursor)
    shown = cursor.execute(f"show objects in {SCHEMA}").fetchall()
    formats = {row["name"]: row["is_iceberg"] for row in shown}
    assert (formats["ICE"], formats["PLAIN"]) == ("Y", "N")


def missing_instants_stay_null() -> None:
    instant = datetime.datetime(1969, 12, 31, 23, 59, 59, 250_000)  # noqa: DTZ001 - without zone there
    query = "select cast(a as timestamp_ntz(6)) as a from (select null as a union all select '1969-12-31 23:59:59.25')"
    assert set(run(f"{query} as t")) == {(instant,), (None,)}


def stages_lie_on_s3() -> None:
    columns = "(a varchar, newer varchar)"
    found = run(
        f"create or replace table {SCHEMA}.copied {columns}", stage(),
        f"copy into {SCHEMA}.copied from @{SCHEMA}.zone files = ('rows.parquet')"
        " file_format = (type = parquet use_logical_type = true) match_by_column_name = case_insensitive",
        f"select a, newer from {SCHEMA}.copied",
    )  # fmt: skip
    assert found == [("x", None)]


def external_stages_are_listed() -> None:
    names = [row[0] for row in run(stage(), f"list @{SCHEMA}.zone/folder/")]
    assert [name.rsplit("/", 2)[-2:] for name in names] == [["folder", "one.json"]]


def json_is_copied_by_path() -> None:
    found = run(
        f"use schema {SCHEMA}", stage(),
        f"create or replace table {SCHEMA}.documents (a varchar, b bigint, c varchar, d varchar)",
        f"copy into {SCHEMA}.documents (a, b, c, d) from (select $1:a::varchar, $1:b::bigint, $1:c::varchar,"
        f" $1:d::varchar from @{SCHEMA}.zone) files = ('folder/one.json') file_format = (type = json) force = true",
        f"select a, b, c, d from {SCHEMA}.documents",
    )  # fmt: skip
    assert found == [("x", 1, '["p","q"]', None)]


def stage() -> str:
    return f"create or replace temporary stage {SCHEMA}.zone url = '{os.environ['PROBE_URL']}/'"


def statements_are_refused() -> None:
    for refused in (
        "select epoch_us(current_timestamp)",
        "select count(*) filter (where true)",
        "select distinct on (a) a from (select 1 as a) as t",
        iceberg("a timestamp_ntz(9)"),
        iceberg("a varchar(20)"),
        f"create iceberg table {SCHEMA}.no (a number(38, 0)) catalog = 'SNOWFLAKE'",
    ):
        try:
            run(refused)
        except snowflake.connector.errors.ProgrammingError as error:
            assert "SQL compilation error" in str(error), error
        else:
            raise AssertionError(f"taken: {refused}")


def iceberg(columns: str) -> str:
    return (
        f"create or replace iceberg table {SCHEMA}.ice ({columns}) external_volume = 'v' catalog = 'SNOWFLAKE'"
        " base_location = 'b' as (select 1 as a)"
    )


def ddl_commits() -> None:
    table = f"{SCHEMA}.committed"
    run(f"create or replace table {table} (a number)")
    other = f"create or replace table {SCHEMA}.other (a number)"
    assert run("begin", f"insert into {table} values (1)", other, "rollback", f"select a from {table}") == [(1,)]


def changes_wait_for_each_other() -> None:
    """One waits for the other's commit; one that stays idle too long is rolled back."""
    table = f"{SCHEMA}.locked"
    run(f"create or replace table {table} as select 0 as a")
    first = connect()
    run("begin", f"update {table} set a = a + 1", session=first)
    second = threading.Thread(target=run, args=("begin", f"update {table} set a = a + 10", "commit"))
    second.start()
    time.sleep(0.2)
    run("commit", session=first)
    second.join(5)
    found = run(f"select a from {table}")
    assert found == [(11,)], found
    abandoned = connect()
    run("begin", f"update {table} set a = a", session=abandoned)
    run(f"insert into {table} values (100)", session=abandoned)
    assert run(f"update {table} set a = a + 1000", f"select a from {table}") == [(1011,)]


def errors_are_answers() -> None:
    missing = f"copy into {SCHEMA}.missing from @{SCHEMA}.zone files = ('missing.json') file_format = (type = json)"
    try:
        run(f"create or replace table {SCHEMA}.missing (a variant)", stage(), f"use schema {SCHEMA}", missing)
    except snowflake.connector.errors.ProgrammingError as error:
        assert error.errno == 603, error
    else:
        raise AssertionError("a file that is not there was copied")


def sessions_can_be_closed() -> None:
    """The end of a session ends its transaction."""
    table = f"{SCHEMA}.closed"
    run(f"create or replace table {table} as select 1 as a")
    session = connect()
    run("begin", f"update {table} set a = 2", session=session)
    before = len(sessions.OPEN)
    session.close()
    assert len(sessions.OPEN) == before - 1
    assert run(f"select a from {table}") == [(1,)]


def serve(without: str) -> None:
    """Start the server in a thread of this process."""
    server.apply_patches(without)
    server.create_databases(["MEDIA"])
    sessions.IDLE_SECONDS = 0.5
    app = importlib.import_module("fakesnow.server").app
    config = uvicorn.Config(app, host=LOOPBACK, port=PORT, log_level="critical")
    threading.Thread(target=uvicorn.Server(config).run, daemon=True).start()
    while True:
        try:
            answers(PORT)
            break
        except OSError:
            time.sleep(0.05)
    run(f"create schema if not exists {SCHEMA}")


def outcome(probe: Callable[[], None]) -> str:
    """Empty if the probe passes, else why not."""
    try:
        probe()
    except Exception:
        return traceback.format_exc()[-600:]
    return ""


def in_a_child(without: str, names: list[str]) -> dict[str, str]:
    """The outcome of probes in a process of its own, because patches cannot be taken off."""
    readable, writable = os.pipe()
    child = os.fork()
    if not child:
        serve(without)
        os.write(writable, json.dumps({name: outcome(globals()[name]) for name in names}).encode())
        os._exit(0)
    os.close(writable)
    with os.fdopen(readable, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    return dict(json.loads(told))


def main() -> None:
    """Probe with all patches, then without each."""
    names = [apply.__name__ for apply in server.PATCHES]
    whole = in_a_child("", names)
    print(json.dumps({"with": whole, "without": {name: in_a_child(name, [name])[name] for name in names}}))


if __name__ == "__main__":
    main()
