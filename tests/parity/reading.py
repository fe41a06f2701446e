"""Read every mart and KPI of MEDIA_TARGET through its dbt adapter: `python -m tests.parity.reading FILE`.

A process of its own for each target, because dbt holds one adapter a process.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from dbt.adapters.base import BaseAdapter
from dbt.adapters.factory import FACTORY
from dbt.cli.main import dbtRunner

from tests.engines.base import CHECKOUT
from tests.parity.rows import TableRows, cell, keyed, write_rows
from tests.parity.targets import result_tables


def main(out: Path) -> None:
    """Write the rows of every result to `out`."""
    paths = ["--project-dir", str(CHECKOUT), "--profiles-dir", str(CHECKOUT / "profiles")]
    parsed = dbtRunner().invoke(["--quiet", "parse", *paths])
    if not parsed.success:
        raise SystemExit(f"dbt parse: {parsed.exception}")
    (adapter,) = FACTORY.adapters.values()
    tables = result_tables(Path(os.environ["DBT_TARGET_PATH"]))
    with adapter.connection_named("parity"):
        write_rows(out, {name: read(adapter, table) for name, table in tables.items()})
    adapter.cleanup_connections()


def read(adapter: BaseAdapter, table: dict[str, object]) -> TableRows:
    """All rows of one relation, without its bookkeeping columns."""
    types, key = table["types"], table["key"]
    assert isinstance(types, dict) and isinstance(key, list)
    columns = [name for name in types if not name.startswith("_")]
    _, found = adapter.execute(f"select {', '.join(columns)} from {table['relation']}", fetch=True)
    rows = (tuple(cell(value, types[name]) for name, value in zip(columns, row, strict=True)) for row in found.rows)
    return keyed(columns, key, rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
