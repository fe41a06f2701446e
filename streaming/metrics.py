"""What a run tells while it runs: a line of JSON for each event on stderr, and figures for Prometheus."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ingestion.zone import instant_text, parse_instant
from streaming.queries import Report
from streaming.settings import Topic
from streaming.sinks import Landed

#: name -> (kind, what it says).
FIGURES = {
    "media_stream_rows_total": ("counter", "Records landed, by outcome: accepted, duplicate, quarantined."),
    "media_stream_batches_total": ("counter", "Micro-batches landed."),
    "media_stream_batch_seconds": ("gauge", "Time that the last micro-batch took in the sink."),
    "media_stream_last_commit_timestamp_seconds": ("gauge", "When the last manifest was published."),
    "media_stream_last_arrival_timestamp_seconds": ("gauge", "Arrival at the broker of the newest record landed."),
    "media_stream_last_load_timestamp_seconds": ("gauge", "When Snowflake was last loaded."),
    "media_stream_load_seconds": ("gauge", "Time that the last load of Snowflake took."),
    "media_stream_repeated_records_total": (
        "counter",
        "Records that --deduplicate left out.",
    ),
    "media_stream_lag_records": ("gauge", "Records of Kafka that no batch has taken yet, by shard."),
    "media_stream_lag_seconds": (
        "gauge",
        "How far the last batch ended before the newest record of Kinesis, by shard.",
    ),
}
OUTCOMES = ("accepted", "duplicate", "quarantined")
Labels = tuple[tuple[str, str], ...]


def log(event: str, **fields: object) -> None:
    """One line of JSON on stderr."""
    line = {"at": instant_text(datetime.now(UTC)), "event": event, **fields}
    print(json.dumps(line, ensure_ascii=False, default=str), file=sys.stderr, flush=True)


class Metrics:
    """Counts of one run; every method may be called from any thread."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._values: dict[str, dict[Labels, float]] = defaultdict(lambda: defaultdict(float))

    def landed(self, batch: Landed) -> None:
        """Count a finished micro-batch and log it."""
        manifest, topic = batch.manifest, (("topic", batch.topic.name),)
        if manifest is None:
            return
        counts = {outcome: getattr(manifest, f"rows_{outcome}") for outcome in OUTCOMES}
        with self._turn:
            for outcome, count in counts.items():
                self._values["media_stream_rows_total"][(*topic, ("outcome", outcome))] += count
            self._values["media_stream_batches_total"][topic] += 1
            self._values["media_stream_batch_seconds"][topic] = batch.seconds
            self._values["media_stream_last_commit_timestamp_seconds"][topic] = time.time()
            arrived = parse_instant(manifest.arrived_at).timestamp()
            self._values["media_stream_last_arrival_timestamp_seconds"][topic] = arrived
        log(
            "batch", topic=batch.topic.name, batch=batch.number, batch_id=manifest.batch_id,
            arrived_at=manifest.arrived_at, rows=manifest.rows_read, **counts, reasons=manifest.reasons,
            seconds=round(batch.seconds, 3),
        )  # fmt: skip

    def loaded(self, seconds: float) -> None:
        """Log a load of Snowflake."""
        with self._turn:
            self._values["media_stream_last_load_timestamp_seconds"][()] = time.time()
            self._values["media_stream_load_seconds"][()] = seconds
        log("loaded", sink="snowflake", seconds=round(seconds, 3))

    def progressed(self, topic: Topic, reports: Iterable[Report]) -> None:
        """Take from Spark's reports what was left out, and the lag of each shard."""
        labels = (("topic", topic.name),)
        with self._turn:
            for report in reports:
                self._values["media_stream_repeated_records_total"][labels] += report.repeated
                for source in report.sources:
                    end, latest = _shards(source["endOffset"]), _shards(source["latestOffset"])
                    for shard in latest.keys() & end.keys():
                        lag = max(0, latest[shard] - end[shard])
                        self._values["media_stream_lag_records"][(*labels, ("shard", shard))] = lag
                    for shard, seconds in _behind(source["endOffset"]).items():
                        self._values["media_stream_lag_seconds"][(*labels, ("shard", shard))] = seconds

    def totals(self) -> dict[str, int]:
        """Records by outcome, and those left out before, over all topics."""
        with self._turn:
            rows = self._values["media_stream_rows_total"]
            told = {name: int(sum(n for labels, n in rows.items() if labels[-1][1] == name)) for name in OUTCOMES}
            return {**told, "repeated": int(sum(self._values["media_stream_repeated_records_total"].values()))}

    def text(self) -> str:
        """All figures in the text format of Prometheus."""
        lines = []
        with self._turn:
            for name, (kind, says) in FIGURES.items():
                lines += [f"# HELP {name} {says}", f"# TYPE {name} {kind}"]
                for labels, value in sorted(self._values[name].items()):
                    told = ",".join(f'{key}="{_escaped(word)}"' for key, word in labels)
                    lines.append(f"{name}{f'{{{told}}}' if told else ''} {value:.15g}")
        return "\n".join(lines) + "\n"


def _shards(offset: Any) -> dict[str, int]:
    """Partition -> offset, of an offset as Kafka's connector writes it; empty for any other."""
    try:
        parsed = json.loads(offset) if isinstance(offset, str) else offset
        return {shard: int(at) for partitions in parsed.values() for shard, at in partitions.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _behind(offset: Any) -> dict[str, float]:
    """Shard -> seconds, of an offset as our source for Kinesis writes it; empty for any other."""
    try:
        parsed = json.loads(offset) if isinstance(offset, str) else offset
        return {shard: place.get("behind_ms", 0) / 1000 for shard, place in parsed.items() if "count" in place}
    except (ValueError, TypeError, AttributeError):
        return {}


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@contextmanager
def served(metrics: Metrics, port: int | None) -> Iterator[None]:
    """Answer GET /metrics on this port of every interface while the block runs; None: serve nothing."""
    if port is None:
        yield
        return

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path.partition("?")[0] == "/metrics"
            body = metrics.text().encode() if found else b"the figures are at /metrics\n"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing: a scrape every few seconds is no event."""

    server = ThreadingHTTPServer(("", port), Handler)
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
