"""Trino 476 behind an Athena API: what dbt-athena talks to when there is no account. It is not Athena.

Three processes: moto's S3 and Glue (tests.engines.aws), Trino, and a front that answers the calls of the Athena API by
running the statements on Trino, and passes Glue's on to moto. See docs/engines/athena.md for what this proves.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tests.engines.athena import trino
from tests.engines.base import CHECKOUT, LOOPBACK, Engine, answers, free_port, start_server

BUCKET = "media-lake"


def start(folder: Path, environment: dict[str, str]) -> Engine:
    """Start Trino and the front over the S3 and Glue of `environment`.

    Raises:
        JarsError: Trino's jars could not be had.
        EngineError: a process did not come up; the message names its log.
    """
    started = time.monotonic()
    trino_port, front_port = free_port(), free_port()
    server = trino.start(folder, trino_port, front_port, environment)
    try:
        front = start_server(
            "athena-front",
            [sys.executable, "-m", "tests.engines.athena.front", str(front_port), str(trino_port)],
            folder,
            lambda: answers(front_port),
            environment={**environment, "PYTHONPATH": str(CHECKOUT)},
        )
        trino.wait_until_started(trino_port, server)
    except BaseException:
        server.stop()
        raise
    endpoint = f"http://{LOOPBACK}:{front_port}"
    leads_here = {
        "AWS_ENDPOINT_URL_ATHENA": endpoint,
        "AWS_ENDPOINT_URL_GLUE": endpoint,
        "ATHENA_STAGING_DIR": f"s3://{BUCKET}/athena-results/",
        "ATHENA_DATA_DIR": f"s3://{BUCKET}/warehouse/",
    }
    return Engine("athena", leads_here, [server, front], folder, time.monotonic() - started)
