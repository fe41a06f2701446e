"""Both sinks under kills: what lies in S3 is what Snowflake's stand-in has, each batch once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from ingestion.settings import Settings, load_settings
from streaming.metrics import Metrics
from streaming.settings import StreamError
from streaming.snowflake import SnowflakeSink
from tests.engines import aws
from tests.engines import snowflake as stand_in
from tests.engines.base import Engine, stopped_at_end
from tests.engines.kafka import Broker
from tests.ingestion.helpers import manifests
from tests.streaming.jobs import events, produce, run
from tests.streaming.test_job import listen

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

RAW = "media.media_dev_raw"
JOB = (
    "--topic",
    "streams",
    "--once",
    "--max-records",
    "400",
    "--sink",
    "s3",
    "--sink",
    "snowflake",
    "--load-every",
    "1",
)
#: In a load, with the ledger's rows copied and not those of the input; with both copied and not committed.
DEATHS = ("sql:copy into media.media_dev_raw.streams_row", "sql:commit")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    folder = tmp_path_factory.mktemp("engines")
    with (
        stopped_at_end(aws.start(folder / "aws")) as storage,
        stopped_at_end(stand_in.start(folder / "snowflake", storage.environment)) as engine,
    ):
        engine.environment.update({**storage.environment, **engine.environment})
        yield engine


def in_snowflake(environment: Mapping[str, str]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """The ledger and the rows by batch."""
    with stand_in.connect_to(environment) as connection:
        cursor = connection.cursor()
        ledger = cursor.execute(f"select batch_id, rows_accepted from {RAW}.batch order by batch_id").fetchall()
        rows = cursor.execute(f"select batch_id, count(*) from {RAW}.streams group by batch_id order by batch_id")
        return ledger, rows.fetchall()


def test_both_sinks_have_each_batch_once(engine: Engine, broker: Broker, tmp_path: Path) -> None:
    broker.create_topic("streams", 2)
    raw = engine.environment["MEDIA_RAW"]
    job = (*JOB, "--checkpoint", f"s3a://{aws.BUCKET}/checkpoints")
    made = 0
    with mock.patch.dict("os.environ", engine.environment):
        for death in DEATHS:
            produce(broker, "streams", (listen(i) for i in range(made, made + 500)))
            made += 500
            code, said = run(tmp_path, broker, *job, die=death, raw=raw)
            assert code == -9, f"{death}: the job was not killed\n{said[-3000:]}"
        code, said = run(tmp_path, broker, *job, raw=raw)
        assert code == 0, said[-3000:]
        assert events(said, "loaded")
        found = manifests(Settings(**{**vars(load_settings()), "raw": raw}))
    assert sum(one.rows_read for one in found) == made
    assert sum(one.rows_quarantined for one in found) == made // 10
    ledger, rows = in_snowflake(engine.environment)
    landed = sorted((one.batch_id, one.rows_accepted) for one in found)
    assert ledger == rows == landed


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
