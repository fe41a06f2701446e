#!/usr/bin/env python3
"""Makes the project's environment (.venv) from a lock with hashes, then runs one of its commands.

Standard library only: `python3 bootstrap.py demo` works on a fresh clone with Python 3.11 to 3.13 and nothing else.
The Makefile is a thin alias. The file keeps to syntax that old interpreters read, so that they can say what is wrong.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
# What cannot share an environment with the rest: the Snowflake stand-in of the local engines.
APART = ROOT / ".venv-apart"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")
STAMP = VENV / "bootstrap.stamp"

PIP = ("-m", "pip", "--disable-pip-version-check")

OLDEST, NEWEST = (3, 11), (3, 13)
LOCKS = ("newcomer", "everything", "apart")
LOCK_OPTIONS = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-emit-index-url", "--no-header")
LINTED_SQL = ("models", "analyses", "tests/dbt")
MADE = (".venv", ".venv-apart", "target", "logs", "dist", ".pytest_cache", ".ruff_cache", ".mypy_cache")

COMMANDS = {
    "demo": "generate two weeks of data, land it, build, print KPIs, write the docs page",
    "stream-demo": "a local Kafka, a producer, the Spark job, live counts, then the build and KPIs (needs Java 17)",
    "chaos": "the stream under kills and outages, with a table of what held (half an hour; needs Java 17)",
    "test": "lint, then every test (further options go to pytest: -k contract)",
    "test-fast": "the tests not marked slow, without lint",
    "install": "the whole environment and nothing else: adapters of the warehouses, S3, tools of the tests",
    "lint": "ruff, mypy, sqlfluff",
    "engines": "run a command against local engines: engines snowflake -- dbt build --target snowflake",
    "parity": "build everything on every target and certify, table by table, whether the rows are equal",
    "bench": "benchmarks (minutes; never part of the tests)",
    "locks": "compile locks/*.in again, keeping what still fits (--upgrade takes the newest)",
    "clean": "remove the environment and everything built (--data: the data folder .media too)",
}
#: Commands that are programs beside the tests.
MODULES = {
    "stream-demo": "tests.streaming.demo",
    "chaos": "tests.streaming.chaos",
    "engines": "tests.engines",
    "parity": "tests.parity",
}


# --- The interpreter -------------------------------------------------------------------------------------------------


def require_python() -> None:
    """Go on with a Python this project runs on: this one, else one found on PATH, else say what to install."""
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        other = shutil.which(f"python3.{minor}")
        if other and subprocess.call([other, "-c", ""], stderr=subprocess.DEVNULL) == 0:
            sys.exit(subprocess.call([other, str(ROOT / "bootstrap.py"), *sys.argv[1:]]))
    sys.exit(
        f"Python 3.11, 3.12 or 3.13 is needed; {sys.executable} is {sys.version.split()[0]} and none of python3.13, "
        "python3.12, python3.11 is on PATH. Install one of them and run: python3.13 bootstrap.py demo"
    )


# --- The environment -------------------------------------------------------------------------------------------------


def fingerprint(lock: str) -> str:
    """What an environment made from `lock` depends on: the lock, the project's own metadata, and where it stands."""
    digest = hashlib.sha256()
    for part in ((ROOT / "locks" / f"{lock}.lock").read_bytes(), (ROOT / "pyproject.toml").read_bytes(), bytes(ROOT)):
        digest.update(hashlib.sha256(part).digest())
    return f"{lock} {digest.hexdigest()}"


def installed() -> str:
    """The fingerprint of the environment that stands, "" if there is none that was finished."""
    return STAMP.read_text(encoding="utf-8").strip() if STAMP.is_file() and PYTHON.exists() else ""


def due(wanted: str, stamp: str) -> str:
    """The lock to install so that `wanted` is served, "" if nothing has to be done.

    An environment of everything serves the newcomer too and is never narrowed.
    """
    lock = "everything" if stamp.startswith("everything ") else wanted
    return "" if stamp == fingerprint(lock) else lock


