"""The target as profiles/profiles.yml and the environment give it, read by dbt's own code."""

from __future__ import annotations

import os
import re
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from dbt.config.profile import Profile
from dbt.config.runtime import load_profile
from dbt.flags import set_from_args
from dbt_common.context import set_invocation_context
from dbt_common.events.event_manager_client import cleanup_event_logger
from dbt_common.exceptions import DbtBaseException

from ingestion.doctor.finding import Finding, note, ok, wrong
from ingestion.settings import CHECKOUT, SettingsError, project_root

PROFILES = Path("profiles/profiles.yml")
ENV_VAR = re.compile(r"""env_var\(\s*["']([A-Z0-9_]+)["'](?:\s*,\s*["']([^"']*)["'])?""")
#: What a default contains where there is none that could work.
UNSET = "not-set"
ENVIRONMENTS = ("dev", "staging", "prod")
#: Settings of which one has to be set, because it is what the target logs in with.
LOGINS = {"snowflake": ("SNOWFLAKE_PASSWORD", "SNOWFLAKE_PRIVATE_KEY_PATH", "SNOWFLAKE_TOKEN")}

#: By REDSHIFT_METHOD: what is not needed because IAM knows it.
SPARED = {"iam": ("REDSHIFT_PASSWORD",), "iam_role": ("REDSHIFT_USER", "REDSHIFT_PASSWORD")}


@dataclass(frozen=True)
class Chosen:
    """One output of the profile: its name, its text before rendering, and the environment."""

    name: str
    output: Mapping[str, Any]
    environment: Mapping[str, str]

    @property
    def adapter(self) -> str:
        return str(self.output["type"])

    @property
    def is_embedded(self) -> bool:
        return self.adapter == "duckdb"

    @property
    def is_unconfirmed_production(self) -> bool:
        """Whether nothing may be written here: see macros/ops/check_environment.sql."""
        given = self.environment
        return given.get("MEDIA_ENV") == "prod" and given.get("MEDIA_PROD_CONFIRMED") != "yes"

    def settings(self) -> dict[str, str]:
        """The environment variables that this output reads, with the value that each has now."""
        found = {name: default for text in _texts(self.output) for name, default in ENV_VAR.findall(text)}
        return {name: self.environment.get(name, default) for name, default in found.items()}

    def s3_places(self) -> dict[str, str]:
        """Settings of this output that are addresses in S3; none where only a role that it takes may use them."""
        given = self.settings()
        if given.get("ATHENA_ROLE_ARN"):
            return {}
        return {n: v.rstrip("/") for n, v in given.items() if v.startswith("s3://") and UNSET not in v}

    def rendered(self) -> Profile:
        """The profile as dbt takes it. Raises DbtBaseException where a value does not fit."""
        folder = project_root()
        set_invocation_context(self.environment)
        wanted = Namespace(profiles_dir=str(CHECKOUT / PROFILES.parent), project_dir=str(folder), target=self.name)
        set_from_args(wanted, {})
        cleanup_event_logger()
        return load_profile(str(folder), {}, None, self.name)


def load(target: str, environment: Mapping[str, str] | None = None) -> Chosen:
    """The output of that name. Raises SettingsError naming those that there are."""
    text = (CHECKOUT / PROFILES).read_text(encoding="utf-8")
    outputs = next(iter(yaml.safe_load(text).values()))["outputs"]
    if target not in outputs:
        raise SettingsError(f"target {target}: {PROFILES} has {', '.join(outputs)}")
    return Chosen(target, outputs[target], dict(os.environ if environment is None else environment))


def examine(chosen: Chosen) -> Iterator[Finding]:
    """The adapter is installed, every setting without a default is set, the environment exists, dbt takes it all."""
    if find_spec(f"dbt.adapters.{chosen.adapter}") is None:
        yield wrong("adapter", f"dbt-{chosen.adapter} is not installed; run: python3 bootstrap.py install")
        return
    yield from _environment(chosen)
    missing = list(_missing(chosen))
    for what in missing:
        yield wrong("settings", f"{what}; .env.example says more")
    if missing:
        return
    try:
        profile = chosen.rendered()
    except DbtBaseException as error:
        yield wrong("settings", str(error))
        return
    yield ok("settings", f"target {chosen.name}, schema {profile.credentials.schema}")


def _missing(chosen: Chosen) -> Iterator[str]:
    given = chosen.settings()
    spared = SPARED.get(given.get("REDSHIFT_METHOD", ""), ())
    yield from (f"{name} is not set" for name, value in given.items() if UNSET in value and name not in spared)
    logins = LOGINS.get(chosen.adapter, ())
    if logins and not any(given.get(name) for name in logins):
        yield f"none of {', '.join(logins)} is set"
    for name, value in given.items():
        if name.endswith("_PATH") and value and not Path(value).is_file():
            yield f"{name}={value}: there is no such file"


def _environment(chosen: Chosen) -> Iterator[Finding]:
    given = chosen.environment.get("MEDIA_ENV") or "dev"
    if given not in ENVIRONMENTS:
        yield wrong("environment", f"MEDIA_ENV={given}: the environments are {', '.join(ENVIRONMENTS)}")
    elif chosen.is_unconfirmed_production:
        yield note("environment", "MEDIA_ENV=prod: a build is refused unless MEDIA_PROD_CONFIRMED=yes is set")


def _texts(value: Any) -> Iterator[str]:
    """Every text in a piece of YAML."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, str):
        yield value
