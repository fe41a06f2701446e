"""The damage that is announced is found again in the rows, by looking at the rows alone."""

import csv
import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from ingestion.generate.defects import Defects
from ingestion.generate.deliveries import Delivery, deliveries
from ingestion.generate.plan import INPUTS, Plan
from ingestion.generate.run import generate_all

PLAN = Plan(days=5, accounts=400, titles=30, tracks=150, seed=11, reported_share=0.4)
DAMAGE = Defects(blank_rate=0.0)
KEYS = {
    "viewership_logs": ("session_id", "user_id", "channel_id", "timestamp"),
    "streams": ("user_id", "track_id", "listen_time"),
    "ad_revenue": ("channel_id", "date"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    generate_all(PLAN, folder, "csv", DAMAGE, with_truth=False)
    return folder


def read(folder: Path, name: str) -> dict[str, list[dict[str, str]]]:
    """All rows of an input by file name, as text."""
    found = {}
    for path in sorted((folder / "inputs" / name).iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.name] = list(csv.DictReader(file))
    return found


def known(folder: Path) -> dict:
    return json.loads((folder / "truth" / "defects.json").read_text())


def good_rows(folder: Path, name: str) -> dict[str, list[dict[str, str]]]:
    bad = {file: {entry["row"] for entry in one["bad"]} for file, one in known(folder)["files"][name].items()}
    return {
        file: [row for number, row in enumerate(rows, 1) if number not in bad[file]]
        for file, rows in read(folder, name).items()
    }


@pytest.mark.parametrize("name", KEYS)
def test_repeated_late_and_corrected_facts_are_as_many_as_announced(files: Path, name: str) -> None:
    totals = known(files)["totals"][name]
    seen: dict[tuple, list[tuple[str, tuple]]] = {}
    duplicates = 0
    for file, rows in good_rows(files, name).items():
        whole = Counter(tuple(row.values()) for row in rows)
        duplicates += sum(count - 1 for count in whole.values())
        for values in whole:
            row = dict(zip(rows[0], values, strict=True))
            if name == "ad_revenue" and row["date"][2] == "-":  # dd-MM-yyyy
                day, month, year = row["date"].split("-")
                row["date"] = f"{year}-{month}-{day}"
            key = tuple(row[column] for column in KEYS[name])
            seen.setdefault(key, []).append((file, tuple(row.values())))
    twice = [found for found in seen.values() if len(found) == 2]
    assert max(map(len, seen.values())) == 2
    assert duplicates == totals["duplicate"]
    assert sum(first[1] == second[1] for first, second in twice) == totals["repeated_later"]
    assert sum(first[1] != second[1] for first, second in twice) == totals["corrected"]
    assert all(first[0] < second[0] for first, second in twice)
    own = {
        tuple(str(row[column]) for column in KEYS[name]): day
        for day in range(5)
        for row in PLAN.table(name, day).to_pylist()
    }
    assert len(seen) == len(own)  # nothing is lost, nothing invented
    late = 0
    for key, found in seen.items():
        file_day = (date.fromisoformat(found[0][0][-14:-4]) - PLAN.start).days
        if key in own:  # unknown ids were changed, so their keys are not in the plan; they are never late
            late += file_day > own[key]
            assert own[key] <= file_day <= own[key] + 10
    assert late == totals["late"]


def test_unknown_ids_are_as_many_as_announced(files: Path) -> None:
    for name, column, catalogue, kind in (
        ("streams", "track_id", "songs", "unknown_content"),
        ("streams", "user_id", "users", "unknown_account"),
        ("viewership_logs", "user_id", "demographics", "unknown_account"),
        ("viewership_logs", "channel_id", "channel_metadata", "unknown_channel"),
    ):
        there = {row[column] for rows in good_rows(files, catalogue).values() for row in rows}
        strange = sum(row[column] not in there for rows in good_rows(files, name).values() for row in rows)
        assert strange == known(files)["totals"][name][kind] > 0


@pytest.mark.parametrize(
    ("name", "key", "kind"),
    [
        ("demographics", "user_id", "conflicting"),
        ("users", "user_id", "corrected"),
        ("channel_metadata", "channel_id", "renamed"),
        ("titles", "title_id", "corrected"),
    ],
)
def test_changed_dimension_rows_are_as_many_as_announced(files: Path, name: str, key: str, kind: str) -> None:
    latest: dict[str, tuple] = {}
    changes = 0
    for rows in good_rows(files, name).values():
        unique = list(dict.fromkeys(tuple(row.values()) for row in rows))
        for values in unique:
            row = dict(zip(rows[0], values, strict=True))
            changes += row[key] in latest
            latest[row[key]] = values
    assert changes == known(files)["totals"][name][kind] > 0


def test_corrected_tracks_change_genre_title_and_popularity(files: Path) -> None:
    first, *later = good_rows(files, "songs").values()
    before = {(row["track_id"], row["track_genre"]): row for row in first}
    tracks = {row["track_id"] for row in first}
    corrected = [row for rows in later for row in rows if row["track_id"] in tracks]
    assert corrected
    assert any((row["track_id"], row["track_genre"]) not in before for row in corrected)
    same = [
        (row, before[row["track_id"], row["track_genre"]])
        for row in corrected
        if (row["track_id"], row["track_genre"]) in before
    ]
    for new, old in same:
        assert new["track_name"] != old["track_name"]
        assert int(new["popularity"]) > int(old["popularity"]) or int(old["popularity"]) == 100


@pytest.mark.parametrize("name", INPUTS)
def test_file_counts_and_bad_rows_are_where_they_are_said_to_be(files: Path, name: str) -> None:
    said = known(files)["files"][name]
    found = read(files, name)
    assert said.keys() == found.keys()
    for file, rows in found.items():
        one = said[file]
        assert len(rows) == one["rows"] == one["accepted"] + one["duplicate"] + one["quarantined"]
        assert len(one["bad"]) == one["quarantined"]
        for bad in one["bad"]:
            for reason in bad["reasons"]:
                code, _, field = reason.partition(":")
                row = rows[bad["row"] - 1]
                assert (code == "malformed_row") == (None in row)  # the reader's key of surplus fields
                if code == "missing" and field in row:
                    assert row[field] == ""
                if code == "in_future":
                    assert "2099-01-01 00:00:00" in row.values()
    assert known(files)["totals"][name]["bad"] == sum(one["quarantined"] for one in said.values()) > 0


def test_bad_rows_cover_every_code_of_a_value(files: Path) -> None:
    reasons = {
        reason.split(":")[0]
        for one in known(files)["files"].values()
        for file in one.values()
        for bad in file["bad"]
        for reason in bad["reasons"]
    }
    assert reasons == {
        "missing", "bad_type", "not_in_enum", "below_minimum", "above_maximum", "bad_timestamp", "too_old", "in_future",
        "malformed_row",
    }  # fmt: skip


@pytest.mark.parametrize("name", INPUTS)
def test_a_delivery_does_not_depend_on_the_number_of_days(name: str) -> None:
    few = list(deliveries(Plan(days=4, accounts=300, tracks=50), name, Defects()))
    many = {one.day: one for one in deliveries(Plan(days=12, accounts=300, tracks=50), name, Defects())}
    for delivery in few:
        if delivery.day < 4:
            assert plain(delivery) == plain(many[delivery.day])


def plain(delivery: Delivery) -> tuple:
    return delivery.name, delivery.table.to_pylist(), [bad.values for bad in delivery.bad], delivery.kinds


@pytest.mark.parametrize("name", INPUTS)
def test_names_sort_as_the_files_arrive(name: str) -> None:
    names = [delivery.name for delivery in deliveries(PLAN, name, DAMAGE)]
    assert names == sorted(set(names))


def test_without_defects_every_row_is_the_plan_s(tmp_path: Path) -> None:
    plan = Plan(days=2, accounts=100, titles=10, tracks=30)
    for name in INPUTS:
        for delivery in deliveries(plan, name):
            assert not delivery.bad and not delivery.kinds
            assert delivery.table.equals(plan.table(name, delivery.day))


def test_blank_values_appear_at_their_rate() -> None:
    plan = Plan(days=1, accounts=3_000)
    [first, *_] = deliveries(plan, "viewership_logs", Defects(blank_rate=0.05))
    for column in ("genre", "region", "duration_minutes", "completion_percentage", "is_live"):
        share = first.table.column(column).null_count / first.table.num_rows
        assert 0.035 < share < 0.065
    for column in ("session_id", "user_id", "channel_id", "show_name", "timestamp"):
        assert first.table.column(column).null_count == 0


def test_late_rows_come_up_to_ten_days_after_the_last_day() -> None:
    last = PLAN.start + timedelta(days=PLAN.days - 1)
    days = [date.fromisoformat(one.name[-10:]) for one in deliveries(PLAN, "streams", DAMAGE)]
    assert last < days[-1] <= last + timedelta(days=10)
