"""Rules of the dbt project, read from its manifest: names, layers, keys, contracts, descriptions, units, owners."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dbt.cli.main import dbtRunner

ROOT = Path(__file__).resolve().parents[2]
PREFIXES = {
    "staging": r"stg_[a-z]+__[a-z_]+",
    "intermediate": r"int_[a-z_]+",
    "marts": r"(dim|fct|bridge|edge|feature)_[a-z_]+",
    "kpi": r"kpi_[a-z_]+",
    "compat": r"[a-z_]+",  # the names of the earlier systems
}
LAYERS = list(PREFIXES)
OURS = ("staging", "intermediate", "marts", "kpi")
#: Bookkeeping of progress, which every incremental model reads through load_window.
PROGRESS = {"int_progress", "int_batch", "int_touched_date"}
#: By which the models of player events find the whole of a touched playback.
PLAYER_INDEX = {"int_player_key_date", "int_touched_date"}
#: Models that read their own layer, or a later one, and why.
SAME_OR_LATER = {
    "int_batch": ({"int_progress"}, "its number is recorded there"),
    "int_key_date": ({"int_playback_event", "int_player_event"}, "it is the index of the events by key"),
    "int_player_step": (PLAYER_INDEX | {"int_player_event"}, "the events of a playback in order"),
    "int_player_stretch": (PLAYER_INDEX | {"int_player_step"}, "from one step to the next"),
    "int_player_playback": (PLAYER_INDEX | {"int_player_event", "int_player_stretch"}, "the stretches of one playback"),
    "int_player_key_date": ({"int_player_event"}, "it is the index of the player's events by key"),
    "int_touched_date": (
        {
            "int_playback_event",
            "int_key_date",
            "int_player_event",
            "int_player_key_date",
            "dim_account",
            "dim_content",
            "dim_channel",
            "fct_ad_revenue",
            "fct_interaction",
        },
        "it says what a change reaches, so it reads whatever can change",
    ),
    "fct_playback": ({"dim_account", "dim_content"}, "region, plan and length come from the dimensions"),
    "bridge_content_genre": ({"dim_content"}, "a view over its list of genres"),
    "bridge_content_artist": ({"dim_content"}, "a view over its list of artists"),
    "fct_account_day": (
        {"fct_playback", "fct_ad_impression", "fct_app_session", "fct_interaction"},
        "it gathers by account what each fact holds",
    ),
    "fct_playback_interval": ({"fct_playback"}, "each stretch with the attributes of its playback"),
    "edge_audience": ({"fct_playback_interval"}, "the starts and ends of the intervals"),
    "edge_position": ({"fct_playback_interval"}, "the positions at which intervals start and end"),
    "feature_churn_account_day": (
        {"fct_account_day", "fct_playback", "dim_account", "dim_date"},
        "what the account did up to the day, how varied it was, and when it registered",
    ),
    "kpi_top_content_weekly": ({"kpi_content_daily"}, "a view over the days of each week"),
}
#: Readers of the raw zone beside the staging views, and why.
READS_RAW = {
    "int_batch": "it registers the batches",
    "processed_songs_table": "it shows audio features that no other model needs",
    "kpi_data_quality_daily": "the manifests say what arrived",
}
#: KPIs that are not made of marts alone, and why.
BEFORE_MARTS = {
    "kpi_content_retention": ({"int_player_key_date"}, "the index says on which dates a playback has intervals"),
    "kpi_event_mix_daily": ({"int_player_event"}, "it counts the events themselves"),
    "kpi_data_quality_daily": (
        {"stg_tv__viewership_log", "stg_music__stream", "stg_player__event"},
        "how late a row came is known of each delivery, and only the newest is kept",
    ),
}
#: Money before fct_playback: the log's amounts are in the project's currency, which the fact states.
NO_CURRENCY_YET = {"stg_tv__viewership_log", "int_playback_event"}
LONGEST_MEDIAN_LINES = 60


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("structure")
    options = ["--project-dir", str(ROOT), "--profiles-dir", str(ROOT / "profiles"), "--target", "duckdb", "--quiet"]
    parsed = dbtRunner().invoke(["parse", *options, "--target-path", str(folder), "--log-path", str(folder)])
    assert parsed.success, parsed.exception
    return parsed.result


@pytest.fixture(scope="session")
def models(manifest: Any) -> dict[str, Any]:
    """Models by name."""
    found = {node.name: node for node in manifest.nodes.values() if node.resource_type == "model"}
    assert len(found) > 25
    return found


def layer(node: Any) -> str:
    return str(node.fqn[1])


def own_columns(models: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """`model.column` and the column, of the layers whose names are ours to choose."""
    for name, node in models.items():
        if layer(node) in OURS:
            for column in node.columns.values():
                yield f"{name}.{column.name}", column


def test_folder_and_prefix_agree(models: dict[str, Any]) -> None:
    assert {name for name, node in models.items() if not re.fullmatch(PREFIXES[layer(node)], name)} == set()
    staging = [node for node in models.values() if layer(node) == "staging"]
    assert [node.name for node in staging if not node.name.startswith(f"stg_{node.fqn[2]}__")] == []


def test_one_file_a_model_describes_it(models: dict[str, Any]) -> None:
    """Staging views share a file per source; every other model has its own, beside it."""
    wrong = []
    for name, node in models.items():
        described = Path(str(node.patch_path).split("://")[-1])
        expected = f"_{node.fqn[2]}__models.yml" if layer(node) == "staging" else f"{name}.yml"
        if described != Path(node.original_file_path).parent / expected:
            wrong.append(f"{name}: {described}")
    assert wrong == []


def test_every_model_and_column_is_described(models: dict[str, Any], manifest: Any) -> None:
    nodes = [*models.values(), *manifest.sources.values()]
    nodes += [node for node in manifest.nodes.values() if node.resource_type in ("seed", "analysis")]
    assert [node.name for node in nodes if not node.description.strip()] == []
    tables = [node for node in nodes if node.resource_type != "analysis"]
    assert [node.name for node in tables if not node.columns] == []
    bare = [f"{node.name}.{c.name}" for node in tables for c in node.columns.values() if not c.description.strip()]
    assert bare == []


def test_grain_stands_first(models: dict[str, Any]) -> None:
    kpis = [node for node in models.values() if layer(node) == "kpi"]
    assert len(kpis) == 19
    assert [node.name for node in kpis if not node.description.startswith("Grain:")] == []
    marts = [node for node in models.values() if layer(node) == "marts"]
    assert [node.name for node in marts if not node.description.startswith(("Grain:", "One row per"))] == []


def test_marts_and_kpis_have_keys_contracts_and_types(models: dict[str, Any], manifest: Any) -> None:
    keyed = {
        name
        for node in manifest.nodes.values()
        if getattr(node, "test_metadata", None) and node.test_metadata.name == "row_checks"
        for name in [manifest.nodes[node.attached_node].name]
        if node.test_metadata.kwargs.get("unique_key")
    }
    published = {name: node for name, node in models.items() if layer(node) in ("marts", "kpi")}
    assert set(published) - keyed == set()
    assert [name for name, node in published.items() if not node.config.contract.enforced] == []


def test_every_mart_has_a_unit_test(models: dict[str, Any], manifest: Any) -> None:
    tested = {test.model for test in manifest.unit_tests.values()}
    assert {name for name, node in models.items() if layer(node) == "marts"} - tested == set()


def test_fixtures_have_a_row_without_nulls(manifest: Any) -> None:
    """dbt-redshift reads the types of a unit test's input off such a row, and refuses an input without one."""
    lacking = [
        f"{test.name}: {given.input}"
        for test in manifest.unit_tests.values()
        for given in test.given
        if given.rows and isinstance(given.rows, list) and all(None in row.values() for row in given.rows)
    ]
    assert lacking == []


