"""What dbt builds from a bucket is what it builds from a folder, batch by batch, and through a withdrawal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

from ingestion.settings import Settings
from ingestion.zone import Zone
from tests.convergence.engine import read_results
from tests.ingestion.helpers import STREAMS, land, land_one, settings_of, write

ROOT = Path(__file__).resolve().parents[2]
SONGS = "track_id,track_name,artists,track_genre,duration_ms,popularity\n"
FIRST = STREAMS + "".join(f"u{i % 7},t{i % 5},2026-01-{10 + i % 9} 1{i % 10}:00:00\n" for i in range(60))
SECOND = STREAMS + "u1,t1,2026-01-11 10:30:00\nu9,t2,2026-01-12 23:50:00\nu2,t2,nonsense\n"
TRACKS = SONGS + "".join(f"t{i},Song {i},Artist {i % 2},{'pop' if i % 2 else 'rock'},200000,50\n" for i in range(5))
MODELS = ("--select", "+kpi_genre_daily", "--exclude", "resource_type:test resource_type:unit_test")


class Build:
    """dbt over one zone, with a warehouse of its own, in this process."""

    def __init__(self, settings: Settings, folder: Path, manifest: Any) -> None:
        self.settings, self.manifest = settings, manifest
        self._options = [
            *("--project-dir", str(ROOT), "--profiles-dir", str(ROOT / "profiles"), "--target", "duckdb", "--quiet"),
            *("--target-path", str(folder / "target"), "--log-path", str(folder / "logs")),
        ]

    def dbt(self, *arguments: str) -> Any:
        places = {"MEDIA_HOME": str(self.settings.home), "MEDIA_RAW": str(self.settings.raw)}
        with mock.patch.dict(os.environ, places):
            done = dbtRunner(manifest=self.manifest).invoke([*arguments, *self._options])
        DuckDBConnectionManager.close_all_connections()
        DuckDBConnectionManager._ENV = None
        return done

    def results(self) -> dict[str, list[tuple[Any, ...]]]:
        with duckdb.connect(str(self.settings.warehouse), read_only=True) as connection:
            return read_results(connection)


@pytest.fixture
def places(tmp_path: Path, bucket: str) -> tuple[Build, Build]:
    """The same project over a folder and over a bucket."""
    settings = (settings_of(tmp_path / "folder"), settings_of(tmp_path / "bucket", MEDIA_RAW=bucket))
    manifest = Build(settings[0], tmp_path, None).dbt("parse").result
    return Build(settings[0], tmp_path, manifest), Build(settings[1], tmp_path, manifest)


@pytest.mark.slow
def test_a_bucket_gives_the_tables_of_a_folder(
    tmp_path: Path, places: tuple[Build, Build], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, bucket = places
    for build in places:
        land(build.settings, write(tmp_path, "streams.csv", FIRST), write(tmp_path, "songs.csv", TRACKS))
    assert bucket.dbt("build", *MODELS).success
    for build in places:
        second = land_one(build.settings, write(tmp_path, "more_streams.csv", SECOND))
        assert build.dbt("build", *MODELS).success
    expected = folder.results()
    assert len(expected["marts.fct_playback"]) == 62
    assert bucket.results() == expected
    Zone(bucket.settings.raw).withdraw(second.batch_id)
    assert not bucket.dbt("run-operation", "load_raw").success
    assert "was withdrawn from the raw zone" in capsys.readouterr().out


def test_no_credentials_is_said_in_one_line(
    places: tuple[Build, Build], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    done = places[1].dbt("run-operation", "load_raw")
    assert not done.success
    assert "set AWS_PROFILE, or AWS_ACCESS_KEY_ID" in f"{done.exception}{capsys.readouterr().out}"
