"""A broker for the tests of a module."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from streaming.jars import JarsError, fetch
from tests.engines.kafka import Broker, running


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real Kafka broker without topics."""
    if shutil.which("java") is None:
        pytest.skip("the stream needs Java 17")
    try:
        fetch("spark-kafka")
        with running(tmp_path_factory.mktemp("kafka")) as broker:
            yield broker
    except JarsError as error:
        pytest.skip(f"no jars of Kafka: {str(error).splitlines()[0]}")
