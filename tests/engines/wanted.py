"""Engines for the tests of a module: started, with the environment leading there; skipped where one cannot be had."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from streaming.jars import JarsError
from tests.engines import kafka, kinesis
from tests.engines.base import Engine, EngineError, stopped_at_end


@contextmanager
def a_broker(folder: Path) -> Iterator[kafka.Broker]:
    """A real Kafka broker without topics."""
    try:
        with kafka.running(folder) as broker:
            yield broker
    except JarsError as error:
        pytest.skip(f"no jars of Kafka: {str(error).splitlines()[0]}")


@contextmanager
def a_kinesis(folder: Path) -> Iterator[Engine]:
    """A Kinesis that splits and merges."""
    try:
        started = kinesis.start(folder, {})
    except EngineError as error:
        pytest.skip(str(error).splitlines()[0])
    with leading_to(started) as engine:
        yield engine


@contextmanager
def leading_to(started: Engine) -> Iterator[Engine]:
    """The environment leads to an engine, which is stopped at the end."""
    with stopped_at_end(started) as engine, pytest.MonkeyPatch.context() as environment:
        for name, value in engine.environment.items():
            environment.setenv(name, value)
        yield engine
