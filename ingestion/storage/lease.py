"""A lock on an object store: an object that its holder keeps changing, and that others take over when it stands still.

Nobody compares clocks: who waits looks whether the object changes, and measures the time on its own clock. Every write
is conditional on what the writer saw last, so of several that try, one succeeds.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ingestion.storage import aws
from ingestion.storage.base import StorageError

#: How long a holder may be silent before others take over; it renews three times as often.
LEASE_SECONDS = 30.0
#: Between two looks of one that waits.
POLL_SECONDS = 0.5


class Lease:
    """The right to write into the zone at `place`, held from `acquire` to `release`."""

    def __init__(self, client: Any, bucket: str, key: str, place: str) -> None:
        self._client, self._at, self._place = client, {"Bucket": bucket, "Key": key}, place
        self._holder, self._renewals, self._seconds = uuid.uuid4().hex, 0, LEASE_SECONDS
        self._mark = ""
        self._turn = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)

    def acquire(self, waiting: Callable[[], None], refuse: bool = False) -> None:
        """Wait until the lease is ours; `waiting` is called once if somebody has it.

        refuse: StorageError as soon as the holder shows that it lives, by renewing.
        """
        seen, since, told = "", 0.0, False
        while not self._write(IfNoneMatch="*"):
            mark, patience_seconds = self._standing()
            if mark != seen:
                if refuse and seen and mark:
                    raise StorageError(f"{self._place}: held by another process that runs ({self._at['Key']})")
                seen, since = mark, time.monotonic()
            elif mark and time.monotonic() - since > patience_seconds and self._write(IfMatch=mark):
                break
            if not told:
                waiting()
                told = True
            time.sleep(POLL_SECONDS)
        self._thread.start()

    def check(self) -> None:
        """Renew at once; StorageError when somebody has taken over because we were silent too long."""
        with self._turn, aws.explained(self._place):
            if not self._write(IfMatch=self._mark):
                raise StorageError(
                    f"{self._place}: another landing took the lock over, because this one was silent for "
                    f"{self._seconds:.0f} s; nothing more is written, land the file again"
                )

    def release(self) -> None:
        """Give the lease back; one that was taken over is left to its new holder, one that cannot be returned ends."""
        self._ended.set()
        self._thread.join()
        with suppress(BotoCoreError, ClientError):
            if self._standing()[0] == self._mark:
                self._client.delete_object(**self._at)

    def _keep(self) -> None:
        """Renew until the end. What fails is not reported here: `check` is asked before anything counts."""
        while not self._ended.wait(self._seconds / 3):
            with suppress(StorageError):
                self.check()

    def _write(self, **condition: str) -> bool:
        """Write the object if the condition holds. True also when an earlier try did and only its answer was lost."""
        self._renewals += 1
        body = {"holder": self._holder, "renewals": self._renewals, "lease_seconds": self._seconds}
        try:
            answer = self._client.put_object(**self._at, Body=json.dumps(body).encode(), **condition)
        except ClientError as error:
            if aws.code_of(error) not in aws.LOST_RACE | aws.MISSING:
                raise
            standing, _ = self._standing(written_by=self._holder)
            self._mark = standing or self._mark
            return bool(standing)
        self._mark = answer["ETag"]
        return True

    def _standing(self, written_by: str = "") -> tuple[str, float]:
        """The object's mark and its holder's patience in seconds; no mark when it is gone, or not of that holder."""
        try:
            answer = self._client.get_object(**self._at)
        except ClientError as error:
            if aws.code_of(error) in aws.MISSING:
                return "", 0.0
            raise
        body = json.loads(answer["Body"].read())
        is_wanted = not written_by or body["holder"] == written_by
        return (answer["ETag"] if is_wanted else ""), float(body["lease_seconds"])
