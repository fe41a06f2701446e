"""The connection to S3, as the environment says (AWS_* variables, profiles, roles), and its errors in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own, which is not an OSError
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from ingestion.storage.base import StorageError, UnreachableError

CONNECTIONS = 16
MISSING = {"404", "NoSuchKey", "NotFound"}
LOST_RACE = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
REFUSED = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthFailure"}
DENIED = {"AccessDenied", "403", "Forbidden", "AllAccessDisabled"}
RIGHTS = "s3:ListBucket on the bucket, s3:GetObject, s3:PutObject and s3:DeleteObject on what lies in it"


def s3_client() -> Any:
    """A client of S3 by AWS_ENDPOINT_URL, AWS_PROFILE, AWS_ACCESS_KEY_ID and so on. StorageError: a wrong profile."""
    config = Config(max_pool_connections=CONNECTIONS, connect_timeout=10, retries={"mode": "standard"})
    with explained("s3"):
        return boto3.Session().client("s3", config=config)


def credentials() -> Any:
    """Keys that hold now: access_key, secret_key and token, which is None for keys of a user. StorageError without."""
    with explained("s3"):
        found = boto3.Session().get_credentials()
        if found is None:
            raise NoCredentialsError
        return found.get_frozen_credentials()


def code_of(error: ClientError) -> str:
    """S3's name of the error, or the status of an answer without a body."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def explained(place: str) -> Iterator[None]:
    """Errors of boto3 as StorageError with what to do. place: the address that was asked for."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise explain(error, place) from error


def explain(error: Exception, place: str) -> StorageError:
    """The error in plain words."""
    if isinstance(error, ClientError):
        kind = UnreachableError if code_of(error) in REFUSED else StorageError
        return kind(f"{place}: {_answer(error)}")
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        what = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role gives them"
        return UnreachableError(f"{place}: no credentials for S3; {what}")
    if isinstance(error, ProfileNotFound):
        return UnreachableError(f"AWS_PROFILE: {error}")
    if isinstance(error, ConnectionError | HTTPClientError):
        return UnreachableError(f"{place}: no answer; check AWS_ENDPOINT_URL and the network ({error})")
    return StorageError(f"{place}: {error}")


def _answer(error: ClientError) -> str:
    code = code_of(error)
    if code == "NoSuchBucket":
        return "the bucket does not exist; create it, or correct the setting"
    if code in REFUSED:
        return f"S3 refuses the credentials ({code}); check AWS_PROFILE or the AWS_* keys, or log in again"
    if code in DENIED:
        return f"access denied; the credentials need {RIGHTS}"
    if code in MISSING:
        return "there is no such object"
    if code == "PermanentRedirect":
        return "the bucket is in another region; set AWS_REGION"
    return str(error)
