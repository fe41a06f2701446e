"""Plugin of dbt-duckdb (profiles/profiles.yml): makes the folder of the warehouse, so that `dbt build` works."""

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin


class Plugin(BasePlugin):
    """Found by dbt-duckdb under this name."""

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:  # noqa: ARG002 - dbt-duckdb calls it with both
        """Runs before DuckDB opens the file; DuckDB makes a missing file, but not a missing folder."""
        Path(creds.path).parent.mkdir(parents=True, exist_ok=True)
