"""The catalogue over HTTP, by the Iceberg REST protocol, as a thread of this process on a free loopback port."""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qsl, unquote, urlparse

from ingestion.lake.catalog import NAME, Catalog, Change, State
from ingestion.lake.errors import CatalogError, bad_request
from ingestion.lake.metadata import Metadata

#: How the protocol joins the levels of a namespace in an address; here they are joined by dots.
LEVELS = "\x1f"
ENDPOINTS = (
    "GET namespaces", "POST namespaces", "GET namespaces/{namespace}", "HEAD namespaces/{namespace}",
    "DELETE namespaces/{namespace}", "GET namespaces/{namespace}/tables", "POST namespaces/{namespace}/tables",
    "GET namespaces/{namespace}/tables/{table}", "HEAD namespaces/{namespace}/tables/{table}",
    "POST namespaces/{namespace}/tables/{table}", "DELETE namespaces/{namespace}/tables/{table}",
    "POST namespaces/{namespace}/register", "POST tables/rename", "POST transactions/commit",
)  # fmt: skip
#: How often the thread looks whether it shall end.
SHUTDOWN_SECONDS = 0.1
Answer = tuple[int, dict[str, Any] | None]


@dataclass(frozen=True)
class Request:
    """One call: method, the parts of its path after the prefix, its query and its body."""

    method: str
    parts: list[str]
    query: dict[str, str]
    body: dict[str, Any]


def answer(catalog: Catalog, request: Request) -> Answer:
    """Status and document of a call. Raises CatalogError for any other outcome than success."""
    match (request.method, *request.parts):
        case ("GET", "config"):
            endpoints = [endpoint.replace(" ", " /v1/{prefix}/") for endpoint in ENDPOINTS]
            return 200, {"defaults": {}, "overrides": {"prefix": NAME}, "endpoints": endpoints}
        case ("POST", "transactions", "commit"):
            catalog.commit([_change(change["identifier"], change) for change in request.body["table-changes"]])
            return 204, None
        case ("POST", "tables", "rename"):
            catalog.rename(_name(request.body["source"]), _name(request.body["destination"]))
            return 204, None
        case (_, "namespaces", *rest):
            return _namespaces(catalog, request, rest)
    raise bad_request(f"{request.method} {'/'.join(request.parts)} is not offered")


def _namespaces(catalog: Catalog, request: Request, parts: list[str]) -> Answer:
    match (request.method, *parts):
        case ("GET",):
            top = [] if request.query.get("parent") else catalog.namespaces()
            return 200, {"namespaces": [name.split(".") for name in top]}
        case ("POST",):
            name = ".".join(request.body["namespace"])
            kept = catalog.create_namespace(name, request.body.get("properties") or {})
            return 200, {"namespace": request.body["namespace"], "properties": kept}
        case ("GET" | "HEAD", namespace):
            name = namespace.replace(LEVELS, ".")
            return 200, {"namespace": name.split("."), "properties": catalog.properties(name)}
        case ("DELETE", namespace):
            catalog.drop_namespace(namespace.replace(LEVELS, "."))
            return 204, None
        case ("POST", namespace, "register"):
            location = request.body["metadata-location"]
            return 200, _table(catalog.register(namespace.replace(LEVELS, "."), request.body["name"], location))
        case (_, namespace, "tables", *rest):
            return _tables(catalog, request, namespace.replace(LEVELS, "."), rest)
        case (_, _, "views", *_):
            raise CatalogError(404, "NoSuchViewException", "this catalogue keeps no views")
    raise bad_request(f"{request.method} namespaces/{'/'.join(parts)} is not offered")


def _tables(catalog: Catalog, request: Request, namespace: str, parts: list[str]) -> Answer:
    match (request.method, *parts):
        case ("GET",):
            names = catalog.tables(namespace)
            return 200, {"identifiers": [{"namespace": namespace.split("."), "name": name} for name in names]}
        case ("POST",) if request.body.get("stage-create"):
            return 200, {"metadata": catalog.new_table(namespace, request.body)[0], "config": {}}
        case ("POST",):
            return 200, _table(catalog.create(namespace, request.body))
        case ("GET", table):
            return 200, _table(catalog.load(namespace, table))
        case ("HEAD", table):
            catalog.load(namespace, table)
            return 204, None
        case ("POST", table):
            identifier = {"namespace": namespace.split("."), "name": table}
            return 200, _table(catalog.commit([_change(identifier, request.body)])[0])
        case ("DELETE", table):
            catalog.drop(namespace, table)
            return 204, None
    raise bad_request(f"{request.method} tables/{'/'.join(parts)} is not offered")


def _name(identifier: dict[str, Any]) -> tuple[str, str]:
    return ".".join(identifier["namespace"]), identifier["name"]


def _change(identifier: dict[str, Any], body: dict[str, Any]) -> Change:
    return Change(*_name(identifier), body.get("requirements") or [], body["updates"])


def _table(state: State) -> dict[str, Any]:
    metadata: Metadata = state.metadata
    return {"metadata-location": state.location, "metadata": metadata, "config": {}}


class _Handler(BaseHTTPRequestHandler):
    """Reads calls and writes answers; one subclass for each server holds its catalogue and token."""

    protocol_version = "HTTP/1.1"
    #: Small answers at once: with Nagle's algorithm each call waits 40 ms.
    disable_nagle_algorithm = True
    wbufsize = -1
    catalog: ClassVar[Catalog]
    token: ClassVar[str]

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length) if length else b"{}"
        try:
            self._allow()
            address = urlparse(self.path)
            parts = [unquote(part) for part in address.path.strip("/").split("/")]
            own = parts[1:] if parts[1:] == ["config"] else parts[2:]
            request = Request(self.command, own, dict(parse_qsl(address.query)), json.loads(content))
            self._send(*answer(self.catalog, request))
        except CatalogError as error:
            self._fail(error.status, error.kind, str(error))
        except Exception as error:  # a fault of ours: the client shows what it is told
            self._fail(500, "InternalServerError", f"{type(error).__name__}: {error}")

    do_POST = do_DELETE = do_HEAD = do_GET  # noqa: N815 - http.server's names

    def _allow(self) -> None:
        """Only who knows the token: others on this machine can reach the port too."""
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            raise CatalogError(401, "NotAuthorizedException", "the catalogue's token is missing or wrong")

    def _fail(self, status: int, kind: str, message: str) -> None:
        self._send(status, {"error": {"message": message, "type": kind, "code": status}})

    def _send(self, status: int, document: dict[str, Any] | None) -> None:
        content = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Calls are not logged."""


class Server:
    """The catalogue on loopback until `close`."""

    def __init__(self, catalog: Catalog, port: int = 0, token: str = "") -> None:
        """Serve at `port` (0: any free one) to who gives `token` ("": a new one that nobody can guess)."""
        self.catalog = catalog
        self.token = token or secrets.token_urlsafe(24)
        handler = type("Handler", (_Handler,), {"catalog": catalog, "token": self.token})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(SHUTDOWN_SECONDS,), name="lake catalogue", daemon=True
        )
        self._thread.start()

    def wait(self) -> None:
        """Serve until the process is interrupted."""
        self._thread.join()

    def close(self) -> None:
        """Stop serving and let go of the catalogue."""
        self._server.shutdown()
        self._server.server_close()
        self.catalog.close()
