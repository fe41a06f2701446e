"""The parts of the demo that compute; CI runs it whole, twice."""

from __future__ import annotations

import io
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from rich.console import Console

from ingestion import chart, demo
from ingestion.settings import load_settings


def landed_file(name: str, status: str, **rows: int) -> dict[str, object]:
    counts = {f"rows_{kind}": rows.get(kind, 0) for kind in ("read", "accepted", "duplicate", "quarantined")}
    return {"input": name, "status": status, **counts}


def test_landed_files_are_summed_by_input() -> None:
    grid = demo.by_input(
        [
            landed_file("streams", "landed", read=10, accepted=7, duplicate=2, quarantined=1),
            landed_file("songs", "no-op", read=4, accepted=4),
            landed_file("streams", "no-op", read=5, accepted=5),
        ]
    )
    assert grid.rows == [("songs", 1, 0, 4, 4, 0, 0), ("streams", 2, 1, 15, 12, 2, 1)]
    assert all(len(row) == len(grid.columns) for row in grid.rows)


def test_cells_are_readable() -> None:
    assert [demo.as_text(value) for value in (None, "a", 1234567, Decimal("1234.50"))] == [
        "-",
        "a",
        "1,234,567",
        "1,234.50",
    ]


def test_table_shows_brackets_of_a_title_as_they_are() -> None:
    written = io.StringIO()
    Console(file=written, width=80).print(demo.as_table(demo.Grid("t", ("title",), [("Echo [red]live[/red]",)])))
    assert "Echo [red]live[/red]" in written.getvalue()


def test_empty_warehouse_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings({"MEDIA_HOME": str(tmp_path), "MEDIA_TARGET": "duckdb"})
    duckdb.connect(str(settings.warehouse)).close()
    monkeypatch.setattr(demo, "SHOWN", (demo.Shown("Nothing", ("a",), "select 1 where false"),))
    with pytest.raises(SystemExit, match="nothing was landed"):
        demo.show_kpis(Console(file=io.StringIO()), settings)


def test_curve_is_as_high_as_its_values() -> None:
    lines = chart.curve([0, 0.5, 1, 2, 0.25], 1, "100%", ("a", "b", "c"))
    assert lines == ["100%   ██", "       ██", "       ██", "      ███", "      ███▄", "      ████", "   0 a b c"]
    assert chart.curve([1], 2, "2", ("a",), chart.PLAIN)[:4] == ["2", "", "", "  #"]


def test_curves_need_something_to_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings({"MEDIA_HOME": str(tmp_path), "MEDIA_TARGET": "duckdb"})
    duckdb.connect(str(settings.warehouse)).close()
    written = io.StringIO()
    monkeypatch.setattr(demo, "CURVES", (demo.Curve("select 'Title [x]', 1, 4 from range(2)", "{:.0f}", ("a",)),))
    demo.show_curves(Console(file=written, width=80), settings)
    assert written.getvalue().startswith("Title [x]\n4")
    monkeypatch.setattr(demo, "CURVES", (demo.Curve("select '', 1, 1 where false", "{}", ("a",)),))
    with pytest.raises(SystemExit, match="no player events"):
        demo.show_curves(Console(file=written), settings)


def test_failing_tool_ends_the_demo_with_its_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "media"
    script.write_text("#!/bin/sh\nexit 2\n")
    script.chmod(0o755)
    monkeypatch.setattr(demo.sys, "executable", str(tmp_path / "python"))
    for call in (lambda: demo.tool("media"), lambda: demo.land(tmp_path)):
        with pytest.raises(SystemExit) as ended:
            call()
        assert ended.value.code == 2
