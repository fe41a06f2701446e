"""`media doctor`: each cause by itself gives its one line, and nothing else is wrong then."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ingestion.doctor import WRONG, causes, examine, profile
from ingestion.settings import SettingsError, load_settings
from ingestion.warehouse import connected
from tests.engines.base import LOOPBACK, free_port

ROOT = Path(__file__).resolve().parents[2]
#: What each warehouse needs set before anything of it can be tried.
COMPLETE = {
    "snowflake": {"SNOWFLAKE_ACCOUNT": "xy", "SNOWFLAKE_USER": "u", "SNOWFLAKE_PASSWORD": "p"},
    "redshift": {"REDSHIFT_USER": "u", "REDSHIFT_PASSWORD": "p"},
    "athena": {"ATHENA_STAGING_DIR": "s3://lake/results/", "ATHENA_DATA_DIR": "s3://lake/tables/"},
}


@pytest.fixture(autouse=True)
def _no_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the caller's: neither keys nor settings of a warehouse."""
    for target in COMPLETE:
        for name in profile.load(target).settings():
            if not name.startswith("MEDIA_"):
                monkeypatch.delenv(name, raising=False)
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "no_such_file"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def wrongs(target: str) -> list[str]:
    """The lines of what is wrong."""
    return [f"{one.check}: {one.message}" for one in examine(load_settings(), target) if one.state == WRONG]


def wrong(target: str) -> str:
    """The one line, if it is one."""
    (line,) = wrongs(target)
    return line


def given(monkeypatch: pytest.MonkeyPatch, **settings: str) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("target", ["duckdb", "lake"])
def test_an_embedded_target_needs_nothing(target: str, media_home: Path) -> None:
    assert wrongs(target) == []
    assert list(media_home.iterdir()) == [], "the doctor left something behind"


def test_the_command_ends_with_1_and_says_the_same_as_json() -> None:
    command = [sys.executable, "-m", "ingestion.cli", "doctor", "--target", "redshift"]
    plain = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert plain.returncode == 1
    assert "wrong  settings: REDSHIFT_USER is not set" in plain.stdout
    document = json.loads(subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, check=False).stdout)
    assert (document["target"], document["ok"]) == ("redshift", False)
    lines = [f"{one['state']:<6} {one['check']}: {one['message']}" for one in document["findings"]]
    assert lines == plain.stdout.splitlines()


def test_a_target_that_does_not_exist() -> None:
    with pytest.raises(SettingsError, match=r"target snowflaek: .* duckdb, lake, snowflake, athena, redshift"):
        wrongs("snowflaek")


@pytest.mark.parametrize("target", COMPLETE)
def test_each_setting_that_lacks_is_named(target: str) -> None:
    lines = wrongs(target)
    named = {line.split()[1] for line in lines if line.startswith("settings: ")}
    assert named >= {name for name in COMPLETE[target] if name != "SNOWFLAKE_PASSWORD"}
    logins = profile.LOGINS.get(target)
    assert not logins or any(f"none of {', '.join(logins)} is set" in line for line in lines)
    assert any(line.startswith("raw zone: MEDIA_RAW is the folder") for line in lines)


def test_buckets_are_left_to_the_role_that_may_use_them(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **COMPLETE["athena"])
    assert set(profile.load("athena").s3_places()) == set(COMPLETE["athena"])
    given(monkeypatch, ATHENA_ROLE_ARN="arn:aws:iam::123456789012:role/builder")
    assert profile.load("athena").s3_places() == {}


def test_iam_needs_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, REDSHIFT_METHOD="iam")
    named = {line.split()[1] for line in wrongs("redshift") if line.startswith("settings: ")}
    assert named == {"REDSHIFT_USER"}


def test_a_key_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **COMPLETE["snowflake"], SNOWFLAKE_PRIVATE_KEY_PATH="no_such_key.p8")
    assert any(
        "SNOWFLAKE_PRIVATE_KEY_PATH=no_such_key.p8: there is no such file" in line for line in wrongs("snowflake")
    )


def test_a_setting_of_the_wrong_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **COMPLETE["redshift"], REDSHIFT_PORT="five")
    assert any("five" in line and line.startswith("settings: ") for line in wrongs("redshift"))


def test_an_adapter_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "find_spec", lambda _: None)
    assert "adapter: dbt-redshift is not installed; run: python3 bootstrap.py install" in wrongs("redshift")


def test_an_environment_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, MEDIA_ENV="production")
    assert wrong("duckdb") == "environment: MEDIA_ENV=production: the environments are dev, staging, prod"


def test_production_that_is_not_confirmed_is_worth_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, MEDIA_ENV="prod")
    assert wrongs("duckdb") == []
    notes = [one.message for one in examine(load_settings(), "duckdb") if one.check == "environment"]
    assert ["MEDIA_PROD_CONFIRMED=yes" in text for text in notes] == [True]


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    assert "has 0.0 GB left; make room, or set MEDIA_HOME" in wrong("duckdb")


def test_a_file_that_another_process_holds(media_home: Path) -> None:
    file = media_home / "warehouse.duckdb"
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert "Conflicting lock" in wrong("duckdb")
        holder.communicate(b"")
    assert wrongs("duckdb") == []


