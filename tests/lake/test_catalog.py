"""The catalogue: what a commit may do, who may ask, and that pyiceberg and DuckDB take it for an Iceberg catalogue."""

from __future__ import annotations

import json
import shutil
import sqlite3
import urllib.error
import urllib.request
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NamespaceNotEmptyError, NoSuchTableError, TableAlreadyExistsError

from ingestion.lake import metadata
from ingestion.lake.catalog import Catalog, Change
from ingestion.lake.connection import serve
from ingestion.lake.errors import CatalogError, LakeError
from ingestion.lake.files import address
from ingestion.lake.server import Server
from ingestion.settings import Settings, load_settings
from ingestion.warehouse import connected

ROWS = pa.table({"id": pa.array([1, 2], pa.int64()), "d": pa.array([date(2026, 1, 1)] * 2)})
SCHEMA = {"type": "struct", "fields": [{"id": 1, "name": "a", "type": "long", "required": False}]}


def rest(server: Server) -> RestCatalog:
    return RestCatalog("lake", uri=server.endpoint, token=server.token)


def sql(settings: Settings) -> SqlCatalog:
    """pyiceberg's own catalogue on our SQLite file: the layout is shared, no server is in between."""
    return SqlCatalog(
        "lake", uri=f"sqlite:///{settings.lake / 'catalog.sqlite'}", warehouse=settings.lake_warehouse
    )  # fmt: skip


def made(catalog: Catalog, name: str = "t") -> Any:
    return catalog.create("marts", {"name": name, "schema": SCHEMA})


@pytest.fixture
def catalog(settings: Settings) -> Catalog:
    found = Catalog(settings.lake / "catalog.sqlite", settings.lake_warehouse)
    found.create_namespace("marts", {})
    return found


def test_pyiceberg_writes_through_the_server_and_duckdb_reads(settings: Settings, server: Server) -> None:
    client = rest(server)
    client.create_namespace("marts")
    table = client.create_table("marts.t", ROWS.schema)
    table.append(ROWS)
    table.append(ROWS)
    table.delete("id = 1")
    with connected(settings, read_only=False) as connection:
        assert connection.execute("select count(*), sum(id) from marts.t").fetchall() == [(2, 4)]
    client.rename_table("marts.t", "marts.u")
    with pytest.raises(NamespaceNotEmptyError):
        client.drop_namespace("marts")
    with pytest.raises(TableAlreadyExistsError):
        client.create_table("marts.u", ROWS.schema)
    client.drop_table("marts.u")
    with pytest.raises(NoSuchTableError):
        client.load_table("marts.u")
    client.drop_namespace("marts")
    assert client.list_namespaces() == []


def test_duckdb_writes_and_pyiceberg_reads_the_same_file(
    settings: Settings, connection: duckdb.DuckDBPyConnection
) -> None:
    connection.execute("create table lake.marts.t as select i as id, date '2026-01-01' as d from range(10) as r (i)")
    connection.execute("begin; delete from lake.marts.t where id < 4")
    connection.execute("insert into lake.marts.t values (99, null); commit")
    table = sql(settings).load_table("marts.t")
    assert sorted(table.scan().to_arrow()["id"].to_pylist()) == [4, 5, 6, 7, 8, 9, 99]
    assert table.metadata.format_version == 2
    table.append(ROWS)
    assert connection.execute("select count(*) from lake.marts.t").fetchall() == [(9,)]


def test_who_does_not_know_the_token_gets_nothing(server: Server) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        request = urllib.request.Request(f"{server.endpoint}/v1/lake/namespaces", headers=headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=5)
        assert refused.value.code == 401
        assert "token" in json.loads(refused.value.read())["error"]["message"]


def test_of_two_writers_one_wins_and_the_other_is_told(
    settings: Settings, connection: duckdb.DuckDBPyConnection
) -> None:
    connection.execute("create table lake.marts.t as select 1::bigint as id, date '2026-01-01' as d")
    connection.execute("begin; insert into lake.marts.t values (2, null)")
    sql(settings).load_table("marts.t").append(ROWS)
    with pytest.raises(duckdb.Error, match=r"changed by somebody else|[Cc]onflict"):
        connection.execute("commit")
    assert connection.execute("select count(*) from lake.marts.t").fetchall() == [(3,)]


def test_a_stale_pyiceberg_commit_is_refused(catalog: Catalog) -> None:
    """One of two commits that began with the same state."""
    made(catalog)
    asked = [{"type": "assert-ref-snapshot-id", "ref": "main", "snapshot-id": 7}]
    with pytest.raises(CatalogError, match=r"marts\.t was changed by somebody else") as refused:
        catalog.commit([Change("marts", "t", asked, [])])
    assert (refused.value.status, refused.value.kind) == (409, "CommitFailedException")


