"""Live figures of player events by windows of a few minutes: soon and about right, where the KPIs are late and exact.

They follow the raw zone: Spark reads the manifests as they appear, and the rows of their batches, so that all that
lands is seen, from a stream or from a file, and nothing that has not landed. Each figure has a query and a folder of
its own below `live/`, beside `raw/`. A batch of the query adds a file with the windows that it changed; readers take
the newest row of each (`newest`). Events that come later than a figure waits for may be left out, which the log counts,
and withdrawn batches stay counted. Windows, waits and rules are those of the streaming platform that this replaces.
"""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession, functions
from pyspark.sql.streaming.query import StreamingQuery

from ingestion.lander import write
from ingestion.settings import Settings
from ingestion.storage import S3_SCHEME
from ingestion.zone import METADATA, Zone, parse_manifest
from streaming.metrics import log
from streaming.queries import Reports, raise_failure
from streaming.session import S3A, S3A_JARS, open_session
from streaming.sinks import QUERY_ID
from streaming.stopping import told_to_stop

LIVE, INPUT = "live", "player_events"
LOOK_SECONDS = 0.5
#: What the figures are made of, as Spark and DuckDB both call the types.
COLUMNS = {
    "event_at": "timestamp",
    "event_type": "string",
    "account_id": "string",
    "session_id": "string",
    "content_id": "string",
    "device_type": "string",
    "country": "string",
    "position_ms": "bigint",
}
#: A device whose clock is ahead by more would end the windows of all others.
AHEAD = "10 minutes"


