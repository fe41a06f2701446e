"""What a running query of Spark says of itself."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from pyspark.errors import StreamingQueryException
from pyspark.sql.streaming.query import StreamingQuery

from streaming.settings import StopRequestedError, StreamError

#: Spark's word for a query whose source had nothing new when it was asked.
IDLE = "Waiting for data to arrive"
PYTHON_ERROR = re.compile(r"(?!java|org\.)[A-Za-z_][\w.]*(Error|Exception): ")


def is_idle(query: StreamingQuery) -> bool:
    """Has the source just said that there is nothing new?"""
    return bool(query.status["message"] == IDLE)


@dataclass(frozen=True)
class Report:
    """What Spark tells of one batch: its sources, and the rows that its state made it leave out."""

    sources: list[dict[str, Any]]
    too_late: int
    repeated: int


class Reports:
    """The reports of a query, each once."""

    def __init__(self, query: StreamingQuery) -> None:
        self.query = query
        self._last = -1

    def new(self) -> list[Report]:
        """Those that were not asked for yet, oldest first; of a query that nobody asks, the last hundred."""
        # As the JSON that they are: pyspark's own reading makes no JSON of the offsets.
        found = [json.loads(one.json) for one in self.query.recentProgress]
        fresh = [one for one in found if one["batchId"] > self._last]
        self._last = max([self._last, *(one["batchId"] for one in fresh)])
        return [_report(one) for one in fresh]


def _report(progress: dict[str, Any]) -> Report:
    states = progress["stateOperators"]
    return Report(
        progress["sources"],
        too_late=sum(state["numRowsDroppedByWatermark"] for state in states),
        repeated=sum(state.get("customMetrics", {}).get("numDroppedDuplicateRows", 0) for state in states),
    )


def raise_failure(query: StreamingQuery) -> None:
    """StreamError if the query has failed, and not because it was told to stop."""
    failure = None if query.isActive else query.exception()
    if failure is not None and StopRequestedError.__name__ not in str(failure):
        raise StreamError(f"the stream of {query.name} failed: {_words(failure)}") from failure


def _words(failure: StreamingQueryException) -> str:
    """What a person can use of a failure: the last line of a Python traceback, else the first of Spark's."""
    lines = [line.strip() for line in str(failure).splitlines() if line.strip()]
    told = [line for line in lines if PYTHON_ERROR.match(line)]
    return told[-1] if told else lines[0]
