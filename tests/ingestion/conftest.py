from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingestion.settings import Settings
from tests.engines import aws
from tests.engines.base import Engine, stopped_at_end
from tests.ingestion.helpers import settings_of


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """S3 on loopback."""
    with stopped_at_end(aws.start(tmp_path_factory.mktemp("s3"))) as engine:
        yield engine


@pytest.fixture
def bucket(s3: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty place of this test in a bucket, as MEDIA_RAW takes it; the environment leads there and nowhere else."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "no_such_file"))
    for name, value in s3.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    return f"s3://{aws.BUCKET}/{uuid.uuid4().hex}"


@pytest.fixture(params=["folder", "bucket"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """A home of this test, once with the zone in a folder and once in a bucket: what a test says holds in both."""
    if request.param == "folder":
        return settings_of(tmp_path / "home")
    return settings_of(tmp_path / "home", MEDIA_RAW=request.getfixturevalue("bucket"))
