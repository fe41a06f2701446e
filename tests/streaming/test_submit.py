"""The job under spark-submit, with executors that are processes of their own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ingestion.settings import CHECKOUT
from streaming.jars import classpath
from streaming.session import KAFKA_JARS
from tests.engines.kafka import Broker
from tests.ingestion.helpers import manifests, rows, settings_of
from tests.streaming.both import listen
from tests.streaming.jobs import produce, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("spark")]

#: Two executors of one core each, on this machine.
MASTER, EXECUTORS = "local-cluster[2,1,1024]", 2


def test_executors_land_each_event_once(broker: Broker, tmp_path: Path) -> None:
    broker.create_topic("submitted", 4)
    produce(broker, "submitted", map(listen, range(4_000)))
    submit = [str(Path(sys.executable).with_name("spark-submit")), "--master", MASTER]
    submit += ["--jars", ",".join(map(str, classpath(KAFKA_JARS))), str(CHECKOUT / "streaming" / "job.py")]
    options = ["--topic", "submitted=streams", "--once", "--max-records", "1500", "--parts", "4"]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYSPARK_PYTHON", sys.executable)
        code, said = run(tmp_path, broker, words=[*submit, *options])
    assert code == 0, said[-3000:]
    found = manifests(settings_of(tmp_path))
    assert len(found) >= 3
    users = [row["user_id"] for one in found for row in rows(settings_of(tmp_path), one.files, "user_id", "user_id")]
    assert sorted(users) == sorted(f"u{number}" for number in range(4_000) if number % 10)
    assert sum(one.rows_quarantined for one in found) == 400
    assert max(len(one.files) for one in found) > EXECUTORS
