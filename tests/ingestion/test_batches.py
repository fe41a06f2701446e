"""The batch protocol: a batch lands once, whatever happens, and can be taken back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ingestion import quarantine, steps
from ingestion.lander import land as lander
from ingestion.mapping import load_mapping
from ingestion.settings import Settings
from ingestion.zone import Manifest, Zone, ZoneError, batch_id, instant_text
from tests.ingestion.helpers import ARRIVED_AT, STREAMS, everything, land, land_one, manifests, rows, write

CHECKOUT = Path(__file__).resolve().parents[2]
ONE_BAD = STREAMS + "u1,t1,2026-01-30 10:00:00\nu2,t2,nonsense\n"
TODAY, TOMORROW = "2026-01-30T23:00:00Z", "2026-01-31T01:00:00Z"


def test_paths_and_manifest(tmp_path: Path, settings: Settings) -> None:
    manifest = land_one(settings, write(tmp_path, "streams.csv", ONE_BAD))
    batch = batch_id("streams", None, manifest.content_hash, 0)
    assert manifest.batch_id == batch
    assert everything(settings).keys() == {
        f"raw/streams/arrival_date=2026-01-31/{batch}-0.parquet",
        f"quarantine/streams/arrival_date=2026-01-31/{batch}-0.parquet",
        f"processing-metadata/streams/{batch}.json",
    }
    text = Zone(settings.raw).storage.read(f"processing-metadata/streams/{batch}.json").decode()
    assert text.count("\n") == 1
    found = json.loads(text)
    assert found["arrived_at"] == "2026-01-31T12:00:00.000000Z"
    assert [found[f"rows_{x}"] for x in ("read", "accepted", "duplicate", "quarantined")] == [2, 1, 0, 1]
    assert found["reasons"] == {"bad_timestamp:listened_at": 1}
    assert found["files"] == [f"raw/streams/arrival_date=2026-01-31/{batch}-0.parquet"]
    assert rows(settings, manifest.files)[0]["source_file"] == "streams.csv"


def test_landing_again_is_a_no_op_also_as_another_file(tmp_path: Path, settings: Settings) -> None:
    land_one(settings, write(tmp_path, "streams.csv", ONE_BAD))
    before = everything(settings)
    (again,) = land(settings, write(tmp_path, "copy.csv", ONE_BAD), arrived_at=ARRIVED_AT + timedelta(days=1))
    assert again.status == lander.NO_OP
    assert everything(settings) == before


def test_again_is_a_new_delivery_each_time(tmp_path: Path, settings: Settings) -> None:
    path = write(tmp_path, "streams.csv", ONE_BAD)
    deliveries = [land_one(settings, path, again=True).delivery for _ in range(3)]
    assert deliveries == [0, 1, 2]
    assert len({m.batch_id for m in manifests(settings)}) == 3
    assert land(settings, path)[0].status == lander.NO_OP


def test_files_landed_together_follow_each_other_by_a_microsecond(tmp_path: Path, settings: Settings) -> None:
    for name in ("b", "c", "a"):
        write(tmp_path / "in", f"{name}.csv", STREAMS + f"{name},t,2026-01-30 10:00:00\n")
    outcomes = land(settings, tmp_path / "in")
    assert [(o.path.name, o.manifest and o.manifest.arrived_at) for o in outcomes] == [
        (f"{name}.csv", instant_text(ARRIVED_AT + timedelta(microseconds=i))) for i, name in enumerate("abc")
    ]


def test_an_arrival_in_the_future_is_refused(tmp_path: Path, settings: Settings) -> None:
    path = write(tmp_path, "streams.csv", ONE_BAD)
    with pytest.raises(lander.LandingError, match="in the future"):
        land(settings, path, arrived_at=datetime.now(UTC) + timedelta(minutes=1))
    assert everything(settings) == {}


def test_withdraw_then_land_is_a_new_delivery(tmp_path: Path, settings: Settings) -> None:
    path = write(tmp_path, "streams.csv", ONE_BAD)
    first = land_one(settings, path)
    zone = Zone(settings.raw)
    assert [m.batch_id for m in zone.withdraw(first.batch_id)] == [first.batch_id]
    assert everything(settings).keys() == {f"processing-metadata/streams/withdrawn/{first.batch_id}.json"}
    assert [m.batch_id for m in zone.withdraw(first.batch_id)] == [first.batch_id]  # safe to repeat
    second = land_one(settings, path)
    assert (second.delivery, second.batch_id == first.batch_id) == (1, False)
    with pytest.raises(ZoneError, match="no batch"):
        zone.withdraw("0" * 20)


def test_a_manifest_that_does_not_add_up_is_never_published(settings: Settings) -> None:
    zone = Zone(settings.raw)
    wrong = _manifest(rows_read=3)
    with pytest.raises(ZoneError, match="3 rows read, but 1 accepted"):
        zone.publish(wrong)
    assert list(zone.manifests()) == []


def test_only_the_first_of_two_writers_publishes(settings: Settings) -> None:
    zone = Zone(settings.raw)
    assert zone.publish(_manifest(source="first"))
    assert not zone.publish(_manifest(source="second"))
    assert [m.source for m in zone.manifests()] == ["first"]
    with pytest.raises(ZoneError, match="is live"):
        zone.remove_leftovers("streams", "b" * 20)


def _manifest(rows_read: int = 1, source: str = "x.csv") -> Manifest:
    return Manifest(
        batch_id="b" * 20, input="streams", arrived_at=instant_text(ARRIVED_AT), mapping=None, source=source,
        content_hash="0", delivery=0, rows_read=rows_read, rows_accepted=1, rows_duplicate=0, rows_quarantined=0,
        reasons={}, files=[], quarantine_files=[], columns=[],
    )  # fmt: skip


DYING = """
import os, signal, sys
from ingestion import steps
from ingestion.storage import lease
lease.LEASE_SECONDS = 0.2
left = [int(sys.argv[2])]
def die(step):
    if step == sys.argv[1]:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
