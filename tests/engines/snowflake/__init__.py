"""Snowflake's stand-in: fakesnow's server with our patches, behind the unmodified dbt-snowflake.

This module and `dying` run in the project's environment, the others in .venv-apart.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bootstrap import APART, python_of
from tests.engines.base import CHECKOUT, LOOPBACK, Engine, EngineError, answers, free_port, start_server

USER, PASSWORD, TOKEN, PASSPHRASE = "TESTER", "not-a-secret", "not-a-token-either", "nor-this"
#: Where dbt builds, and where the tests build KPIs from marts of the first.
DATABASES = ("MEDIA", "BI")
#: Snowflake itself waits for five minutes before it ends an idle transaction that is in the way of another.
IDLE_SECONDS = 10


def start(folder: Path, environment: dict[str, str]) -> Engine:
    """Start the server. `environment`: endpoint and credentials of the S3 on which stages lie.

    `folder/rsa_key.p8` is a private key (passphrase `PASSPHRASE`) with which `USER` may log in too.
    """
    python = python_of(APART)
    if not python.exists():
        raise EngineError(f"{python} is missing: `python3 bootstrap.py engines snowflake -- COMMAND` makes it")
    started = time.monotonic()
    port = free_port()
    options = ["--user", USER, "--password", PASSWORD, "--token", TOKEN, "--idle-seconds", str(IDLE_SECONDS)]
    options += ["--public-key", str(make_key_pair(folder))]
    options += [word for name in DATABASES for word in ("--database", name)]
    server = start_server(
        "snowflake", [str(python), "-m", "tests.engines.snowflake.server", str(port), *options], folder,
        lambda: answers(port), environment={**environment, "PYTHONPATH": str(CHECKOUT)},
    )  # fmt: skip
    settings = {
        "SNOWFLAKE_ACCOUNT": "local",
        "SNOWFLAKE_USER": USER,
        "SNOWFLAKE_PASSWORD": PASSWORD,
        "SNOWFLAKE_DATABASE": DATABASES[0],
        "SNOWFLAKE_HOST": LOOPBACK,
        "SNOWFLAKE_PORT": str(port),
        "SNOWFLAKE_PROTOCOL": "http",
    }
    return Engine("snowflake", settings, [server], folder, time.monotonic() - started)


def make_key_pair(folder: Path) -> Path:
    """Write `rsa_key.p8` (encrypted) and `rsa_key.pub`; the latter's path."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    folder.mkdir(parents=True, exist_ok=True)
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    locked = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (folder / "rsa_key.p8").write_bytes(private.private_bytes(pem, pkcs8, locked))
    public = private.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "rsa_key.pub").write_bytes(public)
    return folder / "rsa_key.pub"


def connect_to(environment: Mapping[str, str]) -> Any:
    """A session of snowflake-connector-python with the engine to which these settings lead; use it in a `with`."""
    import snowflake.connector

    return snowflake.connector.connect(
        account=environment["SNOWFLAKE_ACCOUNT"], user=USER, password=PASSWORD, host=LOOPBACK,
        port=int(environment["SNOWFLAKE_PORT"]), protocol="http", database=DATABASES[0], login_timeout=10,
    )  # fmt: skip