@dataclass(frozen=True)
class Figure:
    """Windows by `keys`, held open for late events; measures and `only` are SQL of Spark over `COLUMNS`.

    rules: name -> condition over the measures; with rules, a row for each that a window breaks, in `anomaly`.
    """

    name: str
    minutes: int
    late_minutes: int
    keys: tuple[str, ...]
    measures: dict[str, str]
    only: str = "true"
    rules: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell its rows apart."""
        return ("window_start_at", *self.keys, *(("anomaly",) if self.rules else ()))


PLAYS, COMPLETIONS = "count_if(event_type = 'video_play')", "count_if(event_type = 'video_complete')"
FIGURES = (
    Figure(
        name="user_activity",
        minutes=5,
        late_minutes=10,
        keys=("account_id", "device_type", "country"),
        measures={
            "events": "count(*)",
            "unique_contents": "size(collect_set(content_id))",
            "unique_sessions": "size(collect_set(session_id))",
            "completions": COMPLETIONS,
            "average_position_ms": "avg(position_ms)",
        },
    ),
    Figure(
        name="content_popularity",
        minutes=10,
        late_minutes=15,
        keys=("content_id",),
        measures={
            "events": "count(*)",
            "unique_accounts": "approx_count_distinct(account_id, 0.02)",
            "unique_sessions": "approx_count_distinct(session_id, 0.02)",
            "plays": PLAYS,
            "completions": COMPLETIONS,
            "completion_rate": f"try_divide({COMPLETIONS}, {PLAYS})",
            "average_position_ms": "avg(position_ms)",
            "max_position_ms": "max(position_ms)",
        },
        only="content_id is not null",
    ),
    Figure(
        name="anomaly",
        minutes=1,
        late_minutes=10,
        keys=("account_id",),
        measures={
            "events": "count(*)",
            "errors": "count_if(event_type in ('video_error', 'ad_error'))",
            "unique_contents": "size(collect_set(content_id))",
        },
        only="account_id is not null",
        rules={"high_activity": "events > 100", "high_errors": "errors > 5", "rapid_browsing": "unique_contents > 20"},
    ),
)


@dataclass(frozen=True)
class LiveSettings:
    """One run.

    checkpoint: a folder or an address that Hadoop knows; trigger_seconds: between two looks, None: what has landed
    by now, then end; keep_days: how long the files of figures stay.
    """

    checkpoint: str
    trigger_seconds: float | None = 10.0
    keep_days: int = 2


def run(settings: Settings, live: LiveSettings) -> None:
    """Keep the figures until SIGTERM or SIGINT, or, without a trigger, until all that has landed is in them.

    Raises StreamError when a query fails; the others are stopped first.
    """
    too_late: Counter[str] = Counter()
    with ExitStack() as stack:
        stop = stack.enter_context(told_to_stop())
        remote = any(str(place).startswith((S3A, S3_SCHEME)) for place in (settings.raw, live.checkpoint))
        spark = open_session([S3A_JARS] if remote else [])
        stack.callback(spark.stop)
        reports = [Reports(start(spark, settings, live, figure)) for figure in FIGURES]
        log("started", figures=[figure.name for figure in FIGURES], raw=str(settings.raw))
        try:
            running = True
            while running and not stop.wait(LOOK_SECONDS):
                running = any(one.query.isActive for one in reports)
                for one in reports:
                    raise_failure(one.query)
        finally:
            for one in reports:
                one.query.stop()
                too_late[one.query.name] += sum(report.too_late for report in one.new())
        log("stopped", too_late=dict(too_late))


def start(spark: SparkSession, settings: Settings, live: LiveSettings, figure: Figure) -> StreamingQuery:
    """Begin the query of one figure."""
    manifests = f"{settings.raw}/{METADATA}/{INPUT}"
    if isinstance(settings.raw, Path):
        Path(manifests).mkdir(parents=True, exist_ok=True)
    texts = spark.readStream.text(f"{manifests.replace(S3_SCHEME, S3A)}/*.json", wholetext=True)
    schema = ", ".join(f"{column} {kind}" for column, kind in {**COLUMNS, "arrived_at": "timestamp"}.items())
    writer = (
        aggregated(texts.mapInArrow(in_worker(settings), schema), figure)
        .writeStream.queryName(figure.name)
        .outputMode("update")
        .option("checkpointLocation", f"{live.checkpoint.rstrip('/')}/{figure.name}")
        .foreachBatch(Sink(settings, figure, live.keep_days))
    )
    if live.trigger_seconds is None:
        return writer.trigger(availableNow=True).start()
    return writer.trigger(processingTime=f"{live.trigger_seconds} seconds").start()


def in_worker(settings: Settings) -> Callable[[Iterable[pa.RecordBatch]], Iterable[pa.RecordBatch]]:
    """The function for DataFrame.mapInArrow: from texts of manifests to `COLUMNS` and `arrived_at` of their rows."""

    def rows(batches: Iterable[pa.RecordBatch]) -> Iterable[pa.RecordBatch]:
        zone = Zone(settings.raw)
        with write.connect(settings) as connection:
            zone.storage.prepare(connection)
            for text in (text for batch in batches for text in batch.column(0).to_pylist()):
                manifest = parse_manifest("a manifest", text.encode())
                if not zone.storage.exists(zone.manifest_name(INPUT, manifest.batch_id)):
                    continue  # withdrawn meanwhile, and its files with it
                selected = ", ".join(_column(name, name in manifest.columns) for name in COLUMNS)
                for file in manifest.files:
                    query = f"select {selected}, {_instant('arrived_at')} from read_parquet($file)"
                    yield from connection.execute(query, {"file": zone.storage.url(file)}).to_arrow_reader()

    return rows


def _column(name: str, is_there: bool) -> str:
    if not is_there:
        return f"null::{COLUMNS[name]} as {name}"
    return _instant(name) if COLUMNS[name] == "timestamp" else name


def _instant(name: str) -> str:
    """UTC, said so: Spark takes a time without a zone for another type."""
    return f"timezone('UTC', {name}) as {name}"


def aggregated(events: DataFrame, figure: Figure) -> DataFrame:
    """The windows of a figure: `window_start_at`, its keys, its measures, and `anomaly` where it has rules."""
    known = events.where(f"event_at <= arrived_at + interval {AHEAD}").where(figure.only)
    window = functions.window("event_at", f"{figure.minutes} minutes")
    measures = [functions.expr(sql).alias(name) for name, sql in figure.measures.items()]
    windows = (
        known.withWatermark("event_at", f"{figure.late_minutes} minutes")
        .groupBy(window, *figure.keys)
        .agg(*measures)
        .select(functions.col("window.start").alias("window_start_at"), *figure.keys, *figure.measures)
    )
    if not figure.rules:
        return windows
    broken = ", ".join(f"if({condition}, '{rule}', null)" for rule, condition in figure.rules.items())
    return windows.select("*", functions.expr(f"explode(array_compact(array({broken})))").alias("anomaly"))


class Sink:
    """What foreachBatch calls: a file with the windows that a batch changed. A batch that runs again replaces it."""

    def __init__(self, settings: Settings, figure: Figure, keep_days: int) -> None:
        self._settings, self._figure, self._keep_days = settings, figure, keep_days
        self._zone = Zone(settings.raw)
        self._tidied: date | None = None

    def __call__(self, frame: DataFrame, number: int) -> None:
        """Write one batch."""
        started, now = time.monotonic(), datetime.now(UTC)
        table = frame.toArrow()
        if table.num_rows:
            query = frame.sparkSession.sparkContext.getLocalProperty(QUERY_ID)
            stamped = table.append_column("updated_at", pa.array([now] * table.num_rows, pa.timestamp("us", "UTC")))
            self._place(stamped, f"{self._folder}/updated_date={now:%Y-%m-%d}/{query}-{number}.parquet")
            seconds = round(time.monotonic() - started, 3)
            log("figures", figure=self._figure.name, batch=number, windows=table.num_rows, seconds=seconds)
        self._tidy(now.date())

    @property
    def _folder(self) -> str:
        return f"{LIVE}/{self._figure.name}"

    def _place(self, table: pa.Table, name: str) -> None:
        folder = self._settings.scratch / f"live-{self._figure.name}"
        folder.mkdir(parents=True, exist_ok=True)
        try:
            draft = self._zone.storage.draft(name, folder)
            pq.write_table(table, draft)
            self._zone.place(draft, name)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _tidy(self, today: date) -> None:
        """Once a day and at the start: remove what is older than it has to be."""
        if self._tidied == today:
            return
        first = f"{self._folder}/updated_date={today - timedelta(days=self._keep_days)}"
        for name in self._zone.storage.glob(f"{self._folder}/updated_date=*/*.parquet"):
            if name < first:
                self._zone.storage.remove(name)
        self._tidied = today


def newest(raw: Path | str, figure: Figure) -> str:
    """SQL for DuckDB: the rows of a figure as they stand, one for each of its key."""
    return f"""select * exclude (updated_date)
from read_parquet('{raw}/{LIVE}/{figure.name}/*/*.parquet', hive_partitioning = true)
qualify row_number() over (partition by {", ".join(figure.key)} order by updated_at desc) = 1
order by all"""