def ensure(wanted: str, use_pip: bool) -> None:
    """Make .venv serve the lock `wanted` ("newcomer" or "everything"); instant when it already does."""
    stamp = installed()
    lock = due(wanted, stamp)
    if not lock:
        return
    started = time.monotonic()
    uv = "" if use_pip else shutil.which("uv") or ""
    # pip never removes what a lock dropped, so without uv only the step from a current newcomer's goes in place.
    in_place = PYTHON.exists() and (bool(uv) or stamp == fingerprint("newcomer"))
    STAMP.unlink() if STAMP.exists() else None
    if not in_place or not runs_from_here():
        create_venv(VENV, with_pip=not uv)
    if uv:
        install_with_uv(uv, PYTHON, lock)
        at = ("--python", str(PYTHON))
        run(uv, "pip", "install", "-q", *at, "--offline", "--no-deps", "--no-build-isolation", "-e", ".")
    else:
        install_with_pip(PYTHON, lock)
        run(str(PYTHON), *PIP, "install", "-q", "--no-index", "--no-deps", "--no-build-isolation", "-e", ".")
    STAMP.write_text(fingerprint(lock) + "\n", encoding="utf-8")
    print(f"environment .venv ({lock}): {time.monotonic() - started:.1f} s", flush=True)


def ensure_apart(use_pip: bool) -> None:
    """Make .venv-apart from its lock, without the project; instant when it stands."""
    stamp = APART / STAMP.name
    if stamp.is_file() and stamp.read_text(encoding="utf-8").strip() == fingerprint("apart"):
        return
    started = time.monotonic()
    uv = "" if use_pip else shutil.which("uv") or ""
    create_venv(APART, with_pip=not uv)
    if uv:
        install_with_uv(uv, python_of(APART), "apart")
    else:
        install_with_pip(python_of(APART), "apart")
    stamp.write_text(fingerprint("apart") + "\n", encoding="utf-8")
    print(f"environment .venv-apart: {time.monotonic() - started:.1f} s", flush=True)


def python_of(venv: Path) -> Path:
    """The interpreter of an environment."""
    return venv / PYTHON.relative_to(VENV)


def runs_from_here() -> bool:
    """Whether .venv was made in this folder: a copied or moved one has scripts that point elsewhere."""
    activate = BIN / ("activate.bat" if os.name == "nt" else "activate")
    return activate.is_file() and str(VENV) in activate.read_text(encoding="utf-8", errors="replace")


def create_venv(folder: Path, with_pip: bool) -> None:
    """Make an empty environment in place of one that stands; `with_pip` needs the standard library's ensurepip."""
    try:
        import venv

        if with_pip:
            import ensurepip  # noqa: F401  (Debian and Ubuntu ship it apart)
    except ImportError as missing:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        sys.exit(
            f"{sys.executable} cannot make environments ({missing}). On Debian or Ubuntu: "
            f"apt install python{version}-venv. Elsewhere: install a complete Python, or uv, and run this again."
        )
    venv.create(str(folder), with_pip=with_pip, clear=True, symlinks=os.name != "nt")


def install_with_uv(uv: str, python: Path, lock: str) -> None:
    """Bring an environment to exactly the lock."""
    hint = "If uv knows no package index here but pip does, run the same command with --pip."
    at = ("--python", str(python))
    run(uv, "pip", "sync", "-q", *at, "--require-hashes", f"locks/{lock}.lock", hint=hint)
    run(uv, "pip", "check", "-q", *at)


def install_with_pip(python: Path, lock: str) -> None:
    """Install the lock; --no-deps because a lock is complete and old pips stumble over extras."""
    hint = "pip needs a reachable package index; see `pip config list`."
    run(str(python), *PIP, "install", "-q", "--no-deps", "--require-hashes", "-r", f"locks/{lock}.lock", hint=hint)
    run(str(python), *PIP, "check")


# --- The commands ----------------------------------------------------------------------------------------------------


