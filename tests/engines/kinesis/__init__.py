"""A Kinesis that splits and merges shards (npm kinesis-local, one Node process); moto serves for volume.

It is fetched by its lock with an integrity hash. What it proves and what it does not: docs/engines/kinesis.md.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from streaming.jars import cache, publish
from tests.engines import aws
from tests.engines.base import LOOPBACK, Engine, EngineError, answers, free_port, start_server

HERE = Path(__file__).parent
LOCK = HERE / "package-lock.json"


def start(folder: Path, environment: dict[str, str]) -> Engine:
    """Start it; it needs no other engine.

    Raises:
        EngineError: no Node or npm, or it did not come up.
    """
    started = time.monotonic()
    port, unused = free_port(), free_port()
    installed = fetch()
    settings = {
        "KINESIS_MOCK_PLAIN_PORT": str(port),
        "KINESIS_MOCK_TLS_PORT": str(unused),
        "LOG_LEVEL": "WARN",
        "AWS_REGION": aws.REGION,
        "SHARD_LIMIT": "1000",
        **dict.fromkeys(("CREATE_STREAM_DURATION", "SPLIT_SHARD_DURATION", "MERGE_SHARDS_DURATION"), "50ms"),
    }
    # It looks for its certificate in the folder where it runs.
    server = start_server(
        "kinesis", [node(), str(installed / "main.js")], folder, lambda: answers(port), environment=settings,
        process={"cwd": installed},
    )  # fmt: skip
    leads_here = {
        **aws.credentials(f"http://{LOOPBACK}:{port}"),
        "AWS_ENDPOINT_URL_KINESIS": f"http://{LOOPBACK}:{port}",
    }
    leads_here.pop("AWS_ENDPOINT_URL")
    # It does not listen to SIGTERM.
    return Engine("kinesis", leads_here, [], folder, time.monotonic() - started, [lambda: server.stop(0.2)])


def node() -> str:
    """The path of Node."""
    found = shutil.which("node")
    if found is None:
        raise EngineError("node is not on the PATH: the local Kinesis needs Node 20 or newer, with npm")
    return found


def fetch() -> Path:
    """The folder of the package as the lock has it, from the cache or by npm."""
    folder = cache() / f"kinesis-local-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]}"
    package = folder / "node_modules" / "kinesis-local"
    if (package / "main.js").is_file():
        return package
    npm = shutil.which("npm")
    if npm is None:
        raise EngineError("npm is not on the PATH: it fetches the local Kinesis once")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".kinesis-", dir=folder.parent) as temporary:
        fresh = Path(temporary, "fresh")
        fresh.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, fresh)
        done = subprocess.run(
            [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=fresh, capture_output=True, text=True
        )
        if done.returncode:
            raise EngineError(f"npm could not fetch the local Kinesis:\n{(done.stdout + done.stderr)[-2000:]}")
        publish(fresh, folder)
    return package
