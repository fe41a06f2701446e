"""Plugin of dbt-duckdb (profiles/profiles.yml): makes the folder of the warehouse file, so that `dbt build` works at once."""

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin


class Plugin(BasePlugin):  # type: ignore[misc]
    """Found by dbt-duckdb under this name."""

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Runs before DuckDB opens the file; DuckDB makes a missing file, but not a missing folder."""
        Path(creds.path).parent.mkdir(parents=True, exist_ok=True)
