"""`media doctor` on the local engines: nothing is wrong, and each wrong setting is told by its own line."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from ingestion.doctor import WRONG, examine
from ingestion.settings import load_settings
from streaming.jars import JarsError
from tests.engines import aws
from tests.engines.base import Engine, stopped_at_end

pytestmark = pytest.mark.slow
#: By engine: a setting, a wrong value, and what the one wrong line has to say.
CASES = {
    "snowflake": [
        ("SNOWFLAKE_PASSWORD", "wrong", "connection: credentials refused: check SNOWFLAKE_USER and SNOWFLAKE_PASSWORD"),
        ("SNOWFLAKE_DATABASE", "NOPE", "create schema NOPE.media_dev_doctor"),
        ("MEDIA_RAW", "s3://nope/zone", "raw zone: s3://nope/zone: the bucket does not exist"),
    ],
    "redshift": [
        ("REDSHIFT_PASSWORD", "wrong", "connection: credentials refused: check REDSHIFT_USER and its password"),
        ("REDSHIFT_DATABASE", "nope", "connection: check REDSHIFT_DATABASE"),
    ],
    "athena": [
        ("ATHENA_DATA_DIR", "s3://nope/tables/", "ATHENA_DATA_DIR: s3://nope/tables: the bucket does not exist"),
        ("AWS_ACCESS_KEY_ID", "", "S3: s3://media-lake/zone: no credentials"),
        ("AWS_ENDPOINT_URL_ATHENA", "http://127.0.0.1:9", "connection: no answer: check AWS_REGION"),
    ],
}


@pytest.fixture(scope="module", params=CASES)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One engine over S3; its environment has the variables of both."""
    folder = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        storage = stack.enter_context(stopped_at_end(aws.start(folder / "aws")))
        try:
            module = importlib.import_module(f"tests.engines.{request.param}")
            started = stack.enter_context(stopped_at_end(module.start(folder / request.param, storage.environment)))
        except JarsError as error:
            pytest.skip(f"no jars of Trino: {str(error).splitlines()[0]}")
        started.environment = {**storage.environment, **started.environment}
        yield started


def test_wrong_settings_are_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in engine.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    assert wrong(engine) == []
    for name, value, says in CASES[engine.target]:
        with monkeypatch.context() as changed:
            changed.setenv(name, value) if value else changed.delenv(name)
            (line,) = wrong(engine)
        assert says in line
    assert wrong(engine) == [], "a probe was left behind"


def test_production_is_not_probed(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**engine.environment, "MEDIA_ENV": "prod"}.items():
        monkeypatch.setenv(name, value)
    states = {one.check: one.state for one in examine(load_settings(), engine.target)}
    assert (states["connection"], states["privileges"]) == ("ok", "note")


def wrong(engine: Engine) -> list[str]:
    """The lines of what is wrong."""
    return [f"{one.check}: {one.message}" for one in examine(load_settings(), engine.target) if one.state == WRONG]
