"""Plugin of dbt-duckdb (profiles/profiles.yml): what has to be there before the first statement."""

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from dbt_common.exceptions import DbtRuntimeError
from duckdb import DuckDBPyConnection

from ingestion.duckdb_extensions import ExtensionError
from ingestion.lake.connection import enable_views
from ingestion.settings import SettingsError, load_settings
from ingestion.storage import StorageError, open_storage


class Plugin(BasePlugin):
    """Found by dbt-duckdb under this name."""

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:  # noqa: ARG002 - dbt-duckdb calls it with both
        """Runs before DuckDB opens the file; DuckDB makes a missing file, but not a missing folder."""
        Path(creds.path).parent.mkdir(parents=True, exist_ok=True)

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Enable the connection to read the raw zone where it lies in a bucket, and what the target `lake` built."""
        try:
            settings = load_settings()
            open_storage(settings.raw).prepare(conn)
            enable_views(conn, settings)
        except (SettingsError, StorageError, ExtensionError) as error:
            raise DbtRuntimeError(str(error)) from error