def test_every_model_has_owner_and_access(models: dict[str, Any], manifest: Any) -> None:
    groups = {group.name for group in manifest.groups.values() if group.owner.email or group.owner.name}
    assert [name for name, node in models.items() if node.config.group not in groups] == []
    assert [name for name, node in models.items() if node.config.access not in ("protected", "public")] == []


def test_layers_are_read_forwards_only(models: dict[str, Any]) -> None:
    read = set()
    for name, node in models.items():
        for parent in (models[one.split(".")[-1]] for one in node.depends_on.nodes if one.startswith("model.")):
            forwards = LAYERS.index(layer(parent)) < LAYERS.index(layer(node))
            if not forwards and parent.name not in {"int_progress", "int_batch"}:
                read.add((name, parent.name))
    allowed = {(name, parent) for name, (parents, _) in SAME_OR_LATER.items() for parent in parents}
    allowed = {(name, parent) for name, parent in allowed if parent not in {"int_progress", "int_batch"}}
    assert read == allowed, "a new sideways reference needs a reason in SAME_OR_LATER, a vanished one leaves it"


def test_raw_is_read_by_staging_and_few_others(models: dict[str, Any]) -> None:
    readers = {name for name, node in models.items() if any(one.startswith("source.") for one in node.depends_on.nodes)}
    assert {name for name in readers if layer(models[name]) != "staging"} == set(READS_RAW)