def environment() -> Dict[str, str]:
    """The caller's environment with this project's tools first on PATH, whatever else is activated."""
    result = dict(os.environ, VIRTUAL_ENV=str(VENV), DBT_SEND_ANONYMOUS_USAGE_STATS="0")
    result["PATH"] = str(BIN) + os.pathsep + result.get("PATH", "")
    result.pop("PYTHONHOME", None)
    return result


def run(*command: str, hint: str = "") -> None:
    """Run a command from the project's root; its failure ends the run with its exit code."""
    shown = " ".join((Path(command[0]).name, *command[1:]))
    print(f"+ {shown}", flush=True)
    code = subprocess.call(list(command), cwd=str(ROOT), env=environment())
    if code:
        print(f"failed (exit code {code}): {shown}\n{hint}".rstrip(), file=sys.stderr, flush=True)
        sys.exit(code if code > 0 else 1)


def python(*arguments: str) -> None:
    """Run the environment's Python."""
    run(str(PYTHON), *arguments)


def lint() -> None:
    """Style, types and SQL: everything that is decided without running a test."""
    python("-m", "ruff", "check", ".")
    python("-m", "ruff", "format", "--check", ".")
    python("-m", "mypy")
    python("-m", "sqlfluff", "lint", "--processes", "1", *(path for path in LINTED_SQL if (ROOT / path).is_dir()))


def compile_locks(extra: List[str]) -> None:
    """Compile the three locks; the newcomer's is held to the versions of everything, so that both agree."""
    uv = shutil.which("uv") or str(BIN / "uv")
    for name in ("everything", "newcomer", "apart"):
        held = ("-c", "locks/everything.lock") if name == "newcomer" else ()
        command = (uv, "pip", "compile", "-q", *LOCK_OPTIONS, *held, *extra)
        run(*command, f"locks/{name}.in", "-o", f"locks/{name}.lock")


def clean(extra: List[str]) -> None:
    """Remove what was made; data only when asked."""
    caches = [path for path in ROOT.rglob("__pycache__") if not {VENV, APART} & set(path.parents)]
    data = [ROOT / ".media"] if "--data" in extra else []
    for path in [ROOT / name for name in MADE] + caches + data:
        if path.is_dir():
            shutil.rmtree(str(path))
            print(f"removed {path.relative_to(ROOT)}")


def main() -> None:
    """Parse the command line and run one command."""
    require_python()
    parser = argparse.ArgumentParser(
        prog="bootstrap.py",
        description="Makes .venv from a lock with hashes, then runs a command. Nothing needs to be activated.",
        epilog="commands:\n" + "\n".join(f"  {name:<11} {text}" for name, text in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=list(COMMANDS), metavar="command", help="one of those below")
    parser.add_argument("--pip", action="store_true", help="install with pip even where uv is on PATH")
    options, extra = parser.parse_known_args()
    dispatch(options.command, extra, options.pip)


def dispatch(command: str, extra: List[str], use_pip: bool) -> None:
    """Run one of COMMANDS in the environment it needs; `extra` are the options it was not asked to understand."""
    if command == "clean":
        return clean(extra)
    started = time.monotonic()
    ensure("newcomer" if command == "demo" else "everything", use_pip)
    if command == "demo":
        python("-m", "ingestion.demo", *extra)
        print(f"\nFrom start to end: {time.monotonic() - started:.1f} s")
    elif command in MODULES:
        ensure_apart(use_pip)
        python("-m", MODULES[command], *extra)
    elif command == "bench":
        python("-m", "benchmarks", *extra)
    elif command == "locks":
        compile_locks(extra)
    elif command != "install":
        if command != "test-fast":
            lint()
        if command != "lint":
            ensure_apart(use_pip)
            # One worker a core; tests of one module stay together, but for the cases of the property test.
            chosen = ["-m", "not slow"] if command == "test-fast" else []
            python("-m", "pytest", "-n", "auto", "--dist", "loadscope", *chosen, *extra)
    return None


if __name__ == "__main__":
    main()
