"""The Snowflake stand-in: fakesnow's HTTP server with our patches, in an environment of its own (locks/apart.lock)."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from pathlib import Path

import uvicorn

from tests.engines.base import LOOPBACK
from tests.engines.snowflake import logins, patches, refusals, sessions, stages

#: In the order in which they are applied; the last imports fakesnow's server, which builds its catalogue views then.
PATCHES: tuple[Callable[[], None], ...] = (
    patches.exact_sums,
    patches.qualified_temporary_tables,
    patches.stars_have_columns,
    patches.iceberg_tables_are_known,
    patches.missing_instants_stay_null,
    stages.stages_lie_on_s3,
    stages.external_stages_are_listed,
    stages.json_is_copied_by_path,
    refusals.statements_are_refused,
    sessions.ddl_commits,
    sessions.changes_wait_for_each_other,
    patches.errors_are_answers,
    logins.sessions_can_be_closed,
)


def apply_patches(without: str = "") -> None:
    """Every patch but `without`, in order."""
    for apply in PATCHES:
        if apply.__name__ != without:
            apply()


def create_databases(names: list[str]) -> None:
    """The databases that an administrator has made; a login makes none, unlike with fakesnow."""
    server = importlib.import_module("fakesnow.server")
    for name in names:
        server.shared_fs.connect(name).close()
    server.shared_fs.create_database_on_connect = False
    server.shared_fs.create_schema_on_connect = False


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--public-key", type=Path, required=True)
    parser.add_argument("--database", action="append", required=True)
    parser.add_argument("--idle-seconds", type=float, default=sessions.IDLE_SECONDS)
    options = parser.parse_args()
    sessions.IDLE_SECONDS = options.idle_seconds
    apply_patches()
    create_databases(options.database)
    logins.check_logins(logins.Accepted(options.user, options.password, options.token, options.public_key))
    uvicorn.run(importlib.import_module("fakesnow.server").app, host=LOOPBACK, port=options.port, log_level="info")


if __name__ == "__main__":
    main()