def test_a_commit_of_several_tables_changes_all_or_none(catalog: Catalog) -> None:
    before = [made(catalog, name).location for name in ("a", "b")]
    update = {"action": "set-properties", "updates": {"k": "v"}}
    wrong = [{"type": "assert-table-uuid", "uuid": "somebody else's"}]
    with pytest.raises(CatalogError):
        catalog.commit([Change("marts", "a", [], [update]), Change("marts", "b", wrong, [update])])
    assert [catalog.load("marts", name).location for name in ("a", "b")] == before
    catalog.commit([Change("marts", "a", [], [update]), Change("marts", "b", [], [update])])
    assert [catalog.load("marts", name).metadata["properties"] for name in ("a", "b")] == [{"k": "v"}] * 2


def test_pointers_that_move_during_a_commit_are_not_overwritten(catalog: Catalog, settings: Settings) -> None:
    """Another process commits between our reading and our writing."""
    first = made(catalog)
    original = catalog._next_state

    def overtaken(change: Change) -> Any:
        found = original(change)
        with sqlite3.connect(settings.lake / "catalog.sqlite") as other:
            other.execute("update iceberg_tables set metadata_location = 'theirs'")
        other.close()
        return found

    catalog._next_state = overtaken  # type: ignore[method-assign]
    with pytest.raises(CatalogError, match="changed by somebody else"):
        catalog.commit([Change("marts", "t", [], [{"action": "set-properties", "updates": {"k": "v"}}])])
    assert catalog._pointer("marts", "t") == "theirs"
    assert first.location != "theirs"


def test_unknown_updates_requirements_and_versions_are_refused(catalog: Catalog) -> None:
    made(catalog)
    for change in (
        Change("marts", "t", [], [{"action": "make-coffee"}]),
        Change("marts", "t", [{"type": "assert-weather"}], []),
        Change("marts", "t", [], [{"action": "upgrade-format-version", "format-version": 3}]),
    ):
        with pytest.raises(CatalogError) as refused:
            catalog.commit([change])
        assert refused.value.status == 400


def test_metadata_follows_schemas_specs_and_snapshots() -> None:
    table = metadata.empty("file:///t", 1)
    nested = {"id": 3, "name": "n", "type": {"type": "list", "element-id": 9, "element": "long"}, "required": False}
    for update in (
        {"action": "add-schema", "schema": {**SCHEMA, "schema-id": 0}},
        {"action": "add-schema", "schema": {"type": "struct", "schema-id": 1, "fields": [*SCHEMA["fields"], nested]}},
        {"action": "set-current-schema", "schema-id": -1},
        {"action": "add-spec", "spec": {"spec-id": 0, "fields": [{"field-id": 1004, "source-id": 1}]}},
        {"action": "add-snapshot", "snapshot": {"snapshot-id": 5, "sequence-number": 2, "timestamp-ms": 7}},
        {"action": "set-snapshot-ref", "ref-name": "main", "type": "branch", "snapshot-id": 5},
    ):
        metadata.apply(table, update, 8)
    assert (table["current-schema-id"], table["last-column-id"], table["last-partition-id"]) == (1, 9, 1004)
    assert (table["current-snapshot-id"], table["last-sequence-number"], table["last-updated-ms"]) == (5, 2, 8)
    assert table["snapshot-log"] == [{"snapshot-id": 5, "timestamp-ms": 7}]
    metadata.apply(table, {"action": "remove-snapshots", "snapshot-ids": [5]}, 9)
    assert (table["snapshots"], table["snapshot-log"], table["refs"]) == ([], [], {})


def test_a_moved_lake_is_refused_with_advice(settings: Settings, catalog: Catalog, tmp_path: Path) -> None:
    made(catalog)
    catalog.close()
    moved = load_settings({"MEDIA_HOME": str(tmp_path / "elsewhere"), "MEDIA_TARGET": "lake"})
    shutil.copytree(settings.lake, moved.lake)
    with pytest.raises(LakeError, match="cannot be moved") as refused:
        serve(moved)
    assert settings.lake_warehouse in str(refused.value)
    assert "dbt build" in str(refused.value)
    serve(settings).close()


def test_lost_metadata_is_named(catalog: Catalog, settings: Settings) -> None:
    made(catalog)
    catalog.close()
    shutil.rmtree(settings.lake / "tables")
    again = Catalog(settings.lake / "catalog.sqlite", settings.lake_warehouse)
    with pytest.raises(CatalogError, match=r"marts\.t: its metadata file .* is gone"):
        again.load("marts", "t")


@pytest.mark.parametrize(
    ("written", "one_spelling"),
    [
        ("file:///a/b c", "file:///a/b c"),
        ("file:/a/b", "file:///a/b"),
        ("/a/b", "file:///a/b"),
        ("s3://bucket/a", "s3://bucket/a"),
        ("s3a://bucket/a", "s3://bucket/a"),
    ],
)
def test_addresses_have_one_spelling(written: str, one_spelling: str) -> None:
    assert address(written) == one_spelling
