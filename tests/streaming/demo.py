"""The stream in two minutes: a local broker, a producer, the Spark job, live counts, then `dbt build` and KPIs.

`python3 bootstrap.py stream-demo` runs it. Everything is made anew in `stream-demo` below MEDIA_HOME, and stays there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from ingestion.demo import Stopwatch, command, land, show_kpis, show_times, tool
from ingestion.generate.run import INPUT_FOLDER
from ingestion.settings import CHECKOUT, load_settings
from tests.engines.base import free_port
from tests.engines.kafka import running
from tests.streaming.jobs import TOPICS

DAYS, ACCOUNTS, RATE, TRIGGER_SECONDS = "2", "400", "600", "2"
OUTCOMES = ("accepted", "duplicate", "quarantined")
PATIENCE_SECONDS = 180.0


def main() -> None:
    """Run all of it; ends with a step's exit code if one fails."""
    os.environ["MEDIA_HOME"] = str(load_settings(cwd=CHECKOUT).home / "stream-demo")
    os.environ.pop("MEDIA_RAW", None)
    settings = load_settings(cwd=CHECKOUT)
    console, watch = Console(), Stopwatch()
    shutil.rmtree(settings.home, ignore_errors=True)
    settings.home.mkdir(parents=True)
    with watch.step("entities"):
        land_entities(settings.home / "generated")
    with running(settings.home / "kafka") as broker:
        os.environ["MEDIA_KAFKA_SERVERS"] = broker.servers
        for topic in TOPICS:
            broker.create_topic(topic, 4)
        port = free_port()
        with watch.step("stream"), job(settings.home / "job.log", port):
            sent = produce(console, settings.home / "producer.json", port)
            until_landed(console, port, sent)
    with watch.step("dbt build"):
        tool("dbt", "--quiet", "build", "--exclude-resource-type", "unit_test")
    show_kpis(console, settings)
    show_times(console, watch)
    console.print(f"The job's log: {settings.home / 'job.log'}", highlight=False, soft_wrap=True)


def land_entities(folder: Path) -> None:
    """Accounts, titles, tracks and channels come as files; only events stream."""
    words = ("--days", DAYS, "--accounts", ACCOUNTS, "--playbacks", "0.2", "--no-truth", "--out", str(folder))
    tool("media", "generate", *words)
    for topic in TOPICS:
        shutil.rmtree(folder / INPUT_FOLDER / topic)
    land(folder / INPUT_FOLDER)


@contextmanager
def job(log: Path, port: int) -> Iterator[None]:
    """The Spark job, from when it reads the topics to SIGTERM. SystemExit with the end of its log if it failed."""
    words = command("media", "stream", "run", "--trigger", TRIGGER_SECONDS, "--metrics-port", str(port))
    with log.open("wb") as output:
        process = subprocess.Popen(words, cwd=CHECKOUT, stdout=output, stderr=output)
        try:
            while process.poll() is None and b'"event": "started"' not in log.read_bytes():
                time.sleep(0.2)
            yield
            process.send_signal(signal.SIGTERM)
            code = process.wait(PATIENCE_SECONDS)
        finally:
            process.kill()
            process.wait()
    if code:
        raise SystemExit(f"the job ended with exit code {code}:\n{log.read_text(encoding='utf-8')[-2000:]}")


def produce(console: Console, report: Path, port: int) -> int:
    """Send generated events and show the counts meanwhile; how many the broker acknowledged."""
    options = ("--days", DAYS, "--accounts", ACCOUNTS, "--rate", RATE, "--defects", "--json")
    words = command("media", "produce", "--source", "generator", "--to", "kafka", *options)
    with report.open("wb") as output:
        process = subprocess.Popen(words, cwd=CHECKOUT, stdout=output)
        try:
            while process.poll() is None:
                time.sleep(2)
                show(console, port)
        finally:
            process.kill()
    if process.returncode:
        raise SystemExit(f"the producer ended with exit code {process.returncode}")
    acknowledged = json.loads(report.read_text(encoding="utf-8"))["acknowledged"]
    console.print(f"produced: {acknowledged:,}", highlight=False)
    return int(acknowledged)


def until_landed(console: Console, port: int, sent: int) -> None:
    """Show the counts until every event has landed; SystemExit when that does not come to pass."""
    end = time.monotonic() + PATIENCE_SECONDS
    while (landed := show(console, port)) != sent:
        if landed > sent or time.monotonic() > end:
            raise SystemExit(f"{sent:,} events were produced, but {landed:,} have landed")
        time.sleep(2)
    console.print("produced = accepted + duplicate + quarantined", highlight=False)


def show(console: Console, port: int) -> int:
    """One line of counts as Prometheus would read them; the sum of the outcomes."""
    found = figures(port)
    counts = {one: sum(n for name, n in found.items() if f'outcome="{one}"' in name) for one in OUTCOMES}
    lag = sum(n for name, n in found.items() if name.startswith("media_stream_lag_records"))
    told = ", ".join(f"{count:,.0f} {one}" for one, count in counts.items())
    console.print(f"landed: {told}; waiting at the broker: {lag:,.0f}", highlight=False)
    return int(sum(counts.values()))


def figures(port: int) -> dict[str, float]:
    """What the job serves; nothing before it answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
    except (urllib.error.URLError, OSError):
        return {}
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


if __name__ == "__main__":
    main()
