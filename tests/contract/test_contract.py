"""The contract files: valid by their standard, complete, and the only source of what derives from them."""

from __future__ import annotations

import datetime as dt
import json
import re
from importlib import resources
from pathlib import Path

import duckdb
import jsonschema
import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard

from ingestion import contract
from ingestion.contract import __main__ as command
from ingestion.contract import reference
from ingestion.contract.load import FOLDER

INPUTS = contract.names()
NOON = dt.datetime.fromisoformat("2026-01-31 12:00:00")


@pytest.mark.parametrize("name", INPUTS)
def test_file_follows_the_standard(name: str) -> None:
    content = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    schema = resources.files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8")
    jsonschema.validate(content, json.loads(schema))
    assert OpenDataContractStandard.from_file(str(FOLDER / f"{name}.yml")).id == f"media-{name.replace('_', '-')}"


def test_the_nine_inputs_are_there() -> None:
    assert INPUTS == (
        "ad_revenue",
        "channel_metadata",
        "demographics",
        "player_events",
        "songs",
        "streams",
        "titles",
        "users",
        "viewership_logs",
    )


@pytest.mark.parametrize("name", INPUTS)
def test_fields_are_described_and_of_a_portable_type(name: str) -> None:
    for field in contract.load(name).fields:
        assert field.type in contract.PORTABLE_TYPES
        assert re.fullmatch(r"[A-Z].{8,}\.", field.description), field.name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", field.name), field.name
        assert field.examples, field.name
        assert (field.precision is not None) == (field.type == "decimal"), field.name
        assert bool(field.formats) == (field.type in ("date", "timestamp")), field.name
        assert not field.normalise or field.type == "string", field.name


@pytest.mark.parametrize("name", INPUTS)
def test_measures_have_a_unit(name: str) -> None:
    without = [f.name for f in contract.load(name).fields if f.type in ("bigint", "decimal") and not f.unit]
    assert [field for field in without if field not in ("mode", "schema_version")] == []


@pytest.mark.parametrize("name", INPUTS)
def test_examples_pass_the_checks_of_their_field(name: str) -> None:
    wanted = contract.load(name)
    whole = {field.name: field.examples[0] for field in wanted.fields}
    for field in wanted.fields:
        for example in field.examples:
            values, reasons = reference.check_row(wanted, {**whole, field.name: example}, NOON)
            assert reasons == [], (field.name, example)
            assert values[field.name] is not None


@pytest.mark.parametrize("name", INPUTS)
def test_bounds_refuse_what_lies_outside(name: str) -> None:
    wanted = contract.load(name)
    for field in wanted.fields:
        for bound, step, code in (
            (field.minimum_value, -1, "below_minimum"),
            (field.maximum_value, 1, "above_maximum"),
        ):
            if bound is not None:
                _, at = reference.check_row(wanted, {field.name: str(bound)}, NOON)
                _, beyond = reference.check_row(wanted, {field.name: str(bound + step)}, NOON)
                assert f"{code}:{field.name}" not in at
                assert f"{code}:{field.name}" in beyond


def test_person_data_is_classified() -> None:
    classes = {(name, field.name): field.pii for name in INPUTS for field in contract.load(name).fields}
    people = {"user_id", "account_id", "profile_id", "device_id", "previous_device_id"}
    assert {key for key, pii in classes.items() if pii == "identifier"} == {key for key in classes if key[1] in people}
    assert classes["users", "user_name"] == classes["player_events", "ip_address"] == "direct"


# ------------------------------------------------------------------ recognition


def header_of(name: str) -> list[str]:
    return [field.aliases[0] if field.aliases else field.name for field in contract.load(name).fields]


@pytest.mark.parametrize("name", INPUTS)
def test_full_header_is_recognised_under_either_spelling(name: str) -> None:
    assert contract.recognise(contract.load(name).columns).name == name
    assert contract.recognise(header_of(name)).name == name
    assert (
        contract.recognise(["\ufeff" + header_of(name)[0].upper(), *header_of(name)[1:], "popular_or_not"]).name == name
    )


@pytest.mark.parametrize("name", INPUTS)
def test_header_of_the_required_fields_alone(name: str) -> None:
    required = list(contract.load(name).required)
    if len(required) < 2:
        with pytest.raises(contract.UnknownHeaderError, match="too few to be sure"):
            contract.recognise(required)
    else:
        assert contract.recognise(required).name == name


def test_what_is_missing_is_named() -> None:
    with pytest.raises(
        contract.UnknownHeaderError, match=r"closest is streams, which lacks listened_at \(or listen_time\)"
    ):
        contract.recognise(["user_id", "track_id"])
    with pytest.raises(contract.UnknownHeaderError, match="belong to no input"):
        contract.recognise(["a", "b"])
    with pytest.raises(contract.UnknownHeaderError, match="no columns"):
        contract.recognise([])


def test_foreign_file_with_a_known_column_is_not_taken() -> None:
    with pytest.raises(contract.UnknownHeaderError, match="too few"):
        contract.recognise(["user_id", "region", "salary", "manager", "office"])