def test_a_lake_that_was_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    given(monkeypatch, MEDIA_HOME=str(here), MEDIA_TARGET="lake")
    (here / "lake").mkdir(parents=True)
    with connected(load_settings(), read_only=False) as connection:
        connection.execute("create schema lake.marts")
        connection.execute("create table lake.marts.one as select 1 as id")
    assert wrongs("lake") == []
    here.rename(there)
    given(monkeypatch, MEDIA_HOME=str(there))
    assert "Iceberg tables hold absolute paths and cannot be moved" in wrong("lake")


# --- The bucket ------------------------------------------------------------------------------------------------------


class Answer(BaseHTTPRequestHandler):
    """S3 that says the same to every call: an error, or (status 200) that all is well, whatever was asked."""

    status: ClassVar[int]
    code: ClassVar[str]

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        error = f"<Error><Code>{self.code}</Code><Message>no</Message></Error>"
        body = b"<ListBucketResult/>" if self.status == 200 else error.encode()
        self.send_response(self.status)
        self.send_header("ETag", '"0"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_DELETE = _answer  # noqa: N815 - the names of the standard library

    def log_message(self, *_: Any) -> None:
        """Silent."""


@contextmanager
def answering(status: int, code: str) -> Iterator[str]:
    """The endpoint of such a server."""
    server = ThreadingHTTPServer((LOOPBACK, 0), type("One", (Answer,), {"status": status, "code": code}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "code", "says"),
    [
        (404, "NoSuchBucket", "the bucket does not exist; create it"),
        (403, "AccessDenied", "access denied; the credentials need s3:ListBucket"),
        (403, "InvalidAccessKeyId", "S3 refuses the credentials (InvalidAccessKeyId)"),
        (400, "ExpiredToken", "S3 refuses the credentials (ExpiredToken)"),
        (200, "", "the endpoint ignores conditional writes"),
    ],
)
def test_a_bucket_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, status: int, code: str, says: str) -> None:
    given(monkeypatch, MEDIA_RAW="s3://lake/zone", AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s")
    with answering(status, code) as endpoint:
        given(monkeypatch, AWS_ENDPOINT_URL=endpoint)
        assert says in wrong("duckdb")


def test_no_credentials_for_the_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, MEDIA_RAW="s3://lake/zone")
    assert "no credentials for S3; set AWS_PROFILE" in wrong("duckdb")
    given(monkeypatch, AWS_PROFILE="nobody")
    assert "AWS_PROFILE: The config profile (nobody) could not be found" in wrong("duckdb")


def test_an_endpoint_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = f"http://{LOOPBACK}:{free_port()}"
    given(monkeypatch, MEDIA_RAW="s3://lake/zone", AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s")
    given(monkeypatch, AWS_ENDPOINT_URL=endpoint)
    assert "no answer; check AWS_ENDPOINT_URL" in wrong("duckdb")


# --- The warehouses --------------------------------------------------------------------------------------------------


def test_a_redshift_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, **COMPLETE["redshift"], REDSHIFT_HOST=LOOPBACK, REDSHIFT_PORT=str(free_port()))
    assert "connection: no answer: check REDSHIFT_HOST" in wrongs("redshift")[-1]


def test_an_athena_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Athena's S3 does not either, so that it is said once."""
    given(monkeypatch, **COMPLETE["athena"], AWS_ENDPOINT_URL=f"http://{LOOPBACK}:{free_port()}")
    given(monkeypatch, AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY="s", MEDIA_RAW="s3://lake/zone")
    assert "S3: s3://lake/zone: no answer" in wrong("athena")


SAID = {
    "snowflake": {
        "250001 (08001): Failed to connect to DB: xy.snowflakecomputing.com:443. Incorrect username or password was "
        "specified.": "SNOWFLAKE_PASSWORD",
        "250001 (08001): Failed to connect to DB: xy:443. JWT token is invalid.": "RSA_PUBLIC_KEY",
        "290404 (08001): 404 Not Found: post https://xy.snowflakecomputing.com:443/session": "SNOWFLAKE_ACCOUNT",
        "250001: Role 'NOBODY' specified in the connect string does not exist or not authorized.": "SNOWFLAKE_ROLE",
        "003001 (42501): SQL access control error: Insufficient privileges to operate on database": "create schema",
    },
    "redshift": {
        "{'S': 'FATAL', 'C': '28000', 'M': 'password authentication failed for user \"u\"'}": "REDSHIFT_USER",
        "{'S': 'FATAL', 'C': '3D000', 'M': 'database \"nope\" does not exist'}": "REDSHIFT_DATABASE",
        "permission denied for database media": "grant create on database",
        "('communication error', gaierror(-2, 'Name or service not known'))": "REDSHIFT_HOST",
    },
    "athena": {
        "Unable to locate credentials": "AWS_PROFILE",
        "(UnrecognizedClientException) The security token included in the request is invalid.": "credentials refused",
        "(InvalidRequestException) WorkGroup is not found.": "ATHENA_WORK_GROUP",
        "Unable to verify/create output bucket nope": "ATHENA_STAGING_DIR",
        "(AccessDeniedException) User: x is not authorized to perform: glue:GetDatabases": "a right is missing",
    },
}


@pytest.mark.parametrize(("adapter", "said"), [(adapter, said) for adapter, cases in SAID.items() for said in cases])
def test_what_a_warehouse_says_becomes_what_to_do(adapter: str, said: str) -> None:
    line = causes.advice(adapter, RuntimeError(said))
    assert SAID[adapter][said] in line.split(" (")[0]
    assert said[:60] in line


def test_an_error_that_nobody_knows_is_passed_on() -> None:
    assert causes.advice("redshift", RuntimeError("something\n else")) == "something else"
