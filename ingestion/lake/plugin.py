"""Plugin of dbt-duckdb for the target `lake` (profiles/profiles.yml): starts the catalogue and attaches it."""

from __future__ import annotations

import weakref
from typing import Any

from dbt_common.exceptions import DbtRuntimeError
from duckdb import DuckDBPyConnection

from ingestion import dbt_plugin
from ingestion.duckdb_extensions import ExtensionError
from ingestion.lake.connection import attach, serve
from ingestion.lake.errors import LakeError
from ingestion.lake.server import Server
from ingestion.settings import load_settings
from ingestion.storage import StorageError


class Plugin(dbt_plugin.Plugin):
    """Found by dbt-duckdb under this name; lives as long as dbt's connection."""

    def initialize(self, plugin_config: dict[str, Any]) -> None:  # noqa: ARG002 - the settings are in the environment
        """The catalogue starts with the first connection: `dbt parse` needs none."""
        self._server: Server | None = None

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Attach the lake to the connection of which dbt takes its cursors."""
        super().configure_connection(conn)
        try:
            settings = load_settings()
            if settings.lake_endpoint:
                attach(conn, settings, settings.lake_endpoint, settings.lake_token)
                return
            if self._server is None:
                self._server = serve(settings)
                weakref.finalize(self, self._server.close)
            attach(conn, settings, self._server.endpoint, self._server.token)
        except (LakeError, ExtensionError, StorageError) as error:
            raise DbtRuntimeError(str(error)) from error
