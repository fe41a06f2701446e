"""The lock of a zone in a bucket: one holder, taken over from a dead one, and never used by one that lost it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ingestion.storage import Local, StorageError, lease
from ingestion.storage.s3 import S3


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.4)
    monkeypatch.setattr(lease, "POLL_SECONDS", 0.05)


def silent() -> None:
    """Nobody is told."""


def test_the_second_waits_until_the_first_has_ended(bucket: str) -> None:
    order: list[str] = []
    told = threading.Event()

    def second() -> None:
        with S3(bucket).lock(told.set):
            order.append("second")

    with S3(bucket).lock(silent):
        thread = threading.Thread(target=second)
        thread.start()
        assert told.wait(10)
        threading.Event().wait(3 * lease.LEASE_SECONDS)  # a live holder keeps it beyond one lease
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert not S3(bucket).exists(".lock")


def test_a_silent_holder_loses_it_and_writes_nothing_more(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease.Lease, "_keep", lambda _: None)  # as if the process stood still
    first, second = S3(bucket), S3(bucket)
    with first.lock(silent):
        with second.lock(silent):
            with pytest.raises(StorageError, match="another landing took the lock over"):
                first.create("processing-metadata/streams/a.json", b"{}")
            assert second.create("processing-metadata/streams/b.json", b"{}")
        assert first.glob("processing-metadata/*/*.json") == ["processing-metadata/streams/b.json"]


def test_whoever_lost_it_leaves_it_to_the_new_holder(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease.Lease, "_keep", lambda _: None)
    first, second = S3(bucket), S3(bucket)
    with ExitStack() as held:
        with first.lock(silent):
            held.enter_context(second.lock(silent))
        assert second.exists(".lock")
    assert not second.exists(".lock")


def test_who_will_not_wait_is_refused_by_a_living_holder_only(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        S3(bucket).lock(silent, ".one"),
        pytest.raises(StorageError, match=r"held by another process that runs .*\.one"),
        S3(bucket).lock(silent, ".one", refuse=True),
    ):
        pass
    with S3(bucket).lock(silent, ".one"), S3(bucket).lock(silent, ".other", refuse=True):
        pass  # two locks that have nothing to do with each other
    monkeypatch.setattr(lease.Lease, "_keep", lambda _: None)
    with S3(bucket).lock(silent, ".one"), S3(bucket).lock(silent, ".one", refuse=True):
        pass  # the first stands still, as if it had been killed


def test_on_a_disk_the_refusal_comes_at_once(tmp_path: Path) -> None:
    with Local(tmp_path).lock(silent, ".one"):
        with (
            pytest.raises(StorageError, match=r"\.one: held by another process"),
            Local(tmp_path).lock(silent, ".one", refuse=True),
        ):
            pass
        with Local(tmp_path).lock(silent, ".other", refuse=True):
            pass
    with Local(tmp_path).lock(silent, ".one", refuse=True):
        pass


def test_an_answer_that_was_lost_is_no_lost_race(bucket: str) -> None:
    """The write arrived, its answer did not, and the repeated one is refused because of the first."""
    storage = S3(bucket)
    storage._client.put_object = answer_lost(storage._client.put_object)
    with storage.lock(silent):
        storage._client.put_object = answer_lost(storage._client.put_object)
        assert storage._lease is not None
        storage._lease.check()


def answer_lost(put_object: Callable[..., Any]) -> Callable[..., Any]:
    """put_object whose first call succeeds and says that it was refused."""
    calls: list[None] = []

    def put(**arguments: Any) -> Any:
        answer = put_object(**arguments)
        calls.append(None)
        if len(calls) == 1:
            raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")
        return answer

    return put
