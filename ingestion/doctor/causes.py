"""Errors of the warehouses, and what to do about each."""

from __future__ import annotations

import re

from ingestion.doctor.finding import one_line

#: By adapter: what the error's text contains, and what to do. The first that is found counts.
CAUSES: dict[str, dict[str, str]] = {
    "snowflake": {
        r"incorrect username or password|390100": "credentials refused: check SNOWFLAKE_USER and SNOWFLAKE_PASSWORD",
        r"JWT token is invalid|390144": "key refused: is RSA_PUBLIC_KEY of the user its public half?",
        r"private key|could not deserialize key": "the private key cannot be read: check its setting and passphrase",
        r"oauth|390303|390318": "token refused: get a new one",
        r"role .*(not exist|not authorized|not granted)": "check SNOWFLAKE_ROLE, or grant the role to the user",
        r"404 not found|incorrect account|390422": "check SNOWFLAKE_ACCOUNT, and the network policy",
        r"no active warehouse": "check SNOWFLAKE_WAREHOUSE, or grant usage on it",
        r"not have a current database|database .* not exist": "check SNOWFLAKE_DATABASE, or grant usage on it",
        r"insufficient privileges": "grant create schema on the database to SNOWFLAKE_ROLE",
        r"could not connect|refused|timed? ?out|max retries": "no answer: check SNOWFLAKE_ACCOUNT and the network",
    },
    "redshift": {
        r"password authentication failed|28P01|28000": "credentials refused: check REDSHIFT_USER and its password",
        r"database .* does not exist|3D000": "check REDSHIFT_DATABASE",
        r"permission denied|42501": "grant create on database REDSHIFT_DATABASE to REDSHIFT_USER",
        r"not ?found|Get(Cluster)?Credentials": "check cluster or workgroup, and the right to get its credentials",
        r"communication|refused|timed? ?out|not known|gaierror": "no answer: check REDSHIFT_HOST and REDSHIFT_PORT",
    },
    "athena": {
        r"unable to locate credentials|partial credentials": "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and its secret",
        r"config profile .* could not be found": "check the AWS profile",
        r"UnrecognizedClient|InvalidClientToken|ExpiredToken|InvalidSignature|security token": (
            "credentials refused: check the AWS_* settings, or log in again"
        ),
        r"work ?group .*not found": "check ATHENA_WORK_GROUP",
        r"NoSuchBucket|output bucket|output location": "check ATHENA_STAGING_DIR: its bucket has to be in AWS_REGION",
        r"catalog .* (not exist|not found)": "check ATHENA_CATALOG",
        r"AccessDenied|not authorized|insufficient permissions": (
            "a right is missing: Athena, Glue, and the buckets of ATHENA_DATA_DIR and ATHENA_STAGING_DIR"
        ),
        r"could not connect|endpoint|timed? ?out": "no answer: check AWS_REGION, AWS_ENDPOINT_URL and the network",
    },
}


def advice(adapter: str, error: Exception) -> str:
    """What to do, then what the warehouse said, on one line."""
    said = one_line(str(error))
    for pattern, what_to_do in CAUSES.get(adapter, {}).items():
        if re.search(pattern, said, re.IGNORECASE):
            return f"{what_to_do} ({said[:200]})"
    return said
