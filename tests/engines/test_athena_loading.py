"""Raw on Trino 476 behind an Athena API: what manifests list is there, once; rows of many months are replaced."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ingestion.zone import Zone
from tests.convergence.engine import Batch, write_batch
from tests.engines.athena.client import Rows
from tests.engines.athena.local import Lake, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FIRST = datetime(2026, 3, 1, 6, 0, 0, 1)  # noqa: DTZ001 - the marts keep UTC without zone
SECOND = datetime(2026, 3, 2, 6, 0, 0, 123457)  # noqa: DTZ001
THIRD = datetime(2026, 3, 3, 6, 0, 0, 0)  # noqa: DTZ001
FOURTH = datetime(2026, 3, 4, 6, 0, 0, 0)  # noqa: DTZ001
FIFTH = datetime(2026, 3, 5, 6, 0, 0, 0)  # noqa: DTZ001
HEARD = datetime(2026, 2, 28, 23, 59, 59, 999999)  # noqa: DTZ001


def listens(name: str, arrived_at: datetime, count: int) -> Batch:
    rows = tuple({"user_id": str(n), "track_id": "t", "listened_at": HEARD} for n in range(count))
    return Batch(name, "streams", arrived_at, rows)


def revenue(name: str, arrived_at: datetime, amount: str) -> Batch:
    row = {"channel_id": "CH1", "revenue_date": date(2026, 2, 1), "ad_revenue": Decimal(amount)}
    return Batch(name, "ad_revenue", arrived_at, (row,))


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with running(tmp_path_factory.mktemp("engines")) as environment:
        yield environment


@pytest.fixture(scope="module")
def lake(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two batches, a leftover without a manifest, and a file that is older than one of the contract's columns."""
    lake = Lake(tmp_path_factory.mktemp("lake"), environment, "loading")
    zone = Zone(lake.root)
    write_batch(zone, listens("first", FIRST, 3))
    write_batch(zone, listens("second", SECOND, 2))
    old = lake.root / zone.folder("raw", "streams", FIRST.replace(tzinfo=UTC)) / "first-0.parquet"
    pq.write_table(pq.read_table(old).drop_columns(["listened_ms"]), old)
    shutil.copy(old, old.with_name("leftover-0.parquet"))
    lake.mirror()
    assert lake.dbt("run-operation", "load_raw") == ""
    return lake


def ledger(lake: Lake) -> Rows:
    return lake.client.rows("select batch_id, input, cast(arrived_at as varchar), rows_accepted from batch order by 1")


def snapshots(lake: Lake) -> Rows:
    return lake.client.rows('select count(*) from "manifest$snapshots"')


def test_the_ledger_holds_the_manifests_to_the_microsecond(lake: Lake) -> None:
    assert ledger(lake) == [
        ["first", "streams", "2026-03-01 06:00:00.000001", "3"],
        ["second", "streams", "2026-03-02 06:00:00.123457", "2"],
    ]


def test_only_files_that_a_manifest_lists_are_read(lake: Lake) -> None:
    found = lake.client.rows(
        "select batch_id, cast(arrived_at as varchar), cast(listened_at as varchar), arrival_date, count(*),"
        " count(listened_ms) from streams group by 1, 2, 3, 4 order by 1"
    )
    assert found == [
        ["first", "2026-03-01 06:00:00.000001", "2026-02-28 23:59:59.999999", "2026-03-01", "3", "0"],
        ["second", "2026-03-02 06:00:00.123457", "2026-02-28 23:59:59.999999", "2026-03-02", "2", "0"],
    ]


def test_an_input_that_never_arrived_is_empty_and_typed(lake: Lake) -> None:
    assert lake.client.rows("select ad_revenue * 2, revenue_date, source_row + 1, arrived_at from ad_revenue") == []


def test_loading_again_changes_nothing(lake: Lake) -> None:
    before = snapshots(lake)
    version = lake.client.glue.get_table(DatabaseName="loading_dev_raw", Name="landed_streams")["Table"]["VersionId"]
    assert lake.dbt("run-operation", "load_raw") == ""
    again = lake.client.glue.get_table(DatabaseName="loading_dev_raw", Name="landed_streams")["Table"]["VersionId"]
    assert (snapshots(lake), again) == (before, version)


