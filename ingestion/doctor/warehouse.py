"""A warehouse, through the connection of its dbt adapter: does it answer, and may we build there?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from dbt.adapters.factory import get_adapter, register_adapter, reset_adapters
from dbt.config.profile import Profile
from dbt.mp_context import get_mp_context

from ingestion.doctor.causes import advice
from ingestion.doctor.finding import Finding, note, ok, wrong
from ingestion.doctor.profile import Chosen

#: Statements that need what a build needs; the last two take away what the first two made.
PROBES = {
    "snowflake": (
        "create schema {database}.{schema}",
        "create table {database}.{schema}.probe as select 1 as id",
        "drop table {database}.{schema}.probe",
        "drop schema {database}.{schema}",
    ),
    "redshift": (
        "create schema {schema}",
        "create table {schema}.probe as select 1 as id",
        "drop table {schema}.probe",
        "drop schema {schema}",
    ),
    "athena": (
        "create schema {schema}",
        "create table {schema}.probe with (table_type = 'ICEBERG', is_external = false, location = '{data}{schema}/')"
        " as select 1 as id",
        "drop table {schema}.probe",
        "drop schema {schema}",
    ),
}


def examine(chosen: Chosen) -> Iterator[Finding]:
    """The warehouse answers, and a schema can be made there, filled and dropped.

    The probe also finds what a connection passes over: on Snowflake a warehouse or database that is not there.
    """
    profile = chosen.rendered()
    with _adapter(profile) as adapter, adapter.connection_named("doctor"):
        try:
            adapter.debug_query()
        except Exception as error:  # every adapter has its own classes
            yield wrong("connection", advice(chosen.adapter, error))
            return
        yield ok("connection", f"{chosen.name} answers")
        if chosen.is_unconfirmed_production:
            yield note("privileges", "not tried: a probe would write into production")
        else:
            yield _privileges(chosen, profile, adapter)


@contextmanager
def _adapter(profile: Profile) -> Iterator[Any]:
    reset_adapters()  # type: ignore[no-untyped-call]
    config: Any = profile  # all that a connection needs; dbt debug does the same
    register_adapter(config, get_mp_context())
    adapter = get_adapter(config)
    try:
        yield adapter
    finally:
        with suppress(Exception):
            adapter.cleanup_connections()


def _privileges(chosen: Chosen, profile: Profile, adapter: Any) -> Finding:
    credentials = profile.credentials
    schema = f"{credentials.schema}_doctor"
    data = str(getattr(credentials, "s3_data_dir", None) or "").rstrip("/") + "/"
    names = {"database": credentials.database, "schema": schema, "data": data}
    probe = [statement.format(**names) for statement in PROBES[chosen.adapter]]
    try:
        for statement in probe:
            adapter.execute(statement, auto_begin=False)
    except Exception as error:  # every adapter has its own classes
        for remedy in probe[-2:]:
            with suppress(Exception):
                adapter.execute(remedy, auto_begin=False)
        return wrong("privileges", f"`{statement}` failed: {advice(chosen.adapter, error)}")
    return ok("privileges", f"a schema can be made, filled and dropped in {credentials.database}")