def test_kpis_are_made_of_marts(models: dict[str, Any]) -> None:
    """The views of compat may read staging: the earlier tables showed columns of the source that no mart carries."""
    wrong = []
    for name, node in models.items():
        if layer(node) == "kpi":
            parents = {one.split(".")[-1] for one in node.depends_on.nodes if one.startswith("model.")} - PROGRESS
            parents -= BEFORE_MARTS.get(name, (set(), ""))[0]
            wrong += [f"{name} reads {one}" for one in parents if layer(models[one]) in ("staging", "intermediate")]
    assert wrong == []


UNITS = [
    (r".*_at", r"timestamp(\(\d\))?"),
    (r".*_date", r"date"),
    (r"is_.*", r"boolean"),
    (r".*_rate", r"decimal\(\d+,\d+\)"),
    (r".*_amount", r"decimal\(\d+,\d+\)"),
]


def test_names_tell_type_and_unit(models: dict[str, Any]) -> None:
    wrong = []
    for name, column in own_columns(models):
        for pattern, kind in UNITS:
            named = re.fullmatch(pattern, column.name) is not None
            typed = re.fullmatch(kind, column.data_type) is not None
            if named and not typed:
                wrong.append(f"{name} is {column.data_type}")
            if typed and not named and not kind.startswith("decimal"):
                wrong.append(f"{name} is {column.data_type}, but not called {pattern}")
        if re.search(r"(duration|length|elapsed|latency|_time|_timestamp|percent(age)?)$", column.name):
            wrong.append(f"{name} has no unit")
    assert wrong == []


def test_units_are_described(models: dict[str, Any]) -> None:
    words = {"_ms": "millisecond", "_seconds": "second", "_percent": "percent"}
    wrong = [
        name
        for name, column in own_columns(models)
        for suffix, word in words.items()
        if column.name.endswith(suffix) and word not in column.description
    ]
    assert wrong == []
    bookkeeping = [name for name, column in own_columns(models) if column.name.startswith("_")]
    assert len(bookkeeping) > 10
    described = {name: column.description for name, column in own_columns(models)}
    assert [name for name in bookkeeping if not described[name].startswith("Bookkeeping")] == []


def test_money_has_its_currency(models: dict[str, Any]) -> None:
    with_money = {
        name
        for name, node in models.items()
        if layer(node) in OURS and any(column.endswith("_amount") for column in node.columns)
    }
    assert len(with_money) > 4
    assert {name for name in with_money if "currency" not in models[name].columns} == NO_CURRENCY_YET


