"""How much data each part works on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """The knobs. Rows are events; big_gb: size of the large CSV, and of the large NDJSON, in gigabytes (10^9 bytes), 0
    for none. crowd_memory_gb: what DuckDB may take before it writes to the disk. stream_events: of two runs, whose
    difference is what further events cost.

    verdict: whether the sizes are such that the limits mean something.
    """

    build_playbacks: int = 10_000_000
    build_days: int = 30
    history_days: tuple[int, ...] = (10, 100, 300)
    rows_per_day: int = 30_000
    new_days: int = 3
    player_events: int = 10_000_000
    player_history_days: tuple[int, ...] = (10, 100, 1_000)
    player_events_per_day: int = 5_000
    crowd_plays: int = 50_000_000
    crowd_memory_gb: float = 12.0
    stream_events: tuple[int, int] = (200_000, 1_200_000)
    stream_latency_seconds: float = 60.0
    lander_rows: int = 1_000_000
    big_gb: float = 5.0
    generator_rows: int = 20_000_000
    text_rows: int = 2_000_000
    verdict: bool = True


QUICK = Sizes(
    build_playbacks=100_000,
    build_days=4,
    history_days=(5, 15),
    rows_per_day=2_000,
    new_days=1,
    player_events=100_000,
    player_history_days=(5, 15),
    player_events_per_day=1_000,
    crowd_plays=500_000,
    crowd_memory_gb=1.0,
    stream_events=(5_000, 25_000),
    stream_latency_seconds=10.0,
    lander_rows=100_000,
    big_gb=0.1,
    generator_rows=300_000,
    text_rows=100_000,
    verdict=False,
)
