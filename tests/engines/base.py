"""What a local engine is: processes on free loopback ports, a health check, the environment that points at them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"


class EngineError(RuntimeError):
    """An engine that did not start or did not answer; the message names the log to read."""


@dataclass
class Server:
    """One process of ours, stopped by its process id and by nothing else."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self, patience_seconds: float = 10) -> None:
        """End the process: politely first, then not."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(patience_seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


@dataclass
class Engine:
    """A running engine: the dbt target it serves, its processes, and the environment variables that lead there.

    `seconds_to_start` is the time until the health check passed.
    """

    target: str
    environment: dict[str, str]
    servers: list[Server]
    folder: Path
    seconds_to_start: float = 0.0
    cleanup: list[Callable[[], None]] = field(default_factory=list)

    def stop(self) -> None:
        """Stop the processes, the last started first."""
        for server in reversed(self.servers):
            server.stop()
        for action in self.cleanup:
            action()


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def start_server(
    name: str,
    command: Sequence[str],
    folder: Path,
    healthy: Callable[[], bool],
    *,
    environment: dict[str, str] | None = None,
    patience_seconds: float = 90,
    process: dict[str, Any] | None = None,
) -> Server:
    """Start `command` with its output in `folder/<name>.log` and wait until `healthy()` says so.

    process: further arguments of subprocess.Popen, such as the account to run as.

    Raises:
        EngineError: it ended, or was not healthy in time; it is stopped then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        started = subprocess.Popen(
            list(command),
            stdout=output,
            stderr=subprocess.STDOUT,
            **({"cwd": folder, "env": {**os.environ, **(environment or {})}} | (process or {})),
        )
    server = Server(name, started, log)
    try:
        wait_until(healthy, patience_seconds, server)
    except BaseException:
        server.stop()
        raise
    return server


def wait_until(healthy: Callable[[], bool], patience_seconds: float, server: Server) -> None:
    """Ask `healthy()` until it is true; a refused connection counts as not yet."""
    end = time.monotonic() + patience_seconds
    while time.monotonic() < end:
        if server.process.poll() is not None:
            raise EngineError(f"{server.name} ended with code {server.process.returncode}: {last_lines(server.log)}")
        try:
            if healthy():
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise EngineError(f"{server.name} was not ready in {patience_seconds:.0f} s: {last_lines(server.log)}")


def answers(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    with socket.create_connection((LOOPBACK, port), timeout=1):
        return True


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a log with its path, for an error message."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return f"see {log}\n" + "\n".join(text.splitlines()[-count:])


def ended_by_sigterm() -> None:
    """Make SIGTERM an exit of this program, so that what it has started is stopped."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


@contextmanager
def stopped_at_end(engine: Engine) -> Iterator[Engine]:
    """The engine, stopped when the block ends however it ends."""
    try:
        yield engine
    finally:
        engine.stop()
