"""The 22 television questions: each analysis, run on DuckDB, gives what plain Python makes of the input files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.analyses import files
from tests.analyses.answers import QUESTIONS, Rows
from tests.analyses.viewings import Television, read_television
from tests.convergence.engine import ROOT, Warehouse

pytestmark = pytest.mark.slow
NUMBERS = range(1, len(QUESTIONS) + 1)


@dataclass(frozen=True)
class Answered:
    """What the analyses gave, by number, and what the files hold."""

    columns: dict[int, list[str]]
    rows: dict[int, Rows]
    documented: dict[int, list[str]]
    television: Television


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Answered:
    folder = tmp_path_factory.mktemp("analyses")
    first = files.generated(folder / "first")
    second = files.late(folder / "late", first)
    warehouse = Warehouse(folder / "home")
    for delivery, arrived_at in ((first, files.FIRST_DELIVERY), (second, files.LATE_DELIVERY)):
        files.land(warehouse, [path for paths in delivery.values() for path in paths], arrived_at)
    warehouse.dbt("run", "--select", "+kpi_channel_daily")
    nodes = [result.node for result in warehouse.dbt("compile", "--select", "path:analyses/tv").result.results]
    columns, rows = {}, {}
    with warehouse.connected(read_only=False) as connection:  # compiled SQL names the lake where the target has one
        for node in nodes:
            result = connection.execute(node.compiled_code)
            columns[number_of(node.name)] = [column[0] for column in result.description]
            rows[number_of(node.name)] = result.fetchall()
    documented = {number_of(node.name): list(node.columns) for node in nodes if node.description}
    return Answered(columns, rows, documented, read_television([first, second]))


def number_of(name: str) -> int:
    """q07_peak_hours_by_region -> 7"""
    return int(name[1:3])


@pytest.mark.parametrize("number", NUMBERS)
def test_answer_is_that_of_the_input_files(answered: Answered, number: int) -> None:
    got, want = answered.rows[number], QUESTIONS[number - 1](answered.television)
    assert want, "a question that nothing answers tests nothing"
    wrong = [(mine, theirs) for mine, theirs in zip(got, want, strict=False) if mine != theirs]
    assert wrong[:3] == []
    assert len(got) == len(want)


def test_every_question_is_asked_and_every_column_described(answered: Answered) -> None:
    assert sorted(answered.rows) == list(NUMBERS)
    assert answered.documented == answered.columns


def test_input_holds_what_is_hard(answered: Answered) -> None:
    """Unknown viewers, regions, genres, plans and devices, corrected and empty values: or the answers prove little."""
    viewings = answered.television.viewings
    for attribute in ("gender", "age_group", "region", "genre", "plan", "device_type"):
        assert any(getattr(v, attribute) == "unknown" for v in viewings), attribute
    assert any(v.engagement is None for v in viewings)
    assert any(v.completion_rate is None for v in viewings)
    assert any(v.genre == "Corrected" for v in viewings)
    assert not any(v.session_id == "EDGE0" for v in viewings)
    last_viewing = max(v.at.date() for v in viewings)
    assert max(day for day, _ in answered.television.channel_days) > last_viewing


def test_sql_is_portable() -> None:
    """No word of one engine's own; the parsers of the other engines read the rest in the tests of the models."""
    paths = sorted(Path(ROOT / "analyses").rglob("*.sql"))
    assert len(paths) >= len(QUESTIONS)
    for path in paths:
        text = path.read_text(encoding="utf-8").lower()
        assert "::" not in text, path
        assert "qualify" not in text, path
        assert " filter (" not in text, path
        assert "group by all" not in text, path