def test_ambiguous_header_names_the_candidates() -> None:
    twin = contract.load("streams")
    other = contract.Contract("listens", twin.description, twin.fields, twin.natural_key)
    from ingestion.contract.recognise import best_match

    with pytest.raises(contract.AmbiguousHeaderError, match="listens and streams"):
        best_match([twin, other], twin.columns)


# ------------------------------------------------------------------ wrong contract files


def changed(tmp_path: Path, change: object) -> Path:
    content = yaml.safe_load((FOLDER / "streams.yml").read_text(encoding="utf-8"))
    change(content["schema"][0]["properties"][0], content)
    path = tmp_path / "streams.yml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda field, _: field.update(physicalType="varchar(10)"), "streams.yml: field user_id: type 'varchar"),
        (lambda field, _: field.pop("description"), "field user_id: description is missing"),
        (
            lambda field, _: field.update(classification="secret"),
            "classification 'secret' is none of identifier, direct",
        ),
        (
            lambda field, _: field.update(synonyms=[{"synonym": "track_id"}]),
            "'track_id' belongs to user_id and to track_id",
        ),
        (
            lambda field, _: field.update(customProperties=[{"property": "unitt", "value": 1}]),
            "unknown customProperties unitt",
        ),
        (
            lambda _, file: file["schema"][0].update(customProperties=[{"property": "eventTime", "value": "x"}]),
            "no field 'x'",
        ),
        (lambda _, file: file["schema"].append({"name": "second"}), "exactly one object"),
        (lambda _, file: file.update(owner="me"), "not a data contract"),
    ],
)
def test_wrong_file_is_refused_with_its_place(tmp_path: Path, change: object, message: str) -> None:
    with pytest.raises(contract.ContractError, match=re.escape(message)):
        contract.parse(changed(tmp_path, change))


def test_unknown_input_and_field_name_what_there_is() -> None:
    with pytest.raises(contract.ContractError, match="inputs are ad_revenue, "):
        contract.load("stream")
    with pytest.raises(contract.ContractError, match="it has user_id, track_id"):
        contract.load("streams").field("song_id")


def test_loading_is_cached() -> None:
    assert contract.load("songs") is contract.load("songs")


# ------------------------------------------------------------------ what derives from the contracts


def test_derived_files_are_up_to_date() -> None:
    assert command.stale() == [], "run: python -m ingestion.contract --write"


def test_drift_is_found_and_healed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--check"], tmp_path) == 1
    assert "docs/data_dictionary.md is not what the contracts give" in capsys.readouterr().err
    assert command.main(["--write"], tmp_path) == 0
    assert command.main(["--check"], tmp_path) == 0
    edited = tmp_path / "models/staging/_raw__sources.yml"
    edited.write_text(edited.read_text().replace("decimal(18,4)", "decimal(18,2)", 1))
    assert command.stale(tmp_path) == ["models/staging/_raw__sources.yml"]


def source_tables() -> dict[str, dict]:
    content = yaml.safe_load(command.derived()["models/staging/_raw__sources.yml"])
    return {table["name"]: table for table in content["sources"][0]["tables"]}


@pytest.mark.parametrize("name", INPUTS)
def test_source_table_has_every_column_typed_and_described(name: str) -> None:
    columns = {column["name"]: column for column in source_tables()[name]["columns"]}
    expected = [
        *contract.load(name).columns,
        "batch_id",
        "arrived_at",
        "source_file",
        "source_row",
        "extra",
        "arrival_date",
    ]
    assert list(columns) == expected
    assert all(column["data_type"] and column["description"] for column in columns.values())
    marked = {column for column, entry in columns.items() if "config" in entry}
    assert marked == {field.name for field in contract.load(name).fields if field.pii}


def test_dictionary_names_every_field_once() -> None:
    text = command.derived()["docs/data_dictionary.md"]
    for name in INPUTS:
        section = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        for field in contract.load(name).fields:
            assert section.count(f"\n| `{field.name}` | {field.sql_type} |") == 1
    for code in contract.REASONS:
        assert f"\n| `{code}` |" in text


def test_dictionary_tables_are_even() -> None:
    for block in re.findall(r"(?:^\|.*\n)+", command.derived()["docs/data_dictionary.md"], re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1


def test_patterns_mean_the_same_to_duckdb() -> None:
    """The rules' patterns are given to SQL engines as they are."""
    from ingestion.contract import rules

    texts = [
        "78",
        "78.0",
        "+5",
        "1e3",
        ".5",
        "-",
        "1_0",
        "७",
        "2026-01-30 17:43",
        "2026-01-30T17:43:13.5+0530",
        "1769768100",
    ]
    for name in ("INTEGER", "EXPONENT", "DECIMAL", "EPOCH", "DATE", "DAY_FIRST", "MIDNIGHT", "ISO"):
        pattern = getattr(rules, f"{name}_PATTERN")
        for text in texts:
            found = duckdb.execute("select regexp_matches(?, ?)", [text, pattern]).fetchone()
            assert found == (re.search(pattern, text) is not None,), (name, text)
