"""Redshift's stand-in: PostgreSQL 18 behind a proxy that speaks, and refuses, as Redshift does.

What it proves and what it does not: docs/engines/redshift.md.
"""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from tests.engines.base import CHECKOUT, LOOPBACK, Engine, answers, free_port, start_server
from tests.engines.redshift import postgres


def start(folder: Path, environment: dict[str, str]) -> Engine:
    """Start PostgreSQL and the proxy; `environment` says where S3 is, from which COPY reads."""
    started = time.monotonic()
    home = postgres.make_home()
    postgres_port, port = free_port(), free_port()
    engine = Engine("redshift", {}, [], folder, cleanup=[lambda: shutil.rmtree(home, ignore_errors=True)])
    try:
        engine.servers.append(postgres.start(home, postgres_port, folder))
        proxy = [sys.executable, "-m", "tests.engines.redshift.proxy", str(port), str(postgres_port)]
        engine.servers.append(
            start_server(
                "proxy", proxy, folder, lambda: answers(port), environment=environment | {"PYTHONPATH": str(CHECKOUT)}
            )
        )
    except BaseException:
        engine.stop()
        raise
    engine.environment |= {
        "REDSHIFT_HOST": LOOPBACK,
        "REDSHIFT_PORT": str(port),
        "REDSHIFT_USER": postgres.USER,
        "REDSHIFT_PASSWORD": postgres.PASSWORD,
        "REDSHIFT_DATABASE": postgres.DATABASE,
        "REDSHIFT_SSLMODE": "disable",
    }
    engine.seconds_to_start = time.monotonic() - started
    return engine
