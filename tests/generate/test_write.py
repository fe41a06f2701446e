import json
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as parquet
import pytest

from ingestion.generate.defects import Defects
from ingestion.generate.deliveries import Delivery
from ingestion.generate.plan import INPUTS, Plan
from ingestion.generate.run import FolderError, generate_all
from ingestion.generate.write import write_delivery

PLAN = Plan(days=2, accounts=150, titles=15, tracks=60)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        generate_all(PLAN, tmp_path / name, "csv", Defects())
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_the_three_formats_hold_the_same_rows(tmp_path: Path) -> None:
    rows: dict[str, dict[str, list]] = {}
    for form in ("csv", "ndjson", "parquet"):
        generate_all(PLAN, tmp_path / form, form, with_truth=False)
        rows[form] = {}
        for name in INPUTS:
            path = next((tmp_path / form / "inputs" / name).glob("*-2026-01-05.*"))
            assert path.suffix == f".{form}"
            rows[form][name] = texts_of(path, form)
    assert rows["csv"] == rows["ndjson"] == rows["parquet"]


def texts_of(path: Path, form: str) -> list[tuple[str, ...]]:
    """Rows as texts; numbers as Python spells floats, so that 5 and 5.0 are the same."""
    if form == "csv":
        table = arrow_csv.read_csv(path, convert_options=arrow_csv.ConvertOptions(strings_can_be_null=True))
        found = table.to_pylist()
    elif form == "ndjson":
        found = [json.loads(line) for line in path.read_text().splitlines()]
    else:
        found = parquet.read_table(path).to_pylist()
    return [tuple(spelled(value) for value in row.values()) for row in found]


def spelled(value: object) -> str:
    text = str(value)
    try:
        return str(float(text))
    except ValueError:
        return text.removesuffix(" 00:00:00")


def test_headers_and_booleans_are_spelled_as_in_the_originals(tmp_path: Path) -> None:
    generate_all(PLAN, tmp_path, "csv", with_truth=False)
    lines = (tmp_path / "inputs/viewership_logs/viewership_logs-2026-01-05.csv").read_text().splitlines()
    assert lines[0].startswith("session_id,user_id,channel_id,channel_name,show_name,genre,timestamp,duration_minutes,")
    assert {line.split(",")[12] for line in lines[1:]} == {"True", "False"}
    assert lines[1].split(",")[6][10] == " "


def test_ad_revenue_comes_in_both_date_forms(tmp_path: Path) -> None:
    generate_all(PLAN, tmp_path, "csv", Defects(), with_truth=False)
    folder = tmp_path / "inputs/ad_revenue"
    dates = [
        [line.split(",")[2] for line in path.read_text().splitlines()[1:11]] for path in sorted(folder.iterdir())[:2]
    ]
    assert set(dates[0]) == {"2026-01-05"}
    assert set(dates[1]) == {"06-01-2026"}


def test_a_table_whose_first_piece_is_empty_is_written_right(tmp_path: Path) -> None:
    big = pa.table({"a": [f"old {number}" for number in range(50)]})
    write_delivery(Delivery("streams", 0, "first", big), tmp_path, "csv")
    table = pa.concat_tables([big.slice(0, 0), pa.table({"a": ["new"]})])
    path = write_delivery(Delivery("streams", 0, "second", table), tmp_path, "csv")
    assert path.read_text() == "a\nnew\n"


def test_a_run_replaces_an_earlier_one_and_spares_other_people_s_folders(tmp_path: Path) -> None:
    generate_all(PLAN, tmp_path / "out", "csv", with_truth=True)
    generate_all(Plan(days=1, accounts=50, tracks=10), tmp_path / "out", "ndjson", with_truth=False)
    names = [path.name for path in (tmp_path / "out/inputs/streams").iterdir()]
    assert names == ["streams-2026-01-05.ndjson"]
    assert [path.name for path in (tmp_path / "out/truth").iterdir()] == ["defects.json"]
    (tmp_path / "other").mkdir()
    (tmp_path / "other/thesis.txt").write_text("mine")
    with pytest.raises(FolderError, match="not empty"):
        generate_all(PLAN, tmp_path / "other")
    assert (tmp_path / "other/thesis.txt").read_text() == "mine"


def test_parquet_holds_bad_rows_but_those_that_no_column_can_hold(tmp_path: Path) -> None:
    generate_all(PLAN, tmp_path, "parquet", Defects(), with_truth=False)
    known = json.loads((tmp_path / "truth/defects.json").read_text())["files"]
    reasons = []
    for name, of_file in known.items():
        for file, one in of_file.items():
            assert parquet.read_metadata(tmp_path / "inputs" / name / file).num_rows == one["rows"]
            reasons += [reason.split(":")[0] for bad in one["bad"] for reason in bad["reasons"]]
    assert "missing" in reasons and "above_maximum" in reasons
    assert not {"bad_type", "bad_timestamp", "malformed_row", "malformed_json"} & set(reasons)


def test_ndjson_has_lines_that_are_no_json_where_they_are_said_to_be(tmp_path: Path) -> None:
    generate_all(PLAN, tmp_path, "ndjson", Defects(), with_truth=False)
    known = json.loads((tmp_path / "truth/defects.json").read_text())["files"]["streams"]
    for file, one in known.items():
        malformed = {bad["row"] for bad in one["bad"] if bad["reasons"] == ["malformed_json"]}
        for number, line in enumerate((tmp_path / "inputs/streams" / file).read_text().splitlines(), start=1):
            if number in malformed:
                with pytest.raises(json.JSONDecodeError):
                    json.loads(line)
            else:
                json.loads(line)
    assert any(bad["reasons"] == ["malformed_json"] for one in known.values() for bad in one["bad"])
