"""Clients of Kinesis and Firehose as the environment says, and their errors in plain words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from streaming.settings import StreamError

#: A request that gets no answer in this time is sent again.
ANSWER_SECONDS = 30


def client(service: str, endpoint: str | None = None, region: str | None = None) -> Any:
    """boto3's client of "kinesis" or "firehose"; without arguments by AWS_ENDPOINT_URL, AWS_REGION and the AWS login.

    Raises:
        StreamError: no region, or a profile that does not exist.
    """
    config = Config(connect_timeout=10, read_timeout=ANSWER_SECONDS, retries={"mode": "standard", "max_attempts": 5})
    with explained(service):
        session: Any = boto3.Session()
        return session.client(
            service, region_name=region or os.environ.get("AWS_REGION"), endpoint_url=endpoint, config=config
        )


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Errors of boto3 as StreamError. place: what was asked, such as "Kinesis stream streams"."""
    try:
        yield
    except ClientError as error:
        answer = error.response.get("Error", {})
        if answer.get("Code") == "ResourceNotFoundException":
            raise StreamError(
                f"{place}: there is none in this account and region; create it, or set AWS_REGION"
            ) from error
        raise StreamError(f"{place}: {answer.get('Code')}: {answer.get('Message')}") from error
    except BotoCoreError as error:
        raise StreamError(f"{place}: {error}; check AWS_REGION, AWS_ENDPOINT_URL and the AWS login") from error
