"""The catalogue: which metadata file each table's present state is, in SQLite, and commits that change it.

The two tables have the layout that pyiceberg's SqlCatalog and Java's JdbcCatalog (schema version V1) share, under one
catalogue name, so that they can open the same file. A commit writes new metadata files first; the pointers of all its
tables then change in one SQLite transaction, each only if it still is what the commit began with. After that a small
file beside each table names its present metadata file, for readers without a catalogue, such as DuckDB's iceberg_scan.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.lake import metadata as table_metadata
from ingestion.lake.errors import CatalogError, LakeError, conflict, exists, no_namespace, no_table
from ingestion.lake.files import files_at
from ingestion.lake.metadata import Metadata, Requirement, Update

#: Name of the catalogue: part of every key in SQLite, so other clients have to use the same one.
NAME = "lake"
BUSY_SECONDS = 30
PARSED_METADATA_KEPT = 256
SCHEMA = """
create table if not exists iceberg_tables (
    catalog_name varchar(255) not null, table_namespace varchar(255) not null, table_name varchar(255) not null,
    metadata_location varchar(1000), previous_metadata_location varchar(1000), iceberg_type varchar(5),
    primary key (catalog_name, table_namespace, table_name)
);
create table if not exists iceberg_namespace_properties (
    catalog_name varchar(255) not null, namespace varchar(255) not null, property_key varchar(255) not null,
    property_value varchar(1000), primary key (catalog_name, namespace, property_key)
);
create table if not exists hinted_tables (metadata_location varchar(1000));
"""
#: Where readers without a catalogue look for the name of the present metadata file; it lies beside that.
HINT = "version-hint.text"
UNHINTED = (
    "select metadata_location from iceberg_tables where catalog_name = ?"
    " and metadata_location not in (select metadata_location from hinted_tables)"
)
THIS_TABLE = "catalog_name = ? and table_namespace = ? and table_name = ?"


@dataclass(frozen=True)
class Change:
    """What one commit does to one table."""

    namespace: str
    table: str
    requirements: Sequence[Requirement]
    updates: Sequence[Update]

    @property
    def name(self) -> str:
        return f"{self.namespace}.{self.table}"


@dataclass(frozen=True)
class State:
    """A table as it stands: the location of its metadata file, and what is in it."""

    location: str
    metadata: Metadata


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class Catalog:
    """Tables and namespaces of one lake. Safe for threads; other processes may use the same file."""

    def __init__(self, database: Path, warehouse: str) -> None:
        """Open or make the SQLite file. `warehouse`: location under which new tables lie, such as file:///lake.

        Raises LakeError when the tables were written under another location.
        """
        self.warehouse = warehouse.rstrip("/")
        self._files = files_at(self.warehouse)
        self._lock = threading.RLock()
        self._parsed: dict[str, str] = {}
        database.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(database, check_same_thread=False, isolation_level=None, timeout=BUSY_SECONDS)
        self._db.executescript(SCHEMA)
        self._refuse_moved(database)
        if self._query(UNHINTED):  # of clients that open the SQLite file, or of a process that was killed
            self._hint()

    def close(self) -> None:
        """Let go of the SQLite file."""
        self._db.close()

    def _refuse_moved(self, database: Path) -> None:
        """Iceberg's files name each other by absolute path, so a moved or copied lake would use the old one's."""
        rows = self._query(
            "select property_value from iceberg_namespace_properties where catalog_name = ?"
            " and property_key = 'location'"
        )
        elsewhere = sorted({row[0] for row in rows if not row[0].startswith(f"{self.warehouse}/")})
        if elsewhere:
            raise LakeError(
                f"The lake of {database} was written under {elsewhere[0].rpartition('/')[0]}, and is now looked for "
                f"under {self.warehouse}. Iceberg tables hold absolute paths and cannot be moved. Move the folder back "
                f"(or set MEDIA_HOME or MEDIA_LAKE_WAREHOUSE to what it was), or delete {database.parent} and run "
                "`dbt build`: it makes every table anew from the raw zone."
            )

    def _query(self, sql: str, *parameters: str) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._db.execute(sql, (NAME, *parameters)).fetchall()

    # --- namespaces ------------------------------------------------------------------------------------------------
    def namespaces(self) -> list[str]:
        """Names of all namespaces; levels are joined by dots."""
        rows = self._query("select distinct namespace from iceberg_namespace_properties where catalog_name = ?")
        return sorted(row[0] for row in rows)

    def properties(self, namespace: str) -> dict[str, str]:
        """Properties of a namespace. Raises CatalogError if there is none of that name."""
        rows = self._query(
            "select property_key, property_value from iceberg_namespace_properties where catalog_name = ?"
            " and namespace = ?",
            namespace,
        )
        if not rows:
            raise no_namespace(namespace)
        return dict(rows)

    def create_namespace(self, namespace: str, properties: dict[str, str]) -> dict[str, str]:
        """Make a namespace; its tables lie under its location. Raises CatalogError if it exists."""
        kept = {"exists": "true", "location": f"{self.warehouse}/{namespace}", **properties}
        with self._lock:
            if namespace in self.namespaces():
                raise exists(f"namespace {namespace}")
            self._db.executemany(
                "insert into iceberg_namespace_properties values (?, ?, ?, ?)",
                [(NAME, namespace, key, value) for key, value in kept.items()],
            )
        return kept

    def drop_namespace(self, namespace: str) -> None:
        """Remove an empty namespace."""
        self.properties(namespace)
        if self.tables(namespace):
            raise CatalogError(409, "NamespaceNotEmptyException", f"namespace {namespace} still has tables")
        self._query("delete from iceberg_namespace_properties where catalog_name = ? and namespace = ?", namespace)

    # --- tables ----------------------------------------------------------------------------------------------------
    def tables(self, namespace: str) -> list[str]:
        """Names of a namespace's tables."""
        self.properties(namespace)
        rows = self._query(
            "select table_name from iceberg_tables where catalog_name = ? and table_namespace = ? order by table_name",
            namespace,
        )
        return [row[0] for row in rows]

    def _pointer(self, namespace: str, table: str) -> str | None:
        rows = self._query(f"select metadata_location from iceberg_tables where {THIS_TABLE}", namespace, table)
        return rows[0][0] if rows else None

    def _read(self, location: str) -> Metadata:
        """Metadata files never change, so their text is kept."""
        with self._lock:
            text = self._parsed.get(location)
            if text is None:
                text = self._files.read(location).decode()
                self._keep(location, text)
        parsed: Metadata = json.loads(text)
        return parsed

    def _keep(self, location: str, text: str) -> None:
        self._parsed[location] = text
        if len(self._parsed) > PARSED_METADATA_KEPT:
            del self._parsed[next(iter(self._parsed))]

    def load(self, namespace: str, table: str) -> State:
        """The table as it stands. Raises CatalogError if there is none."""
        location = self._pointer(namespace, table)
        if location is None:
            raise no_table(f"{namespace}.{table}")
        try:
            return State(location, self._read(location))
        except FileNotFoundError as error:
            gone = f"{namespace}.{table}: its metadata file {location} is gone"
            advice = "drop the table, or delete the lake's folder, and build anew"
            raise CatalogError(500, "MetadataMissing", f"{gone}; {advice}") from error

    def new_table(self, namespace: str, request: dict[str, Any]) -> tuple[Metadata, list[Update]]:
        """Metadata of a table that does not exist yet, and the updates that make it; its folders are made."""
        location = (request.get("location") or f"{self.properties(namespace)['location']}/{request['name']}").rstrip(
            "/"
        )
        if self._pointer(namespace, request["name"]) is not None:
            raise exists(f"table {namespace}.{request['name']}")
        updates = table_metadata.creation(request, location, str(uuid.uuid4()))
        made, at = table_metadata.empty(location, now_ms()), now_ms()
        for update in updates:
            table_metadata.apply(made, update, at)
        self._files.prepare(location)
        return made, updates

    def create(self, namespace: str, request: dict[str, Any]) -> State:
        """Make a table at once."""
        _, updates = self.new_table(namespace, request)
        return self.commit([Change(namespace, request["name"], [{"type": "assert-create"}], updates)])[0]

    def register(self, namespace: str, table: str, location: str) -> State:
        """Take in a table whose metadata file exists."""
        self.properties(namespace)
        if self._pointer(namespace, table) is not None:
            raise exists(f"table {namespace}.{table}")
        self._insert(namespace, table, location)
        self._hint()
        return self.load(namespace, table)

    def _insert(self, namespace: str, table: str, location: str) -> None:
        self._query("insert into iceberg_tables values (?, ?, ?, ?, null, 'TABLE')", namespace, table, location)

    def drop(self, namespace: str, table: str) -> None:
        """Forget a table; its files stay until maintenance removes them."""
        self.load(namespace, table)
        self._query(f"delete from iceberg_tables where {THIS_TABLE}", namespace, table)

    def rename(self, old: tuple[str, str], new: tuple[str, str]) -> None:
        """Give a table another name; its files stay where they are."""
        self.properties(new[0])
        if self._pointer(*new) is not None:
            raise exists(f"table {new[0]}.{new[1]}")
        self.load(*old)
        with self._lock:
            self._db.execute(
                f"update iceberg_tables set table_namespace = ?, table_name = ? where {THIS_TABLE}", (*new, NAME, *old)
            )

    # --- commits ---------------------------------------------------------------------------------------------------
    def commit(self, changes: Sequence[Change]) -> list[State]:
        """Change one or several tables, all or none. Raises CatalogError 409 if somebody else was first."""
        with self._lock:
            planned = [(change, *self._next_state(change)) for change in changes]
            self._db.execute("begin immediate")
            try:
                for change, former, state in planned:
                    self._point(change, former, state.location)
                self._db.execute("commit")
            except BaseException:
                self._db.execute("rollback")
                raise
            self._hint()
            return [state for _, _, state in planned]

    def _hint(self) -> None:
        """Tell readers without a catalogue what changed; under SQLite's lock, so that the later commit is last."""
        with self._lock:
            self._db.execute("begin immediate")
            try:
                for (location,) in self._query(UNHINTED):
                    folder, _, file = location.rpartition("/")
                    self._files.write(f"{folder}/{HINT}", file.removesuffix(".metadata.json").encode())
                self._db.execute("delete from hinted_tables")
                self._db.execute("insert into hinted_tables select metadata_location from iceberg_tables")
                self._db.execute("commit")
            except BaseException:
                self._db.execute("rollback")
                raise

    def _next_state(self, change: Change) -> tuple[str | None, State]:
        """The pointer found, and the table after the change, its metadata written to a file of its own."""
        former, at = self._pointer(change.namespace, change.table), now_ms()
        current = self._read(former) if former else None
        table_metadata.check(change.requirements, current, change.name)
        changed = current or table_metadata.empty(f"{self.warehouse}/{change.namespace}/{change.table}", at)
        for update in change.updates:
            table_metadata.apply(changed, update, at)
        if former:
            table_metadata.remember(changed, former, at)
        number = int(former.rsplit("/", 1)[1].split("-", 1)[0]) + 1 if former else 0
        location = f"{changed['location']}/metadata/{number:05d}-{uuid.uuid4()}.metadata.json"
        text = json.dumps(changed)
        self._files.write(location, text.encode())
        self._keep(location, text)
        return former, State(location, changed)

    def _point(self, change: Change, former: str | None, location: str) -> None:
        key = (change.namespace, change.table)
        if former is None:
            try:
                self._insert(*key, location)
            except sqlite3.IntegrityError:
                raise conflict(f"{change.name} was created by somebody else meanwhile") from None
            return
        moved = self._db.execute(
            f"update iceberg_tables set metadata_location = ?, previous_metadata_location = ? where {THIS_TABLE} and"
            " metadata_location = ?",
            (location, former, NAME, *key, former),
        )
        if moved.rowcount != 1:
            raise conflict(f"{change.name} was changed by somebody else meanwhile; run again")
