"""Transactions, locks and logins as Snowflake has them; patches like those in `patches.py`."""

from __future__ import annotations

import threading
import time
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import duckdb
from snowflake.connector.errors import ProgrammingError
from sqlglot import exp

from tests.engines.snowflake.patches import around

#: Snowflake ends a transaction that blocks another one after five idle minutes; tests cannot wait that long.
IDLE_SECONDS = 300.0
LOCK_TIMEOUT_SECONDS = 60.0
DDL = (exp.Create, exp.Drop, exp.Alter)
LOCKING = (exp.Update, exp.Delete, exp.Merge)
CHANGES = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Copy)


class Open:
    """An open transaction: how many statements changed something, which tables, and when the last of any kind ended."""

    def __init__(self) -> None:
        self.changes = 0
        self.tables: set[str] = set()
        self.last_used = time.monotonic()


#: Open transactions by connection of fakesnow; a closed session lets go of its connection, which rolls back.
OPEN: WeakKeyDictionary[Any, Open] = WeakKeyDictionary()
#: Connections whose transaction was ended for them, until they hear of it.
ABORTED: WeakSet[Any] = WeakSet()
LOCK = threading.Lock()


def ddl_commits() -> None:
    """DDL commits the open transaction; in DuckDB it takes part in it and would be rolled back with it."""

    def execute(original: Any, cursor: Any, transformed: exp.Expression, params: Any = None) -> None:
        if cursor._conn in OPEN and isinstance(transformed, DDL):
            OPEN.pop(cursor._conn)
            cursor._duck_conn.commit()
        original(cursor, transformed, params)
        if isinstance(transformed, exp.Transaction):
            OPEN[cursor._conn] = Open()
        elif isinstance(transformed, exp.Commit | exp.Rollback):
            OPEN.pop(cursor._conn, None)

    around("_execute", execute)


def changes_wait_for_each_other() -> None:
    """UPDATE, DELETE and MERGE wait for the transaction that has changed the table; DuckDB refuses the second at once.

    It lets two change a row to what it was, so locks are kept here. A transaction that has changed nothing begins anew
    after its wait, to see what the other has left.
    """

    def execute(original: Any, cursor: Any, transformed: exp.Expression, params: Any = None) -> None:
        tell_of_abortion(cursor._conn, transformed)
        mine = OPEN.get(cursor._conn)
        end = time.monotonic() + LOCK_TIMEOUT_SECONDS
        if isinstance(transformed, LOCKING):
            table = exp.table_name(transformed.this).upper()
            while not locks(cursor._conn, mine, table):
                wait(cursor, mine, end, "another transaction has changed the table")
        while True:
            try:
                original(cursor, transformed.copy(), params)
                break
            except duckdb.TransactionException as error:
                if "onflict" not in str(error) or (mine and mine.changes):
                    raise
                wait(cursor, mine, end, str(error))
        if cursor._conn in OPEN:
            OPEN[cursor._conn].last_used = time.monotonic()
            OPEN[cursor._conn].changes += isinstance(transformed, CHANGES)

    around("_execute", execute)


def locks(connection: Any, mine: Open | None, table: str) -> bool:
    """Whether no other transaction has changed the table; from now on `mine` has."""
    with LOCK:
        if any(table in other.tables for holder, other in list(OPEN.items()) if holder is not connection):
            return False
        if mine:
            mine.tables.add(table)
        return True


def wait(cursor: Any, mine: Open | None, end: float, reason: str) -> None:
    """A moment's wait, unless `end` (monotonic seconds) is over."""
    if time.monotonic() > end:
        raise ProgrammingError(msg=f"Statement waited for a lock: {reason}", errno=625)
    end_idle_transactions(cursor._conn)
    anew = mine and not mine.changes
    if anew:
        cursor._duck_conn.rollback()
    time.sleep(0.05)
    if anew:
        cursor._duck_conn.begin()


def tell_of_abortion(connection: Any, transformed: exp.Expression) -> None:
    """The next statement of a transaction that was ended fails, unless it begins anew."""
    if connection in ABORTED:
        ABORTED.discard(connection)
        if not isinstance(transformed, exp.Transaction | exp.Rollback):
            raise ProgrammingError(msg="The transaction was idle for too long and was aborted", errno=604)


def end_idle_transactions(waiting: Any) -> None:
    """Roll back what others left open for too long: their client was killed."""
    for connection, transaction in list(OPEN.items()):
        if connection is not waiting and time.monotonic() - transaction.last_used > IDLE_SECONDS:
            OPEN.pop(connection, None)
            ABORTED.add(connection)
            connection._duck_conn.rollback()