def test_a_load_that_was_interrupted_is_finished_by_the_next(lake: Lake) -> None:
    """Ended after the table was made and before its view was: the mark of a whole definition is not there yet."""
    lake.client.rows("drop view streams")
    lake.client.rows("alter table landed_streams set tblproperties ('definition' = 'half')")
    assert lake.dbt("run-operation", "load_raw") == ""
    assert lake.client.rows("select count(*) from streams") == [["5"]]


def test_a_withdrawn_batch_leaves_ledger_and_rows(lake: Lake) -> None:
    manifest = lake.root / "processing-metadata/streams/second.json"
    (manifest.parent / "withdrawn").mkdir()
    manifest.rename(manifest.parent / "withdrawn" / manifest.name)
    lake.mirror()
    assert lake.dbt("run-operation", "load_raw") == ""
    assert [row[0] for row in ledger(lake)] == ["first"]
    assert lake.client.rows("select count(*) from streams") == [["3"]]


def test_a_raw_zone_on_a_disk_is_refused(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(lake.environment, "MEDIA_RAW", str(tmp_path))
    assert lake.dbt("run-operation", "load_raw")
    assert f"Athena reads S3 only, but MEDIA_RAW is '{tmp_path}'" in capsys.readouterr().out


def test_corrected_revenue_replaces_the_old_through_dbt(lake: Lake) -> None:
    """The path of the strategy `replace` through dbt-athena: registered, loaded, replaced by key in one MERGE."""
    zone = Zone(lake.root)
    for name, arrived_at, amount in (("booked", FIRST, "10.5"), ("corrected", SECOND, "12.25")):
        write_batch(zone, revenue(name, arrived_at, amount))
        lake.mirror()
        assert lake.dbt("run", "--select", "+fct_ad_revenue") == ""
    found = lake.client.rows("select event_date, ad_revenue_amount, _batch_id from loading_dev_marts.fct_ad_revenue")
    assert found == [["2026-02-01", "12.2500", "corrected"]]


REPLACE = """
{% set t = api.Relation.create(database='awsdatacatalog', schema='loading_dev_raw', identifier='months') %}
{% set n = api.Relation.create(database='awsdatacatalog', schema='loading_dev_raw', identifier='months_new') %}
{% if execute %}
{% set dates = query_dates('select event_date from loading_dev_raw.months_dates') %}
{% set last = replace_rows(t, n, ['event_date'], ['event_date', 'plays'], dates) %}
{% do run_query(last) %}
{% endif %}
select 1 as one
"""


def test_rows_of_150_months_are_replaced_and_emptied_dates_go(lake: Lake) -> None:
    rows = lake.client.rows
    months = "select date_add('month', n, date '2010-01-31') as event_date from unnest(sequence({0}, {1})) as x (n)"
    table = (
        "create table {0} with (table_type = 'iceberg', is_external = false, location = 's3://media-lake/{0}/'{1}) as "
    )
    by_month = ", partitioning = array['month(event_date)']"
    rows(table.format("months", by_month) + f"select event_date, 1 as plays from ({months.format(0, 99)})")
    rows(f"insert into months select event_date, 1 as plays from ({months.format(100, 149)})")
    rows(table.format("months_new", "") + f"select event_date, 2 as plays from ({months.format(5, 149)})")
    rows(table.format("months_dates", "") + months.format(1, 149))
    assert lake.dbt("show", "--inline", REPLACE) == ""  # the build above made int_progress, which every write looks at
    assert rows("select plays, count(*), min(event_date) from months group by plays order by plays") == [
        ["1", "1", "2010-01-31"],
        ["2", "145", "2010-06-30"],
    ]


def test_a_column_that_somebody_added_stops_the_model(lake: Lake) -> None:
    """Runs after the build above, on its table."""
    lake.client.rows("alter table loading_dev_marts.fct_ad_revenue add columns (note string)")
    write_batch(Zone(lake.root), revenue("after_it", THIRD, "13"))
    lake.mirror()
    message = lake.dbt("run", "--select", "int_batch", "fct_ad_revenue")
    assert "The source and target schemas on this incremental model are out of sync" in message, message


def test_a_missing_bucket_is_named_and_the_old_table_stays(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    amount = "select ad_revenue_amount from loading_dev_marts.fct_ad_revenue"
    with monkeypatch.context() as context:
        context.setitem(lake.environment, "ATHENA_DATA_DIR", "s3://no-such-bucket/warehouse/")
        message = lake.dbt("run", "--select", "fct_ad_revenue", "--full-refresh")
        assert "no-such-bucket" in message, message
    assert lake.client.rows(amount) == [["12.2500"]]
    assert lake.dbt("run", "--select", "fct_ad_revenue", "--full-refresh") == ""
    assert lake.client.rows(amount) == [["13.0000"]]


def test_a_build_that_another_overtakes_says_so_and_keeps_nothing(lake: Lake) -> None:
    """The other's number is written as if it had started later, so every statement of this build finds it there."""
    progress = "loading_dev_intermediate.int_progress"
    state = f"select reader, max(load_seq) from {progress} where reader <> 'build' group by reader order by reader"
    amount = "select ad_revenue_amount from loading_dev_marts.fct_ad_revenue"
    write_batch(Zone(lake.root), revenue("overtaken", FOURTH, "14"))
    lake.mirror()
    before = lake.client.rows(state)
    lake.client.rows(f"insert into {progress} (reader, load_seq) values ('build', 9000000000000000)")
    message = lake.dbt("run", "--select", "+fct_ad_revenue")
    assert "Another build started after this one and took over" in message, message
    assert (lake.client.rows(state), lake.client.rows(amount)) == (before, [["13.0000"]])
    lake.client.rows(f"delete from {progress} where reader = 'build'")
    assert lake.dbt("run", "--select", "+fct_ad_revenue") == ""
    assert lake.client.rows(amount) == [["14.0000"]]


BOOKED = "select event_date, ad_revenue_amount from loading_dev_marts.fct_ad_revenue order by event_date"
TWICE = "select batch_id from loading_dev_intermediate.int_batch group by batch_id having count(*) > 1"


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (6, ("merge into", "int_batch")),  # registered or not, nothing is built from it yet
        (7, ("create table", "fct_ad_revenue__dbt_tmp")),  # the new rows wait beside the old ones
        (8, ("merge into", "fct_ad_revenue")),  # they are there or not, progress is not
        (9, ("insert into", "int_progress", "fct_ad_revenue")),
    ],
)
def test_a_build_killed_half_way_is_healed_by_the_next(lake: Lake, day: int, words: tuple[str, ...]) -> None:
    """Trino goes on with the statement that it got: killed is the one who would send the next."""
    write_batch(Zone(lake.root), revenue(f"killed_{day}", FIFTH.replace(day=day), str(day)))
    lake.mirror()
    sent = lake.client.sent()
    with lake.apart("run", "--select", "+fct_ad_revenue") as build:
        lake.wait_for_statement(*words, seen=sent)
        build.kill()
        assert build.wait() < 0
    assert lake.dbt("run", "--select", "+fct_ad_revenue") == ""
    assert lake.client.rows(BOOKED) == [["2026-02-01", f"{day}.0000"]]
    assert lake.client.rows(TWICE) == []


def test_two_builds_at_once_lose_and_double_nothing(lake: Lake) -> None:
    """One may fail on the other's work, with a reason; the next build is right."""
    write_batch(Zone(lake.root), revenue("contested", FIFTH.replace(day=20), "20"))
    lake.mirror()
    command = ("run", "--select", "+fct_ad_revenue")
    with lake.apart(*command) as one, lake.apart(*command) as two:
        said = [build.communicate(timeout=400)[0] for build in (one, two)]
    for build, text in zip((one, two), said, strict=True):
        assert build.returncode == 0 or "Another build started after this one" in text or "COMMIT" in text, text
    assert lake.dbt("run", "--select", "+fct_ad_revenue") == ""
    assert lake.client.rows(BOOKED) == [["2026-02-01", "20.0000"]]
    assert lake.client.rows(TWICE) == []
