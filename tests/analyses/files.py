"""Input files of the television project as somebody would deliver them, and landing them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from ingestion.generate.plan import Plan
from ingestion.generate.run import generate_all
from ingestion.lander import land as lander
from ingestion.settings import load_settings
from tests.convergence.engine import Warehouse

Row = dict[str, str]
TELEVISION = ("channel_metadata", "demographics", "viewership_logs", "ad_revenue")
PLAN = Plan(days=9, accounts=160, titles=14, tracks=1, seed=11)
FIRST_DELIVERY = datetime(2026, 2, 1, 6, tzinfo=UTC)
LATE_DELIVERY = datetime(2026, 2, 2, 6, tzinfo=UTC)
OPTIONAL = (
    "genre", "region", "subscription_type", "device", "is_live", "duration_minutes", "ad_revenue", "engagement_score",
    "buffer_count", "completion_percentage",
)  # fmt: skip


def write_rows(path: Path, rows: Sequence[Row]) -> Path:
    """A CSV file with a header and CRLF, as the earlier system wrote them."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def read_rows(paths: Sequence[Path]) -> Iterator[Row]:
    """Every row of the files, in their order."""
    for path in paths:
        with path.open(newline="", encoding="utf-8") as file:
            yield from csv.DictReader(file)


def land(warehouse: Warehouse, paths: Sequence[Path], arrived_at: datetime) -> None:
    """Land files in the zone of the warehouse; every row must be accepted or be a duplicate."""
    settings = load_settings({"MEDIA_HOME": str(warehouse.zone.root)})
    for outcome in lander.land(settings, paths, lander.Options(arrived_at=arrived_at)):
        assert outcome.status == lander.LANDED, outcome
        assert outcome.manifest, outcome
        assert not outcome.manifest.reasons, outcome.manifest


def generated(folder: Path) -> dict[str, list[Path]]:
    """Nine days of made-up television: the files of each input."""
    generate_all(PLAN, folder, with_truth=False)
    return {name: sorted((folder / "inputs" / name).glob("*.csv")) for name in TELEVISION}


def late(folder: Path, files: dict[str, list[Path]]) -> dict[str, list[Path]]:
    """What a second delivery brings: corrections, repetitions, gaps, strangers and values on the edge of a rule."""
    found = {name: list(read_rows(paths)) for name, paths in files.items()}
    rows = {
        "viewership_logs": late_viewings(found["viewership_logs"]),
        "demographics": late_demographics(found["demographics"]),
        "ad_revenue": late_revenue(found["ad_revenue"]),
        "channel_metadata": [{**found["channel_metadata"][3], "channel_name": "Renamed Channel"}],
    }
    return {name: [write_rows(folder / f"{name}-late.csv", rows[name])] for name in TELEVISION}


def late_viewings(first: list[Row]) -> list[Row]:
    """Sixty rows of the first delivery again, half of them corrected, and new rows at the limits."""
    repeated = first[100:130]
    corrected = [
        {**row, "duration_minutes": str(7 + n), "engagement_score": "0.91", "ad_revenue": "500.5", "genre": "Corrected"}
        for n, row in enumerate(first[200:230])
    ]
    gaps = [
        {**row, "session_id": f"GAP{n}", "user_id": "U1" if n % 3 == 0 else row["user_id"], OPTIONAL[n % 10]: ""}
        for n, row in enumerate(first[300:360])
    ]
    stranger = {**first[400], "session_id": "X1", "channel_id": "CH900", "channel_name": "Pop-up Channel"}
    edges = [
        {**first[401], "session_id": f"EDGE{n}", "duration_minutes": minutes, "completion_percentage": percent}
        for n, (minutes, percent) in enumerate([("0", "95"), ("1", "95"), ("2", "90"), ("2", "90.01"), ("1440", "100")])
    ]
    nowhere = [{**first[402], "session_id": f"NOWHERE{n}", "user_id": f"U{n}", "region": ""} for n in range(5)]
    # nobody knows this viewer, who watches more than any age group
    unknown = [
        {**row, "user_id": "U2", "session_id": f"LONG{n}", "duration_minutes": "1440", "is_live": "True"}
        for n, row in enumerate(first[500:540])
    ]
    return [*repeated, *corrected, *gaps, stranger, *edges, *nowhere, *unknown, *twins(first[600])]


