"""Every check of the project trips on what it is for, a failed one is repeated, and a withdrawn batch is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.convergence.engine import Batch, Warehouse, differences
from tests.convergence.history import DAY0, history, player_history

#: check -> statement that breaks what it watches
DAMAGE = {
    "dim_account_rows": "insert into marts.dim_account select * from marts.dim_account limit 1",
    "dim_content_rows": (
        "update marts.dim_content set duration_ms = 0 where content_id = (select min(content_id) from "
        "marts.dim_content)"
    ),
    "dim_channel_rows": "update marts.dim_channel set channel_name = null",
    "dim_date_rows": "update marts.dim_date set weekday_number = 8 where event_date = date '2026-01-01'",
    "fct_ad_revenue_rows": "update marts.fct_ad_revenue set ad_revenue_amount = -1",
    "fct_playback_rows": "insert into marts.fct_playback select * from marts.fct_playback limit 1",
    "fct_ad_impression_rows": "update marts.fct_ad_impression set is_first_quartile = false, is_midpoint = true",
    "fct_interaction_rows": "update marts.fct_interaction set like_change = 2",
    "fct_account_day_rows": "update marts.fct_account_day set plays = attempts + 1",
    "feature_churn_account_day_rows": "update marts.feature_churn_account_day set active_days_7 = active_days_90 + 1",
    "fct_app_session_rows": "update marts.fct_app_session set event_count = 0",
    "fct_playback_interval_rows": "update marts.fct_playback_interval set ended_at = started_at",
    "edge_position_rows": "update marts.edge_position set delta_all = 0, delta_unique = 0",
    "tie_intervals_are_playing_time": (
        "update marts.fct_playback_interval set ended_at = ended_at + interval 1 second where from_position_ms = 0"
    ),
    "edge_audience_rows": "update marts.edge_audience set net_starts = 0",
    "bridge_content_genre_rows": (
        "create or replace view warehouse.marts.bridge_content_genre as"
        " select 'c' as content_id, 'g' as genre, 2 as weight"
    ),
    "bridge_content_artist_rows": (
        "create or replace view warehouse.marts.bridge_content_artist as"
        " select 'c' as content_id, 'a' as artist, 0 as weight"
    ),
    "kpi_channel_daily_rows": "update kpi.kpi_channel_daily set plays = attempts + 1",
    "kpi_content_daily_rows": "update kpi.kpi_content_daily set skipped_plays = plays + 1",
    "kpi_genre_daily_rows": "update kpi.kpi_genre_daily set plays_allocated = plays + 1",
    "kpi_top_content_daily_rows": "update kpi.kpi_top_content_daily set place = 1",
    "kpi_hourly_rows": "update kpi.kpi_hourly set hour_of_day = 24",
    "kpi_demographic_daily_rows": "update kpi.kpi_demographic_daily set plays = 1, is_suppressed = true",
    "kpi_device_region_daily_rows": (
        "insert into kpi.kpi_device_region_daily select * from kpi.kpi_device_region_daily limit 1"
    ),
    "kpi_concurrency_rows": "update kpi.kpi_concurrency set concurrent_average = concurrent_peak + 1",
    "kpi_ad_daily_rows": "update kpi.kpi_ad_daily set ad_clicks = ad_requests + 1",
    "kpi_event_mix_daily_rows": "update kpi.kpi_event_mix_daily set active_accounts = event_count + 1",
    "kpi_data_quality_daily_rows": "update kpi.kpi_data_quality_daily set row_count = 0",
    "kpi_segment_daily_rows": "update kpi.kpi_segment_daily set accounts = 0",
    "kpi_audience_rows": "update kpi.kpi_audience set reached_accounts = unique_accounts_28 + 1",
    "kpi_executive_daily_rows": "update kpi.kpi_executive_daily set plays = attempts + 1",
    "kpi_cohort_weekly_rows": "create or replace view warehouse.kpi.kpi_cohort_weekly as"
    " select date '2026-03-02' as cohort_week_date, date '2026-03-02' as week_start_date, 0 as week_number,"
    " 2 as cohort_accounts, 1 as active_accounts",
    "kpi_top_content_weekly_rows": "create or replace view warehouse.kpi.kpi_top_content_weekly as"
    " select date '2026-03-02' as week_start_date, 'video' as media_kind, 0 as place, 1 as weeks_in_top,"
    " 1 as content_views",
    "kpi_qoe_daily_rows": "update kpi.kpi_qoe_daily set plays = attempts + 1",
    "kpi_qoe_distribution_daily_rows": "update kpi.kpi_qoe_distribution_daily set plays = 0",
    "kpi_content_retention_rows": "update kpi.kpi_content_retention set plays_there = plays + 1",
    "tie_facts_neither_drop_nor_multiply": (
        "delete from marts.fct_playback where playback_id = (select min(playback_id) from marts.fct_playback)"
    ),
    "tie_hours_of_kpis_and_playbacks": "update kpi.kpi_device_region_daily set playing_ms = playing_ms + 1",
    "tie_area_of_audience_edges": (
        "update marts.edge_audience set instant_at = instant_at + interval 1 second where net_starts > 0"
    ),
    "tie_allocated_plays": "update kpi.kpi_genre_daily set plays_allocated = plays_allocated / 2",
    "tie_batches_are_whole": "update raw.manifest set rows_accepted = rows_accepted + 1, rows_read = rows_read + 1",
}

LONGER = (
    "select playback_id, started_at, playback_date, content_id, to_position_ms from marts.fct_playback_interval"
    " where playback_rate = 1 and to_position_ms is not null"
    " and playback_id in (select playback_id from marts.fct_playback where watched_ms is not null)"
    " order by playback_id, started_at limit 1"
)
#: Further damage that the same checks notice: one side of each tie between plays, edges and attempts.
MORE_DAMAGE = [
    ("fct_playback_rows", "update marts.fct_playback set is_exit_before_start = true where is_started"),
    ("kpi_qoe_daily_rows", "update kpi.kpi_qoe_daily set exits_before_start = exits_before_start + 1"),
    ("tie_hours_of_kpis_and_playbacks", "update kpi.kpi_content_daily set attempts = attempts + 1"),
    ("tie_intervals_are_playing_time", "update marts.fct_playback set playing_ms = playing_ms + 1"),
    ("tie_intervals_are_playing_time", "update marts.edge_position set position_ms = 2 * position_ms"),
    ("tie_intervals_are_playing_time", "delete from marts.edge_position where delta_all < 0"),
    # A second more of content, and the edges that belong to it: only the clock disagrees.
    ("tie_intervals_are_playing_time", f"""
        create temp table longer as {LONGER};
        insert into marts.edge_position by name
        select playback_date as event_date, content_id, to_position_ms as position_ms, 1 as delta_all, 1 as delta_unique
        from longer
        union all
        select playback_date, content_id, to_position_ms + 1000, -1, -1 from longer;
        update marts.fct_playback_interval set to_position_ms = to_position_ms + 1000
        where (playback_id, started_at) in (select (playback_id, started_at) from longer)
    """),
    ("tie_area_of_audience_edges", "update kpi.kpi_concurrency set concurrent_ms = concurrent_ms + 1"),
    ("tie_area_of_audience_edges", (
        "update marts.fct_playback_interval set ended_at = ended_at - interval 1 millisecond"
        " where playback_id like 'player:%'"
    )),
]  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    warehouse = Warehouse(tmp_path_factory.mktemp("checks"))
    warehouse.land([*history(1), *player_history(1)])
    warehouse.dbt("build")
    yield warehouse
    warehouse.close()


def failed(result: Any) -> set[str]:
    """Names of the tests that failed; other than failures nothing may have gone wrong."""
    assert not [r for r in result.result.results if r.status == "error"], result.result
    return {r.node.name for r in result.result.results if r.status == "fail"}


def test_every_custom_test_has_a_case(built: Warehouse) -> None:
    tests = {
        node.name for node in built.manifest.nodes.values() if node.resource_type == "test" and "audit" in node.tags
    }
    assert {name for name in tests if not name.startswith("contract_holds_")} == set(DAMAGE)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_every_check_trips_and_the_audit_was_green_before(built: Warehouse, tmp_path: Path) -> None:
    assert not failed(built.dbt("test", "--select", "tag:audit"))
    original = tmp_path / "original"
    built.keep(original)
    for check, statement in [*DAMAGE.items(), *MORE_DAMAGE]:
        with built.connected(read_only=False) as connection:
            connection.execute(statement)
        assert check in failed(built.dbt("test", "--select", check, check=False)), (check, statement)
        built.restore(original)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_failed_check_is_repeated_until_the_batch_is_withdrawn(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "home")
    batches = history(2)
    warehouse.land(batches)
    warehouse.dbt("build")
    want = warehouse.results()
    bad = Batch(
        "bad",
        "streams",
        DAY0 + timedelta(days=20),
        ({"user_id": "1", "track_id": "t1", "listened_at": DAY0, "listened_ms": -5},),
    )
    warehouse.land([bad])
    assert failed(warehouse.dbt("build", check=False)) == {"contract_holds_streams"}
    assert failed(warehouse.dbt("build", check=False)) == {"contract_holds_streams"}, (
        "the second run forgot the failure"
    )
    warehouse.zone.withdraw("bad")
    refused = warehouse.dbt("build", check=False)
    assert not refused.success
    assert "Batch bad was withdrawn" in str(refused.exception) + str([r.message for r in refused.result or []])
    assert not warehouse.dbt("build", "--full-refresh", "--select", "kpi", check=False).success
    warehouse.dbt("build", "--full-refresh")
    assert not differences(warehouse.results(), want)
    warehouse.dbt("build")
    assert not differences(warehouse.results(), want)
    warehouse.close()


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_check_waits_until_its_tables_are_at_the_same_point(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "home")
    batches = history(3)
    warehouse.land(batches[::2])
    warehouse.dbt("run")
    warehouse.land(batches[1::2])
    warehouse.dbt("build", "--select", "+fct_playback")  # ties with KPIs that are a run behind say nothing
    warehouse.dbt("build")
    point = "select reader, max(load_seq) from intermediate.int_progress where reader like 'check tie%' group by all"
    assert len({load_seq for _, load_seq in warehouse.query(point)}) == 1
    warehouse.close()
