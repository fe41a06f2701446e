"""moto's S3 and Glue on loopback: where the raw zone lies for every local engine, and the lake of Athena's."""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.engines.base import CHECKOUT, LOOPBACK, Engine, answers, free_port, start_server

REGION = "us-east-1"
BUCKET = "media-lake"
#: In the engine's folder, written by a test: {"every": 5, "seconds": 0.2} refuses each fifth request, by turns with 500
#: and with 503 SlowDown, and lets all wait so long.
FAULTS, FAULTS_FILE = "AWS_FAULTS", "faults.json"
REFUSALS = (("500 Internal Server Error", "InternalError"), ("503 Slow Down", "SlowDown"))


def start(folder: Path) -> Engine:
    """Start the server with one empty bucket `BUCKET`; `MEDIA_RAW` points into it."""
    import boto3

    started = time.monotonic()
    port = free_port()
    server = start_server(
        "aws", [sys.executable, "-m", "tests.engines.aws", str(port)], folder, lambda: answers(port),
        environment={"PYTHONPATH": str(CHECKOUT), FAULTS: str(folder / FAULTS_FILE)},
    )  # fmt: skip
    environment = {**credentials(f"http://{LOOPBACK}:{port}"), "MEDIA_RAW": f"s3://{BUCKET}/zone"}
    client = boto3.client(
        "s3", endpoint_url=environment["AWS_ENDPOINT_URL"], region_name=REGION,
        aws_access_key_id="testing", aws_secret_access_key="testing",
    )  # fmt: skip
    client.create_bucket(Bucket=BUCKET)
    return Engine("aws", environment, [server], folder, time.monotonic() - started)


def credentials(endpoint: str) -> dict[str, str]:
    """The variables with which boto3, pyarrow and DuckDB talk to `endpoint` alone, never to the cloud."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        # moto does not know the newer checksums of uploads.
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
    }


def serve(port: int) -> None:
    """Run moto in this process; one call at a time, because moto fails on a list beside a delete."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, run_simple

    WSGIRequestHandler.protocol_version = "HTTP/1.1"
    app = DomainDispatcherApplication(create_backend_app)
    lock = threading.Lock()
    file, requests = Path(os.environ[FAULTS]), itertools.count(1)

    def one_at_a_time(environ: dict[str, Any], start_response: Any) -> Any:
        faults = json.loads(file.read_text()) if file.exists() else {}
        time.sleep(faults.get("seconds", 0))
        with lock:
            if faults and not (number := next(requests)) % faults["every"]:
                status, code = REFUSALS[number // faults["every"] % 2]
                environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
                start_response(status, [("Content-Type", "application/xml")])
                told = f"<Error><Code>{code}</Code><Message>as a test wants it</Message></Error>".encode()
                return [told] if environ["REQUEST_METHOD"] != "HEAD" else []
            return app(environ, start_response)

    run_simple(LOOPBACK, port, one_at_a_time, threaded=True)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
