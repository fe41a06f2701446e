"""A job that is killed again and again lands each event once, and its KPIs are those of the same events in files."""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from ingestion.generate.defects import Defects
from ingestion.generate.plan import Plan
from ingestion.generate.run import INPUT_FOLDER, generate_all
from ingestion.settings import Settings
from ingestion.zone import Manifest
from tests.convergence.engine import Warehouse, differences
from tests.engines.kafka import Broker
from tests.ingestion.helpers import everything, land, manifests, rows, settings_of
from tests.streaming.jobs import TOPICS, events, lines_of, produce, run
from tests.streaming.kpis import kpis

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.usefixtures("spark")]

PLAN = Plan(days=2, accounts=300, titles=20, tracks=80, playbacks_per_account=0.6, reported_share=0.3)
JOB = ("--once", "--max-records", "1500")
#: In a worker with checked rows, in a worker between two files, before a manifest, and after it but before the commit.
DEATHS = ("staged:3", "rename:4", "publish:2", "commit:2")


@dataclass(frozen=True)
class Outcome:
    """What was written to the broker, and the zone that the job left."""

    produced: dict[str, list[bytes]]
    settings: Settings
    found: list[Manifest]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate_all(PLAN, folder, "ndjson", Defects(), with_truth=False)
    return folder / INPUT_FOLDER


@pytest.fixture(scope="module")
def killed(broker: Broker, inputs: Path, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The job killed at every point in turn, each time going on from where the last one died."""
    home = tmp_path_factory.mktemp("killed")
    produced = {topic: lines_of(inputs, topic) for topic in TOPICS}
    for topic, lines in produced.items():
        broker.create_topic(topic, 4)
        produce(broker, topic, lines)
    for death in DEATHS:
        code, said = run(home, broker, *JOB, die=death)
        assert code == -9, f"{death}: the job was not killed\n{said[-3000:]}"
    code, said = run(home, broker, *JOB)
    assert code == 0, said[-3000:]
    assert len(events(said, "batch")) > 2
    settings = settings_of(home)
    return Outcome(produced, settings, manifests(settings))


@pytest.mark.parametrize("topic", TOPICS)
def test_each_event_is_landed_once(topic: str, killed: Outcome) -> None:
    """produced = accepted + duplicate + quarantined, and by content: nothing lost, nothing twice."""
    mine = [one for one in killed.found if one.input == topic]
    assert sum(one.rows_read for one in mine) == len(killed.produced[topic])
    accepted = rows(killed.settings, [name for one in mine for name in one.files], order="all")
    refused = rows(killed.settings, [name for one in mine for name in one.quarantine_files])
    assert len(accepted) == sum(one.rows_accepted for one in mine)
    assert len(refused) == sum(one.rows_quarantined for one in mine) > 0
    duplicates = sum(one.rows_duplicate for one in mine)
    assert len(accepted) + duplicates + len(refused) == len(killed.produced[topic])
    name = {"viewership_logs": "session_id", "streams": "user_id", "player_events": "event_id"}[topic]
    want = Counter(str(value) for value in (_value(line, name) for line in killed.produced[topic]) if value)
    got = Counter(row[name] for row in accepted) + Counter(
        str(value) for row in refused if (value := _value(row["raw_text"].encode(), name))
    )
    assert got.keys() == want.keys()
    assert all(got[key] <= want[key] for key in want)
    assert sum((want - got).values()) == duplicates


def _value(line: bytes, name: str) -> object:
    try:
        return json.loads(line).get(name)
    except (ValueError, AttributeError):
        return None


def test_no_file_lies_about_that_no_manifest_lists(killed: Outcome) -> None:
    listed = {name for one in killed.found for name in (*one.files, *one.quarantine_files)}
    names = {f"processing-metadata/{one.input}/{one.batch_id}.json" for one in killed.found}
    assert everything(killed.settings).keys() == listed | names


def test_manifests_say_where_the_stream_has_come_to(killed: Outcome) -> None:
    for topic in TOPICS:
        mine = sorted((one.stream["batch"], one) for one in killed.found if one.input == topic and one.stream)
        assert [number for number, _ in mine] == list(range(len(mine)))
        assert sum(mine[-1][1].stream["end_offsets"][topic].values()) == len(killed.produced[topic])
        assert len({one.stream["query"] for _, one in mine}) == 1


def test_kpis_are_those_of_the_same_events_landed_as_files(
    killed: Outcome, inputs: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    warehouse = Warehouse(tmp_path_factory.mktemp("warehouse"), "duckdb")
    entities = [folder for folder in sorted(inputs.iterdir()) if folder.name not in TOPICS]
    land(warehouse.settings, *entities, arrived_at=None)
    empty = warehouse.home / "without_events"
    warehouse.keep(empty)
    land(warehouse.settings, *(inputs / topic for topic in TOPICS), arrived_at=None)
    warehouse.dbt("run")
    by_files = kpis(warehouse)
    for area in ("raw", "quarantine", "processing-metadata"):
        for topic in TOPICS:
            shutil.rmtree(warehouse.zone.root / area / topic, ignore_errors=True)
            source = Path(str(killed.settings.raw)) / area / topic
            shutil.copytree(source, warehouse.zone.root / area / topic)
    warehouse.restore(empty)
    warehouse.dbt("run")
    by_stream = kpis(warehouse)
    assert differences(by_stream, by_files) == []
    assert sum(len(found) for found in by_files.values()) > 500


def test_after_a_lost_checkpoint_the_stream_goes_on_behind_what_has_landed(killed: Outcome, broker: Broker) -> None:
    home = Path(str(killed.settings.raw))
    shutil.rmtree(home / "stream")
    more = killed.produced["streams"][:10]
    produce(broker, "streams", more)
    code, said = run(home, broker, *JOB)
    assert code == 0, said[-3000:]
    assert sum(event["rows"] for event in events(said, "batch")) == len(more)


def test_appending_in_foreach_batch_does_not_hold(killed: Outcome, broker: Broker, tmp_path: Path) -> None:
    """The control: the same death, the same broker, and the usual code has rows twice."""
    words = [sys.executable, "-m", "tests.streaming.naive", broker.servers, "streams", str(tmp_path)]
    code, said = run(tmp_path, broker, die="commit:2", words=words)
    assert code == -9, said[-3000:]
    code, said = run(tmp_path, broker, words=words)
    assert code == 0, said[-3000:]
    found = sum(len(path.read_bytes().splitlines()) for path in (tmp_path / "rows").glob("*.txt"))
    assert found > len(killed.produced["streams"]) + 10
