"""Every model, test and analysis, both incremental branches, on all four engines, without an account."""

from __future__ import annotations

import pytest
import sqlglot

from .columns import Columns, all_columns, resolve
from .compiling import DIALECTS, ENGINES, Project, Statement
from .rules import findings

GOOD = "with a as (select account_id, count(*) as plays from db.marts.fct group by account_id) select * from a"
BAD = {
    "select a from t qualify row_number() over (partition by a order by b) = 1": "QUALIFY",
    "select a::date as b from t": "`::`",
    "select sum(a) filter (where b) as c from t": "FILTER",
    "select * from t natural join u": "NATURAL JOIN",
    "select distinct on (a) a, b from t": "DISTINCT ON",
    "select a, count(*) as n from t group by all": "GROUP BY ALL",
    "select read_parquet(a) as b from t": "function read_parquet()",
    "select a is not distinct from b as c from t": "IS [NOT] DISTINCT FROM",
    "select median(a) as b from t": "median()",
    "select a from (": "does not parse",
}
FOREIGN_ON = {
    "snowflake": ["select epoch_us(a) as b from t", "select timezone('UTC', a) as b from t"],
    "athena": ["select to_timestamp(a) as b from t", "select dateadd(day, 1, a) as b from t", "select 7 // 2 as b"],
    "redshift": ["select 1 as delta", "select explicit as b from t", "select string_agg(a, ';') as b from t"],
    "duckdb": ["select listagg(a, ';') as b from t", "select convert_timezone('UTC', a) as b from t"],
}


def label(statement: Statement) -> str:
    return f"{statement.engine}, {statement.branch}, {statement.unique_id}"


@pytest.mark.slow
def test_statements_keep_to_what_every_engine_has(project: Project) -> None:
    assert len({one.unique_id for one in project.statements}) > 60
    found = {label(one): findings(one.sql, one.engine, one.dialect) for one in project.statements}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.slow
def test_branches_differ_where_models_are_incremental(project: Project) -> None:
    """Else `assume_incremental` would choose nothing, and one branch would go untested."""
    by_branch = {(one.unique_id, one.branch): one.sql for one in project.statements}
    nodes = project.manifest.nodes
    same = [
        name
        for name, branch in by_branch
        if branch == "full" and by_branch[name, "full"] == by_branch[name, "incremental"] and takes_branch(nodes[name])
    ]
    assert same == []


def takes_branch(node: object) -> bool:
    code = getattr(node, "raw_code", "")
    is_model = getattr(node, "resource_type", "") == "model"  # a check has its own progress, in either branch
    return is_model and any(word in code for word in ("keep_newest", "touched_dates", "is_incremental"))


@pytest.fixture(scope="session")
def relations(project: Project) -> tuple[Columns, list[str]]:
    return all_columns(project)


@pytest.mark.slow
def test_every_column_exists(project: Project, relations: tuple[Columns, list[str]]) -> None:
    columns, wrong = relations
    assert wrong == []
    for statement in project.statements:
        try:
            resolve(statement, columns)
        except (sqlglot.errors.SqlglotError, KeyError) as error:
            wrong.append(f"{label(statement)}: {error}")
    assert wrong == []


@pytest.mark.slow
def test_models_give_the_columns_that_are_described(project: Project, relations: tuple[Columns, list[str]]) -> None:
    """Also where no contract is enforced (staging, intermediate)."""
    columns, _ = relations
    statements = [one for one in project.statements if one.unique_id.startswith("model.")]
    assert len(statements) > 50
    for statement in statements:
        node = project.manifest.nodes[statement.unique_id]
        assert sorted(resolve(statement, columns)) == sorted(node.columns), label(statement)


@pytest.mark.parametrize("engine", ENGINES)
def test_rules_let_a_common_statement_pass(engine: str) -> None:
    assert findings(GOOD, engine, DIALECTS[engine]) == []


@pytest.mark.parametrize("sql", BAD)
@pytest.mark.parametrize("engine", ["snowflake", "athena", "redshift"])
def test_rules_find_what_they_are_for(sql: str, engine: str) -> None:
    found = findings(sql, engine, DIALECTS[engine])
    assert any(BAD[sql] in what or "does not parse" in what for what in found), found


@pytest.mark.parametrize(("engine", "sql"), [(engine, sql) for engine, cases in FOREIGN_ON.items() for sql in cases])
def test_rules_know_each_engine(engine: str, sql: str) -> None:
    assert findings(sql, engine, DIALECTS[engine]) != []


def test_a_mistyped_column_is_found() -> None:
    columns = {("db", "marts", "fct"): ["account_id", "playing_ms"]}
    good = Statement("duckdb", "full", "good", "with a as (select * from db.marts.fct) select playing_ms from a")
    assert resolve(good, columns) == ["playing_ms"]
    with pytest.raises(sqlglot.errors.SqlglotError, match="playing_sm"):
        resolve(Statement("duckdb", "full", "bad", good.sql.replace("select playing_ms", "select playing_sm")), columns)
    with pytest.raises(KeyError):
        resolve(Statement("duckdb", "full", "bad", "select account_id from db.marts.other"), columns)
