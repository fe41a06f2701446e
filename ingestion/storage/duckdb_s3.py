"""DuckDB reading S3 by the same settings as boto3."""

from __future__ import annotations

from urllib.parse import urlsplit

import duckdb

from ingestion import duckdb_extensions
from ingestion.storage import aws

AMAZON = ".amazonaws.com"


def enable(connection: duckdb.DuckDBPyConnection) -> None:
    """Load httpfs and give the connection's database a secret for s3://. StorageError without credentials."""
    duckdb_extensions.load(connection, "httpfs")
    parts = ", ".join(f"{key} '{value.replace(chr(39), chr(39) * 2)}'" for key, value in _settings().items())
    connection.execute(f"create or replace temporary secret media_s3 (type s3, provider config, {parts})")


def _settings() -> dict[str, str]:
    """The secret's settings, resolved now: temporary credentials serve for as long as they live."""
    client, keys = aws.s3_client(), aws.credentials()
    settings = {"key_id": keys.access_key, "secret": keys.secret_key, "region": client.meta.region_name}
    if keys.token:
        settings["session_token"] = keys.token
    endpoint = urlsplit(client.meta.endpoint_url)
    if not str(endpoint.hostname).endswith(AMAZON):
        settings |= {"endpoint": endpoint.netloc + endpoint.path.rstrip("/"), "url_style": "path"}
        settings["use_ssl"] = "true" if endpoint.scheme == "https" else "false"
    return settings