def test_models_are_short_and_ask_for_no_engine(models: dict[str, Any]) -> None:
    lines = [len([line for line in node.raw_code.splitlines() if line.strip()]) for node in models.values()]
    assert statistics.median(lines) <= LONGEST_MEDIAN_LINES
    assert [
        name for name, node in models.items() if re.search(r"target\.(type|name)|adapter\.type", node.raw_code)
    ] == []


def test_each_ratio_is_made_by_one_macro(models: dict[str, Any]) -> None:
    """No model divides by itself: engines disagree about what `/` gives."""
    without_comments = {name: re.sub(r"--.*|/\*.*?\*/|'[^']*'", "", node.raw_code) for name, node in models.items()}
    assert [name for name, code in without_comments.items() if "/" in code and layer(models[name]) in OURS] == []


def macro_files() -> list[Path]:
    return sorted((ROOT / "macros").rglob("*.sql"))


def test_a_macro_file_holds_one_public_macro_with_a_header() -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in macro_files()}
    code = [*(ROOT / "models").rglob("*.*"), *(ROOT / "tests/dbt").rglob("*.sql"), *(ROOT / "analyses").rglob("*.sql")]
    users = texts | {
        path: path.read_text(encoding="utf-8") for path in [*code, ROOT / "dbt_project.yml"] if path.is_file()
    }
    wrong = []
    for path, text in texts.items():
        names = re.findall(r"{%-?\s*macro\s+(\w+)", text)
        materialized = re.findall(r"{%-?\s*materialization\s+(\w+), adapter='(\w+)'", text)
        names += [f"materialization_{name}_{adapter}" for name, adapter in materialized]
        if path.stem not in names:
            wrong.append(f"{path.name}: no macro of that name")
        if not text.startswith("{#"):
            wrong.append(f"{path.name}: no header comment")
        for name in names:
            other = [user.name for user, body in users.items() if user != path and re.search(rf"\b{name}\(", body)]
            if name != path.stem and other:
                wrong.append(f"{name} in {path.name} is used by {other}: give it a file of its own")
    assert wrong == []


def test_engine_macros_know_redshift() -> None:
    """Redshift's adapter falls to PostgreSQL's macros silently, so each dispatched macro has one for it."""
    wrong = []
    for path in sorted((ROOT / "macros/engine").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        kinds = set(re.findall(r"macro (default|redshift|postgres)__", text))
        if "adapter.dispatch" in text and (kinds != {"default", "redshift"} or "Why:" not in text):
            wrong.append(path.name)
    assert wrong == []


def variables() -> dict[str, str]:
    """Each variable with the comment above it; variables of one name up to the last word may share one."""
    text = (ROOT / "dbt_project.yml").read_text(encoding="utf-8")
    block = text.split("\nvars:\n")[1].split("\n\n")[0]
    found: dict[str, str] = {}
    comment, before = "", ""
    for line in block.splitlines():
        if line.strip().startswith("#"):
            comment = line.strip("# ")
            continue
        name = line.split(":")[0].strip()
        if before and name.rsplit("_", 1)[0] != before.rsplit("_", 1)[0] and found[before] == comment:
            comment = ""
        found[name], before = comment, name
    return found


def test_every_variable_says_where_its_value_comes_from_and_is_read() -> None:
    declared = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    assert set(variables()) == set(declared)
    assert [name for name, comment in variables().items() if len(comment) < 20] == []
    code = [
        path.read_text(encoding="utf-8") for folder in ("models", "macros") for path in (ROOT / folder).rglob("*.*")
    ]
    assert [name for name in declared if not any(re.search(rf"var\(['\"]{name}['\"]", text) for text in code)] == []


def test_sources_have_a_freshness(manifest: Any) -> None:
    inputs = [source for source in manifest.sources.values() if source.name != "batch"]
    assert [source.name for source in inputs if not (source.freshness and source.loaded_at_field)] == []
