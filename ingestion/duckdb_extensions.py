"""DuckDB's extensions are packages of the lock and loaded from there: no download, nothing in the user's home."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import duckdb


class ExtensionError(RuntimeError):
    """An extension cannot be loaded; the message names its package."""


def load(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load the extension `name` (httpfs, iceberg, avro) into the database of `connection`."""
    package = f"duckdb_extension_{name}"
    try:
        (folder,) = import_module(package).__path__
    except ModuleNotFoundError as error:
        hint = "make the environment again: python3 bootstrap.py install"
        raise ExtensionError(f"DuckDB's extension {name}: the package {package} is missing; {hint}") from error
    file = Path(folder) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    try:
        connection.execute(f"load '{file}'")
    except duckdb.Error as error:
        raise ExtensionError(f"DuckDB's extension {name} cannot be loaded from {file}: {error}") from error