def twins(row: Row) -> list[Row]:
    """Groups that are equal in what decides first, so that the rule for ties decides."""
    base = {
        **row, "timestamp": "2026-01-13 10:00:00", "region": "South", "subscription_type": "Free", "ad_revenue": "10",
        "duration_minutes": "50", "engagement_score": "1", "completion_percentage": "100", "buffer_count": "9",
    }  # fmt: skip
    woman, man = "U10000", "U77"
    rows: list[Row] = []
    for channel, name in (("CH951", "Twin B"), ("CH950", "Twin A")):
        own = {**base, "channel_id": channel, "channel_name": name, "show_name": name, "genre": name}
        rows += [{**own, "session_id": f"TWIN{n}", "user_id": woman} for n in (2, 1)]
        rows.append({**own, "session_id": "TWIN1", "user_id": man, "engagement_score": "0.1"})
        # one viewing as long as two, and earning as much as all three
        rows.append({**own, "session_id": "TWIN3", "user_id": man, "genre": f"Long {name}", "duration_minutes": "150",
                     "engagement_score": "0.9", "subscription_type": "Basic", "ad_revenue": "30"})  # fmt: skip
    # they would win question 12, were it not for their region, their length or the score that nobody gave
    lost = {**base, "channel_id": "CH952", "channel_name": "Lost", "genre": "Lost", "user_id": woman}
    rows += [{**lost, "session_id": f"FAR{n}", "show_name": "A far show", "region": "Central"} for n in range(3)]
    rows += [{**lost, "session_id": f"DEAD{n}", "show_name": "A dead show", "duration_minutes": "0"} for n in range(3)]
    rows.append({**lost, "session_id": "BLANK", "show_name": "Twin A", "engagement_score": ""})
    rare = {**base, "channel_id": "CH953", "channel_name": "Rare", "genre": "Rare", "user_id": woman}
    rows.append({**rare, "session_id": "RARE1", "show_name": "A rare show"})
    rows.append({**rare, "session_id": "RARE2", "show_name": "Other", "subscription_type": "Basic", "user_id": man})
    plan = {**rare, "channel_id": "CH954", "show_name": "Other", "user_id": man}
    rows.append({**plan, "session_id": "PLAN1", "subscription_type": "", "ad_revenue": "100"})
    rows.append({**plan, "session_id": "PLAN2", "ad_revenue": "5"})
    rows += [{**plan, "session_id": region, "region": region} for region in ("Thule", "Atlantis")]
    return rows


def late_demographics(first: list[Row]) -> list[Row]:
    """Users again, with other values or with gaps."""
    moved = [{**row, "gender": "Female", "age_group": "60+", "region": "South"} for row in first[:12]]
    blank = [{**row, "gender": "", "age_group": ""} for row in first[12:20]]
    return [*moved, *blank]


def late_revenue(first: list[Row]) -> list[Row]:
    """Corrections with the other spelling of a date, a channel nobody watched, and a day after the last viewing."""
    corrected = [
        {**row, "date": "-".join(reversed(row["date"].split("-"))), "ad_revenue": "99000.25"} for row in first[:9]
    ]
    unwatched = {**first[0], "channel_id": "CH901", "channel_name": "Unwatched", "date": "2026-01-12"}
    after = {**first[1], "date": "2026-01-15", "ad_revenue": "88000"}
    twins = [
        {**first[1], "channel_id": channel, "channel_name": channel, "date": "2026-01-13", "ad_revenue": "999999.5"}
        for channel in ("CH953", "CH951", "CH950")
    ]
    return [*corrected, unwatched, after, *twins]
