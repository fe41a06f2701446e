"""The process that answers the Athena API, and passes every other call on to moto: `front PORT TRINO_PORT`.

Glue's calls pass through it because moto ignores the version that a table is updated from: without the check here two
commits at once on one Iceberg table would both be told that they succeeded, and one would be lost.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.engines.athena.queries import Queries, RequestError
from tests.engines.base import LOOPBACK

JSON = "application/x-amz-json-1.1"
HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "keep-alive", "date", "server"}
Answer = tuple[int, list[tuple[str, str]], bytes]


class Front:
    """Where a call goes; one per process."""

    def __init__(self, trino_port: int, moto: str) -> None:
        self.moto = urlsplit(moto)
        # Trino's and dbt's calls of Glue come here; the front's own use this address too, so that they are checked.
        self.queries = Queries(trino_port)
        self.commit = threading.Lock()
        self.athena = {
            "StartQueryExecution": self.queries.start,
            "GetQueryExecution": self.queries.describe,
            "BatchGetQueryExecution": self.queries.batch,
            "ListQueryExecutions": self.queries.list_all,
            "GetQueryResults": self.queries.results,
            "StopQueryExecution": self.queries.stop,
        }

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Status, headers and body for one request."""
        service, _, operation = headers.get("X-Amz-Target", "").partition(".")
        if service == "AmazonAthena" and operation in self.athena:
            try:
                return reply(200, self.athena[operation](json.loads(body)))
            except RequestError as error:
                return reply(400, {"__type": "InvalidRequestException", "Message": str(error)})
        if service == "AWSGlue" and "ColumnStatistics" in operation:
            # moto has none; Trino's connector for Hive tables asks for them and goes on without.
            return reply(200, {} if operation.startswith("Delete") else {"ColumnStatisticsList": [], "Errors": []})
        if service == "AWSGlue" and operation == "UpdateTable":
            return self.update_table(path, headers, body)
        return self.forward(method, path, headers, body)

    def update_table(self, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Glue's UpdateTable: from the version that the caller read, or not at all."""
        request = json.loads(body)
        wanted = request.get("VersionId")
        with self.commit:
            if wanted is not None and str(wanted) != self.version(path, headers, request):
                message = "Update table failed due to concurrent modifications."
                return reply(400, {"__type": "ConcurrentModificationException", "Message": message})
            return self.forward("POST", path, headers, body)

    def version(self, path: str, headers: dict[str, str], request: dict[str, Any]) -> str | None:
        """The version of a table in moto."""
        asked = {"DatabaseName": request["DatabaseName"], "Name": request["TableInput"]["Name"]}
        body = json.dumps(asked).encode()
        as_get = {**headers, "X-Amz-Target": "AWSGlue.GetTable", "Content-Length": str(len(body))}
        status, _, text = self.forward("POST", path, as_get, body)
        return str(json.loads(text)["Table"]["VersionId"]) if status == 200 else None

    def forward(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """The same call to moto."""
        connection = http.client.HTTPConnection(self.moto.hostname or LOOPBACK, self.moto.port, timeout=300)
        try:
            connection.request(method, path, body, {**headers, "Connection": "close"})
            response = connection.getresponse()
            kept = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
            return response.status, kept, response.read()
        finally:
            connection.close()


def reply(status: int, body: dict[str, Any]) -> Answer:
    """An answer of our own, in the protocol of Athena and Glue."""
    return status, [("Content-Type", JSON)], json.dumps(body).encode()


def serve(port: int, front: Front) -> None:
    """Answer calls until the process is ended; a thread for each connection."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, text = front.answer(self.command, self.path, titled(self.headers.items()), body)
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PUT = do_DELETE = do_HEAD = do_POST  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Only errors are worth a line, and they have their own."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128
        address_family = socket.AF_INET

    Server((LOOPBACK, port), Handler).serve_forever()


def titled(headers: Any) -> dict[str, str]:
    """Header names in one spelling, whichever the client uses."""
    return {name.title(): value for name, value in headers}


def main() -> None:
    """Serve on the first port given, with Trino on the second; moto is where AWS_ENDPOINT_URL leads."""
    port, trino_port, moto = int(sys.argv[1]), int(sys.argv[2]), os.environ["AWS_ENDPOINT_URL"]
    os.environ["AWS_ENDPOINT_URL_GLUE"] = f"http://{LOOPBACK}:{port}"
    serve(port, Front(trino_port, moto))


if __name__ == "__main__":
    main()
