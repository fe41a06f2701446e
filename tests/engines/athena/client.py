"""A client of the Athena API for tests: a statement in, rows of text out."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import boto3

from tests.engines.aws import BUCKET

Rows = list[list[str | None]]


class QueryError(RuntimeError):
    """A query that ended in FAILED or CANCELLED; the text is Athena's reason."""


class Client:
    """Athena, Glue and S3 at the addresses of an engine's environment; statements run in one database."""

    def __init__(self, environment: Mapping[str, str], database: str) -> None:
        session: Any = boto3.Session(
            aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment["AWS_REGION"],
        )
        self.database = database
        self.athena = session.client("athena", endpoint_url=environment["AWS_ENDPOINT_URL_ATHENA"])
        self.glue = session.client("glue", endpoint_url=environment["AWS_ENDPOINT_URL_GLUE"])
        self.s3 = session.client("s3", endpoint_url=environment["AWS_ENDPOINT_URL"])

    def rows(self, statement: str) -> Rows:
        """Run a statement and return its rows, every value as Athena's text, null as none.

        Raises:
            QueryError: it did not succeed.
        """
        started = self.athena.start_query_execution(
            QueryString=statement,
            QueryExecutionContext={"Database": self.database},
            ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/athena-results/"},
        )
        identifier = started["QueryExecutionId"]
        while (query := self.describe(identifier))["Status"]["State"] == "RUNNING":
            time.sleep(0.1)
        if query["Status"]["State"] != "SUCCEEDED":
            raise QueryError(query["Status"]["StateChangeReason"])
        pages = self.athena.get_paginator("get_query_results").paginate(QueryExecutionId=identifier)
        rows = [
            [cell.get("VarCharValue") for cell in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]
        ]
        return rows[1:] if query["StatementType"] == "DML" else rows

    def sent(self) -> set[str]:
        """The ids of all statements so far."""
        pages = self.athena.get_paginator("list_query_executions").paginate()
        return {identifier for page in pages for identifier in page["QueryExecutionIds"]}

    def describe(self, identifier: str) -> dict[str, Any]:
        """What the API says about a query."""
        found: dict[str, Any] = self.athena.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
        return found
