"""Both sinks under kills: what lies in S3 is what Snowflake's stand-in has, each batch once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from unittest import mock

import pytest

from ingestion.settings import Settings, load_settings
from streaming.metrics import Metrics
from streaming.settings import StreamError
from streaming.snowflake import SnowflakeSink
from tests.engines.kafka import Broker
from tests.streaming.both import Both, both
from tests.streaming.chaos import KILLS, kill, recovered, snowflake_away
from tests.streaming.jobs import events

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.usefixtures("spark")]

#: In a load, with the ledger's rows copied and not those of the input; with both copied and not committed.
DEATHS = ("between the ledger's COPY and that of the rows", "before Snowflake's commit")


@pytest.fixture(scope="module")
def job(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    with both(tmp_path_factory.mktemp("both"), broker) as job:
        yield job


@pytest.mark.parametrize("death", DEATHS)
def test_both_sinks_have_each_batch_once_whatever_is_killed(job: Both, death: str) -> None:
    counts = recovered(job, partial(kill, die=KILLS[death]))
    assert counts["quarantined"] == job.produced // 10


def test_while_snowflake_is_away_the_raw_zone_goes_on(job: Both) -> None:
    recovered(job, partial(snowflake_away, seconds=10))


def test_a_load_that_fails_is_tried_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And the end says what is left where."""
    settings = Settings(**{**vars(load_settings()), "home": tmp_path, "raw": "s3://bucket/zone"})
    with mock.patch.multiple("streaming.snowflake", load_command=lambda _: ["false"], PAUSES_SECONDS=(0.1,)):
        sink = SnowflakeSink(settings, 0.1, Metrics())
        sink.start()
        time.sleep(0.5)
        with pytest.raises(StreamError, match=r"are in s3://.* but not yet in Snowflake"):
            sink.close()
    assert len(events(capsys.readouterr().err, "load_failed")) >= 2


def test_snowflake_loads_from_s3_only(tmp_path: Path) -> None:
    with pytest.raises(StreamError, match="Snowflake loads from S3, but MEDIA_RAW is"):
        SnowflakeSink(Settings(**{**vars(load_settings()), "raw": tmp_path}), 1, Metrics())
