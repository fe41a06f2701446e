"""Files to land that lie in a bucket."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from ingestion.lander import land as lander
from ingestion.lander import sources
from ingestion.storage import StorageError
from tests.engines.base import CHECKOUT
from tests.ingestion.helpers import ARRIVED_AT, STREAMS, everything, land_one, settings_of, write


@pytest.fixture
def exports(bucket: str) -> str:
    """An address with two files of one day, one of another, and something else beside them."""
    name, _, prefix = bucket.removeprefix("s3://").partition("/")
    texts = {"2026-01-30/a.csv": "u1,t1", "2026-01-30/b.csv": "u2,t2", "2026-01-31/c.csv": "u3,t3"}
    for key, row in texts.items():
        body = f"{STREAMS}{row},2026-01-30 10:00:00\n".encode()
        boto3.client("s3").put_object(Bucket=name, Key=f"{prefix}/exports/{key}", Body=body)
    boto3.client("s3").put_object(Bucket=name, Key=f"{prefix}/exports/2026-01-30/_SUCCESS", Body=b"")
    return f"{bucket}/exports"


def test_addresses_are_expanded(exports: str) -> None:
    found = sources.expand([f"{exports}/2026-01-*/*.csv", f"{exports}/2026-01-30/a.csv"])
    assert [str(one) for one in found] == [
        f"{exports}/{name}" for name in ("2026-01-30/a.csv", "2026-01-30/b.csv", "2026-01-31/c.csv")
    ]
    with pytest.raises(sources.SourceError, match="no such file"):
        sources.expand([f"{exports}/nothing.csv"])
    with pytest.raises(sources.SourceError, match=r"say which files, as in .*/exports/\*\.csv"):
        sources.expand([f"{exports}/"])


def test_without_boto3_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    script = "import sys; sys.modules['boto3'] = None; from ingestion.cli import app; app(['status'])"
    environment = os.environ | {"MEDIA_RAW": "s3://bucket/zone"}
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "s3:// needs the package boto3, which is not installed here; `python3 bootstrap.py install`" in done.stderr


def test_a_zone_in_a_bucket_that_does_not_exist(tmp_path: Path, bucket: str) -> None:
    settings = settings_of(tmp_path / "home", MEDIA_RAW="s3://nope/zone")
    with pytest.raises(StorageError, match=r"s3://nope/zone.*the bucket does not exist; create it"):
        land_one(settings, write(tmp_path, "a.csv", STREAMS))


def test_a_file_in_a_bucket_lands_as_one_on_a_disk(tmp_path: Path, exports: str) -> None:
    settings = settings_of(tmp_path / "home")
    (outcome,) = lander.land(
        settings, sources.expand([f"{exports}/2026-01-30/a.csv"]), lander.Options(arrived_at=ARRIVED_AT)
    )
    assert (outcome.status, str(outcome.path)) == (lander.LANDED, f"{exports}/2026-01-30/a.csv")
    other = settings_of(tmp_path / "other")
    same = land_one(other, write(tmp_path, "a.csv", STREAMS + "u1,t1,2026-01-30 10:00:00\n"))
    assert outcome.manifest == same
    assert everything(settings) == everything(other)
    assert not list(settings.scratch.rglob("a.csv"))
