"""Engines for the tests of a module."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping

import pytest

from streaming.jars import JarsError, fetch
from tests.engines import aws
from tests.engines.kafka import Broker
from tests.engines.wanted import a_broker, leading_to


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A real Kafka broker without topics."""
    with a_broker(tmp_path_factory.mktemp("kafka")) as broker:
        yield broker


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    """moto's services; the environment that leads there."""
    with leading_to(aws.start(tmp_path_factory.mktemp("aws"))) as engine:
        yield engine.environment


@pytest.fixture(scope="session")
def spark() -> None:
    """What Spark needs of this machine."""
    if shutil.which("java") is None:
        pytest.skip("the stream needs Java 17")
    try:
        fetch("spark-kafka")
    except JarsError as error:
        pytest.skip(f"no jars of Spark's connector: {str(error).splitlines()[0]}")
