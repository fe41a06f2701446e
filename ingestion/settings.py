"""Settings: the environment variables that the project reads, with defaults that work.

`.env.example` lists the same names. Nothing else in `ingestion/` reads the environment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ingestion.storage import S3_SCHEME

CHECKOUT = Path(__file__).resolve().parent.parent
PROJECT_FILE = "dbt_project.yml"
#: The default target of profiles/profiles.yml; `duckdb` is the other one that needs no account.
LAKE = "lake"


class SettingsError(ValueError):
    """A setting has a value that cannot be used; the message names the setting."""


@dataclass(frozen=True)
class Settings:
    """What the command line needs to know about its surroundings.

    home: folder that holds everything written; raw: root of `raw/`, `quarantine/` and `processing-metadata/`, a folder
    or the text s3://bucket/prefix; target: where dbt builds unless told otherwise; pii_key: key for HMAC-SHA256 of
    identifiers, None = leave them;
    memory_limit: what DuckDB may hold, the rest of the process comes on top; threads: DuckDB's (a second one
    costs 40 % more CPU time for a landing and saves little, because the reading is one stream);
    lake_warehouse: location of the Iceberg tables, such as file:///data/lake or s3://bucket/lake; lake_endpoint and
    lake_token: another Iceberg REST catalogue than our own ("": our own), where lake_warehouse is the name it gives.
    """

    home: Path
    raw: Path | str
    target: str
    pii_key: str | None
    memory_limit: str
    threads: int
    lake_warehouse: str
    lake_endpoint: str
    lake_token: str

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that dbt builds into; marts and KPIs of the target `lake` are views in it."""
        return self.home / "warehouse.duckdb"

    @property
    def lake(self) -> Path:
        """What the target `lake` keeps on this machine: the catalogue, and by default the tables."""
        return self.home / "lake"

    @property
    def scratch(self) -> Path:
        """Where DuckDB spills and landings are staged; safe to delete when nothing runs."""
        return self.home / "tmp"


def project_root(cwd: Path | None = None) -> Path:
    """The current folder if it holds dbt_project.yml, else the root of this checkout."""
    here = (cwd or Path.cwd()).resolve()
    return here if (here / PROJECT_FILE).is_file() else CHECKOUT


def load_settings(env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Settings:
    """Read MEDIA_HOME, MEDIA_RAW, MEDIA_TARGET, MEDIA_PII_KEY, MEDIA_MEMORY_LIMIT, MEDIA_THREADS and MEDIA_LAKE_*.

    Relative folders count from the project's root. Raises SettingsError naming the setting.
    """
    env = os.environ if env is None else env
    root = project_root(cwd)
    home = _folder("MEDIA_HOME", env.get("MEDIA_HOME") or ".media", root)
    raw = _zone("MEDIA_RAW", env.get("MEDIA_RAW") or str(home), root)
    return Settings(
        home=home,
        raw=raw,
        target=env.get("MEDIA_TARGET") or LAKE,
        pii_key=env.get("MEDIA_PII_KEY") or None,
        memory_limit=_memory(env.get("MEDIA_MEMORY_LIMIT") or "400MB"),
        threads=_threads(env.get("MEDIA_THREADS") or "1"),
        lake_warehouse=_location(env.get("MEDIA_LAKE_WAREHOUSE") or str(home / "lake" / "tables"), env, root),
        lake_endpoint=env.get("MEDIA_LAKE_ENDPOINT") or "",
        lake_token=env.get("MEDIA_LAKE_TOKEN") or "",
    )


def _zone(name: str, value: str, root: Path) -> Path | str:
    if not value.startswith(S3_SCHEME):
        return _folder(name, value, root)
    if not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/\s'*?\[]+)*/?", value):
        raise SettingsError(f"{name}={value}: give s3://bucket/prefix, without blanks, quotes and wildcards")
    return value.rstrip("/")


def _folder(name: str, value: str, root: Path) -> Path:
    if "://" in value:
        raise SettingsError(f"{name}={value}: give a folder{' or s3://bucket/prefix' if name == 'MEDIA_RAW' else ''}")
    path = (root / Path(value).expanduser()).resolve()
    if path.exists() and not path.is_dir():
        raise SettingsError(f"{name}={value}: this is a file, not a folder")
    return path


def _location(value: str, env: Mapping[str, str], root: Path) -> str:
    """A folder as file: address; an address of S3 stays, and so does a name that another catalogue gives."""
    if "://" in value or env.get("MEDIA_LAKE_ENDPOINT"):
        return value.rstrip("/")
    return f"file://{_folder('MEDIA_LAKE_WAREHOUSE', value, root)}"  # as DuckDB and Iceberg write it: nothing escaped


def _memory(value: str) -> str:
    if not re.fullmatch(r"\d+(\.\d+)?\s*[KMGT]i?B", value):
        raise SettingsError(f"MEDIA_MEMORY_LIMIT={value}: give a size such as 400MB or 1GB")
    return value


def _threads(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise SettingsError(f"MEDIA_THREADS={value}: give a whole number from 1 on")
    return int(value)
