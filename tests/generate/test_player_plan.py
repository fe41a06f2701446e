"""The player's events: the same whoever asks, written as they are, damaged as it is said."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from ingestion.generate.defects import LATEST_DAYS, Defects
from ingestion.generate.deliveries import Delivery, deliveries
from ingestion.generate.plan import PLAYER_INPUT, Plan
from ingestion.generate.player.facts import PLAYBACKS
from ingestion.generate.truth import compute
from ingestion.generate.write import write_delivery

SMALL = {"accounts": 200, "titles": 20, "tracks": 20, "playbacks_per_account": 1.0}


def test_a_day_is_the_same_alone_and_among_others() -> None:
    alone, among = Plan(**SMALL, days=6), Plan(**SMALL, days=300)
    for day in (0, 299, 4):
        among.player_day(day)
    assert among.player_day(5).events.to_pylist() == alone.player_day(5).events.to_pylist()
    assert among.player_day(5).facts[PLAYBACKS].equals(alone.player_day(5).facts[PLAYBACKS])
    assert Plan(**SMALL, seed=8).player_day(5).events.to_pylist() != alone.player_day(5).events.to_pylist()


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Plan(**SMALL).player_day(2)
    monkeypatch.setattr("ingestion.generate.player.day.BLOCK_SESSIONS", 17)
    pieces = Plan(**SMALL).player_day(2)

    def ordered(rows: list[dict]) -> list[dict]:
        return sorted(rows, key=lambda row: row["event_id"])

    assert ordered(pieces.events.to_pylist()) == ordered(whole.events.to_pylist())
    assert pieces.facts[PLAYBACKS].to_pylist() == whole.facts[PLAYBACKS].to_pylist()
    assert pieces.kinds == whole.kinds


def test_without_playbacks_there_is_no_such_input() -> None:
    assert PLAYER_INPUT not in Plan().inputs
    assert PLAYER_INPUT in Plan(**SMALL).inputs
    with pytest.raises(ValueError, match="playbacks_per_account"):
        Plan(playbacks_per_account=-1)


def test_lines_hold_the_fields_that_an_event_has(tmp_path: Path) -> None:
    events = Plan(**SMALL).table(PLAYER_INPUT, 0)
    path = write_delivery(Delivery(PLAYER_INPUT, 0, "player_events-0", events), tmp_path, "csv")
    assert path.name == "player_events-0.ndjson.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        read = [json.loads(line) for line in lines]
    assert len(read) == events.num_rows
    for got, want in zip(read, events.to_pylist(), strict=True):
        assert got.keys() == {name for name, value in want.items() if value is not None}
        assert got["position_ms"] == want["position_ms"] if "position_ms" in got else True
        assert got["event_id"] == want["event_id"] and isinstance(got.get("is_live", False), bool)


def test_damage_is_as_much_as_announced() -> None:
    plan = Plan(**SMALL, days=3)
    files = list(deliveries(plan, PLAYER_INPUT, Defects()))
    told: Counter[str] = Counter()
    for file in files:
        told.update(file.kinds)
    own = {row["event_id"]: day for day in range(3) for row in plan.table(PLAYER_INPUT, day).to_pylist()}
    seen: dict[str, list[int]] = {}
    for file in files:
        for row in file.table["event_id"].to_pylist():
            seen.setdefault(row, []).append(file.day)
    assert seen.keys() == own.keys()  # nothing is lost on the way, nothing invented
    assert sum(len(days) - len(set(days)) for days in seen.values()) == told["duplicate"] > 0
    assert sum(len(set(days)) == 2 for days in seen.values()) == told["repeated_later"] > 0
    late = sum(min(days) > own[name] for name, days in seen.items())
    assert late == told["late"] > 0 and max(map(max, seen.values())) <= 2 + LATEST_DAYS
    assert told["disordered"] > 0 and told["lost_heartbeat"] > 0 and told["skewed_session"] > 0
    assert sum(len(file.bad) for file in files) == told["bad"] > 0


def test_a_wrong_clock_shifts_instants_and_no_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(plan: Plan) -> list[dict]:
        moved = {"started_us", "ended_us", "last_us", "session_end_us"}
        rows = plan.player_day(1).facts[PLAYBACKS].to_pylist()
        # The key of a playback without an id ends with its start.
        told = [{**row, "playback_id": re.sub(r"\|\d+$", "", row["playback_id"])} for row in rows]
        return [{name: value for name, value in row.items() if name not in moved} for row in told]

    many = {**SMALL, "accounts": 1_000}
    wrong = Plan(**many)
    starts = [row["started_us"] for row in wrong.player_day(1).facts[PLAYBACKS].to_pylist()]
    monkeypatch.setattr("ingestion.generate.player.world.SKEWS_MS", (0, 0, 0, 0))
    right = Plan(**many)
    assert [row["started_us"] for row in right.player_day(1).facts[PLAYBACKS].to_pylist()] != starts
    assert shown(right) == shown(wrong)


def test_ties_hold_in_the_truth() -> None:
    plan = Plan(**SMALL, days=2)
    facts = [plan.player_day(day).facts for day in range(2)]
    truth = compute({name: [one[name] for one in facts] for name in facts[0]}).tables
    plays = truth["fct_playback"].to_pylist()
    outcomes = ("is_started", "is_start_failure", "is_exit_before_start")
    assert all(sum(row[name] for name in outcomes) == 1 for row in plays)
    played = sum(row["playing_ms"] for row in plays)
    assert played == sum(truth["kpi_qoe_daily"]["playing_ms"].to_pylist())
    area = truth["kpi_concurrency"].to_pylist()
    # Each minute is rounded down to milliseconds; the generator's instants are whole milliseconds.
    assert played == sum(row["concurrent_ms"] for row in area if row["media_kind"] == "video")
