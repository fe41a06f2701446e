"""Retention and concurrency of very many plays: the compiled SQL of four models over made-up facts, in bare DuckDB.

The facts are made in DuckDB with the columns that the four models read; positions and instants are to the
millisecond, so that hardly two edges fall together. Making them costs a process of its own, which is not counted.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.bare import run_job
from benchmarks.build import WITHOUT_CHECKS, job_of
from benchmarks.history import START, player_plan_of, write_history
from benchmarks.measure import DBT, BenchmarkError, Cost, dbt_options, run, surroundings
from benchmarks.report import Part, console, show
from benchmarks.sizes import Sizes
from ingestion.zone import Zone

MODELS = ("edge_position", "edge_audience", "kpi_content_retention", "kpi_concurrency")
DAYS, TITLES, SAMPLE_EVENTS = 30, 20_000, 2_000
#: Plays over a month, many of few titles.
PLAYBACKS = f"""
    with play as (
        select n, cast(floor({TITLES} * pow(hash(n, 'title') / 18446744073709551616, 2)) as bigint) as title
        from range({{plays}}) as numbers (n)
    )
    select
        date '{START}' + cast(n % {DAYS} as integer) as event_date,
        md5(cast(n as varchar)) as playback_id,
        'video:T' || title as content_id,
        'video' as media_kind,
        cast(20 + hash(title) % 100 as bigint) * 60000 as content_duration_ms,
        cast(hash(n, 'length') % 3600000 as bigint) as content_watched_ms,
        true as is_started
    from play
"""
#: One to three intervals of each, of up to ten minutes, as if after seeks; two minutes at least lie between two.
INTERVALS = """
    with leg as (
        select *, hash(playback_id, 'legs') % 20 as lot from {playback}, range(3) as legs (leg)
    ),
    placed as (
        select
            *,
            cast(hash(playback_id, leg, 'from') % (content_duration_ms * 9 // 10) as bigint) as from_position_ms,
            cast(1 + hash(playback_id, leg, 'length') % 600000 as bigint) as length_ms,
            epoch_ms(event_date) + cast(hash(playback_id, 'start') % 86400000 as bigint) + leg * 720000 as started_ms
        from leg
        where leg = 0 or (leg = 1 and lot < 7) or (leg = 2 and lot < 3)
    )
    select
        playback_id,
        content_id,
        'not_applicable' as channel_id,
        media_kind,
        'region ' || hash(playback_id, 'region') % 7 as region,
        'device ' || hash(playback_id, 'device') % 5 as device_type,
        from_position_ms,
        least(from_position_ms + length_ms, content_duration_ms) as to_position_ms,
        cast(make_timestamp(started_ms * 1000) as date) as event_date,
        event_date as playback_date,
        make_timestamp(started_ms * 1000) as started_at,
        make_timestamp((started_ms + least(length_ms, content_duration_ms - from_position_ms)) * 1000) as ended_at
    from placed
"""


def measure(home: Path, sizes: Sizes) -> Part:
    """Compile the project on a few events, make the facts, and run the four models in a process that does no more."""
    part = Part("crowd", sizes.verdict)
    env, log = surroundings(home), home / "log.txt"
    with console.status("compiling"):
        write_history(Zone(home), player_plan_of(SAMPLE_EVENTS, 1), 0, 0)
        run([*DBT, "build", *WITHOUT_CHECKS, *dbt_options(home)], env, log)
    facts, models = jobs(home, sizes)
    with console.status(f"making {sizes.crowd_plays:,} plays"):
        run_job(facts, home)
    with console.status("running the models"):
        cost, found = run_job(models, home)
    report(part, sizes, cost, found, rows_of(models))
    return part


def jobs(home: Path, sizes: Sizes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What makes the facts, and what runs the models over them."""
    (home / "bare").mkdir()
    job = job_of(home, home / "bare")
    job |= {"checks": [], "settings": job["settings"] | {"memory_limit": f"{sizes.crowd_memory_gb:g}GB"}}
    nodes = {node["name"]: node for node in job["models"]}
    playback, interval = nodes["fct_playback"], nodes["fct_playback_interval"]
    made = [
        playback | {"sql": PLAYBACKS.format(plays=sizes.crowd_plays)},
        interval | {"sql": INTERVALS.format(playback=playback["relation"])},
    ]
    return job | {"models": made}, job | {"models": [nodes[name] for name in MODELS], "warehouse": None}


def rows_of(job: dict[str, Any]) -> dict[str, int]:
    """Rows of what a job made. BenchmarkError if there are none."""
    rows = {}
    with duckdb.connect(job["database"], read_only=True) as connection:
        for node in job["models"]:
            found = connection.execute(f"select count(*) from {node['relation']}").fetchone()
            if not found or not found[0]:
                raise BenchmarkError(f"{node['name']} has no rows")
            rows[node["name"]] = found[0]
    return rows


def report(part: Part, sizes: Sizes, cost: Cost, found: dict[str, Any], rows: dict[str, int]) -> None:
    """Print CPU seconds and rows of each model, and the peak of memory."""
    seconds, peaks = found["cpu_seconds_by_node"], found["peak_mb_by_model"]
    show(
        f"{sizes.crowd_plays:,} plays, at most {sizes.crowd_memory_gb:g} GB of memory for DuckDB",
        ("", "CPU s", "peak MB so far", "rows"),
        [(name, seconds[name], peaks[name], rows[name]) for name in MODELS],
    )
    show("The process", ("", "CPU s", "wall s", "peak MB"), [("", cost.cpu_seconds, cost.wall_seconds, cost.peak_mb)])
    machine_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6
    part.figures |= {"plays": sizes.crowd_plays, "process": asdict(cost), "rows": rows, **found}
    part.claim(f"peak memory {cost.peak_mb:,.0f} MB, below the machine's {machine_mb:,.0f}", cost.peak_mb < machine_mb)