steps.on_step = die
from ingestion.cli import app
app(sys.argv[3:])
"""


def _killed(settings: Settings, step: str, nth: int, *arguments: str) -> None:
    """Run the command line in a process that kills itself at the nth time of a step."""
    done = subprocess.run(
        [sys.executable, "-c", DYING, step, str(nth), *arguments],
        cwd=CHECKOUT, env=_environment(settings), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def _environment(settings: Settings) -> dict[str, str]:
    return os.environ | {"MEDIA_HOME": str(settings.home), "MEDIA_RAW": str(settings.raw)}


STEPS = [("start", 0), ("staged", 0), ("rename", 0), ("rename", 1), ("publish", 0), ("published", 0)]


@pytest.mark.parametrize(("step", "nth"), STEPS)
def test_killed_anywhere_and_rerun_the_next_day_leaves_one_copy(
    tmp_path: Path, settings: Settings, step: str, nth: int
) -> None:
    path = write(tmp_path, "streams.csv", ONE_BAD)
    _killed(settings, step, nth, "land", str(path), "--arrived-at", TODAY)
    landed_before = step == "published"
    assert len(manifests(settings)) == landed_before
    (outcome,) = land(settings, path, arrived_at=datetime.fromisoformat(TOMORROW))
    assert outcome.status == (lander.NO_OP if landed_before else lander.LANDED)
    (manifest,) = manifests(settings)
    assert len(rows(settings, manifest.files)) == 1
    assert len(rows(settings, manifest.quarantine_files)) == 1
    listed = {*manifest.files, *manifest.quarantine_files, f"processing-metadata/streams/{manifest.batch_id}.json"}
    assert everything(settings).keys() == listed
    assert not list(settings.scratch.glob("land-*"))


@pytest.mark.parametrize("step", ["withdraw", "withdrawn"])
def test_killed_while_withdrawing(tmp_path: Path, settings: Settings, step: str) -> None:
    manifest = land_one(settings, write(tmp_path, "streams.csv", ONE_BAD))
    _killed(settings, step, 0, "withdraw", manifest.batch_id)
    for live in manifests(settings):  # what is live is whole
        assert rows(settings, live.files)
    Zone(settings.raw).withdraw(manifest.batch_id)
    assert everything(settings).keys() == {f"processing-metadata/streams/withdrawn/{manifest.batch_id}.json"}


def test_two_landers_at_once_land_once(tmp_path: Path, settings: Settings) -> None:
    for number in range(6):
        text = STREAMS + "".join(f"u{i},t{number},2026-01-30 10:00:00\n" for i in range(500))
        write(tmp_path / "in", f"{number}.csv", text)
    command = [sys.executable, "-m", "ingestion.cli", "land", str(tmp_path / "in"), "--json"]
    environment = _environment(settings)
    both = [subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=subprocess.PIPE) for _ in range(2)]
    statuses = [[f["status"] for f in json.loads(one.communicate()[0])["files"]] for one in both]
    assert sorted(statuses) == [["landed"] * 6, ["no-op"] * 6]
    assert len(manifests(settings)) == 6
    assert sum(len(rows(settings, m.files)) for m in manifests(settings)) == 3000


def test_a_failure_before_the_manifest_leaves_no_batch(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(step: str) -> None:
        if step == "publish":
            raise OSError("the disk is full")

    path = write(tmp_path, "streams.csv", ONE_BAD)
    with monkeypatch.context() as failing:
        failing.setattr(steps, "on_step", fail)
        (outcome,) = land(settings, path)
    assert (outcome.status, "the disk is full" in outcome.message) == (lander.FAILED, True)
    assert manifests(settings) == []
    assert land_one(settings, path).rows_accepted == 1


@pytest.mark.parametrize(("step", "nth"), [("rename", 0), ("publish", 0), ("published", 0)])
def test_killed_while_replaying(tmp_path: Path, settings: Settings, step: str, nth: int) -> None:
    original = land_one(settings, write(tmp_path, "streams.csv", ONE_BAD))
    fix = write(tmp_path, "fix.yml", "input: streams\nvalues: {listened_at: {nonsense: '2026-01-30 11:00:00'}}\n")
    _killed(settings, step, nth, "quarantine", "replay", original.batch_id, "--mapping", str(fix))
    quarantine.replay(settings, original.batch_id, load_mapping(fix))
    (replayed,) = [m for m in manifests(settings) if m.replay_of]
    assert [row["user_id"] for row in rows(settings, replayed.files)] == ["u2"]
    assert len([name for name in everything(settings) if replayed.batch_id in name]) == 2  # one file, one manifest
