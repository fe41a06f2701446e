"""Queries as the Athena API knows them: started, running, ended, and their results page by page."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.engines.athena.glue import Glue
from tests.engines.athena.refusals import LONGEST_STATEMENT_BYTES
from tests.engines.athena.statements import Outcome, Session
from tests.engines.athena.trino import StatementError
from tests.engines.athena.types import text_of

#: How long a start waits for the end, so that clients seldom have to ask again.
PATIENCE_SECONDS = 20.0
#: Athena's numbers of errors that clients look at: Iceberg's, which dbt-athena tries again, and any other.
ICEBERG_ERROR, OTHER_ERROR = 233, 1006


class RequestError(Exception):
    """A call that the API answers with HTTP 400 InvalidRequestException."""


@dataclass
class Query:
    """One execution; `outcome` is there when it succeeded."""

    request: dict[str, Any]
    identifier: str = field(default_factory=lambda: str(uuid.uuid4()))
    started_at: float = field(default_factory=time.time)
    ended_at: float | None = None
    state: str = "RUNNING"
    error: StatementError | None = None
    outcome: Outcome | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)

    def describe(self) -> dict[str, Any]:
        """The body of GetQueryExecution."""
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.started_at}
        if self.ended_at is not None:
            status["CompletionDateTime"] = self.ended_at
        if self.error is not None:
            message = str(self.error)[:2000]
            number = ICEBERG_ERROR if self.error.name.startswith("ICEBERG") else OTHER_ERROR
            status["StateChangeReason"] = message
            status["AthenaError"] = {
                "ErrorCategory": 2, "ErrorType": number, "Retryable": False, "ErrorMessage": message,
            }  # fmt: skip
        milliseconds = int(1000 * ((self.ended_at or time.time()) - self.started_at))
        output = self.request.get("ResultConfiguration", {}).get("OutputLocation", "").rstrip("/")
        return {
            "QueryExecutionId": self.identifier,
            "Query": self.request["QueryString"],
            "StatementType": self.outcome.statement_type if self.outcome else "DML",
            "QueryExecutionContext": self.request.get("QueryExecutionContext", {}),
            "WorkGroup": self.request.get("WorkGroup", "primary"),
            "ResultConfiguration": {"OutputLocation": f"{output}/{self.identifier}.csv"},
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3",
            },
            "Statistics": {
                "DataScannedInBytes": self.outcome.result.scanned_bytes if self.outcome else 0,
                "EngineExecutionTimeInMillis": milliseconds,
                "TotalExecutionTimeInMillis": milliseconds,
            },
            "Status": status,
        }  # fmt: skip


class Queries:
    """All executions of this front, and the calls of the API on them."""

    def __init__(self, trino_port: int) -> None:
        self.trino_port, self.glue = trino_port, Glue()
        self.known: dict[str, Query] = {}

    def start(self, request: dict[str, Any]) -> dict[str, Any]:
        """StartQueryExecution."""
        if len(request["QueryString"].encode()) > LONGEST_STATEMENT_BYTES:
            raise RequestError(
                "1 validation error detected: Value at 'queryString' failed to satisfy constraint: "
                f"Member must have length less than or equal to {LONGEST_STATEMENT_BYTES}"
            )
        query = Query(request)
        self.known[query.identifier] = query
        thread = threading.Thread(target=self.work, args=(query,), daemon=True)
        thread.start()
        thread.join(PATIENCE_SECONDS)
        return {"QueryExecutionId": query.identifier}

    def work(self, query: Query) -> None:
        """Run the statement; whatever happens, the query ends."""
        database = (query.request.get("QueryExecutionContext", {}).get("Database") or "default").lower()
        try:
            session = Session(self.trino_port, self.glue, database, query.cancelled)
            query.outcome = session.run(query.request["QueryString"])
            query.state = "SUCCEEDED"
        except Exception as error:
            known = isinstance(error, StatementError)
            query.error = error if known else StatementError("INTERNAL_ERROR", f"{type(error).__name__}: {error}")
            query.state = "CANCELLED" if query.cancelled.is_set() else "FAILED"
            print(f"{query.state} {query.error}\n  {query.request['QueryString'][:3000]}", flush=True)
        query.ended_at = time.time()

    def find(self, request: dict[str, Any]) -> Query:
        """The query that the call names."""
        query = self.known.get(request["QueryExecutionId"])
        if query is None:
            raise RequestError(f"QueryExecution {request['QueryExecutionId']} was not found")
        return query

    def describe(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetQueryExecution."""
        return {"QueryExecution": self.find(request).describe()}

    def batch(self, request: dict[str, Any]) -> dict[str, Any]:
        """BatchGetQueryExecution."""
        asked = [{"QueryExecutionId": identifier} for identifier in request["QueryExecutionIds"]]
        return {"QueryExecutions": [self.find(one).describe() for one in asked], "UnprocessedQueryExecutionIds": []}

    def list_all(self, request: dict[str, Any]) -> dict[str, Any]:
        """ListQueryExecutions: the newest first, page by page."""
        begin = int(request.get("NextToken") or 0)
        end = begin + int(request.get("MaxResults", 50))
        newest = [*reversed(list(self.known))]
        page: dict[str, Any] = {"QueryExecutionIds": newest[begin:end]}
        if end < len(newest):
            page["NextToken"] = str(end)
        return page

    def stop(self, request: dict[str, Any]) -> dict[str, Any]:
        """StopQueryExecution."""
        self.find(request).cancelled.set()
        return {}

    def results(self, request: dict[str, Any]) -> dict[str, Any]:
        """GetQueryResults: a page of rows, the names of the columns before the first of a query's."""
        query = self.find(request)
        if query.outcome is None:
            raise RequestError(f"Query has not yet finished. Current state: {query.state}")
        result, kind = query.outcome.result, query.outcome.statement_type
        signatures = [column["typeSignature"] for column in result.columns]
        heading = [[column["name"] for column in result.columns]] if kind == "DML" and result.columns else []
        begin = int(request.get("NextToken") or 0)
        end = begin + int(request.get("MaxResults", 1000))
        texts: list[list[str | None]] = [*heading[begin:end]]
        first = max(0, begin - len(heading))
        rows = result.rows[first : max(0, end - len(heading))]
        texts += [[text_of(value, signature) for value, signature in zip(row, signatures, strict=True)] for row in rows]
        page: dict[str, Any] = {
            "ResultSet": {
                "Rows": [{"Data": [{} if text is None else {"VarCharValue": text} for text in row]} for row in texts],
                "ResultSetMetadata": {"ColumnInfo": [column_info(column) for column in result.columns]},
            }
        }
        if result.update_count is not None:
            page["UpdateCount"] = result.update_count
        if end < len(heading) + len(result.rows):
            page["NextToken"] = str(end)
        return page


def column_info(column: dict[str, Any]) -> dict[str, Any]:
    """A column as the API describes it."""
    signature = column["typeSignature"]
    kind = {"real": "float"}.get(signature["rawType"], signature["rawType"])
    numbers = [part["value"] for part in signature.get("arguments", []) if part["kind"] == "LONG"]
    precision, scale = numbers if kind == "decimal" else (0, 0)
    return {
        "CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": column["name"], "Label": column["name"],
        "Type": kind, "Precision": precision, "Scale": scale, "Nullable": "UNKNOWN",
        "CaseSensitive": kind == "varchar",
    }  # fmt: skip
