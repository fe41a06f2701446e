"""Which columns every relation has, and whether a statement names one that is not there."""

from __future__ import annotations

import csv
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify

from .compiling import ROOT, Project, Statement

#: Columns by relation, with the relation's parts in lower case: {("media", "raw", "songs"): [...]}.
Columns = dict[tuple[str, ...], list[str]]


def parts(table: exp.Table) -> tuple[str, ...]:
    return tuple(part.name.lower() for part in table.parts)


def key(node: Any) -> tuple[str, ...]:
    """Name of a node's relation, as it stands in compiled SQL."""
    name = node.relation_name.replace('"', "").replace("`", "").lower()
    return tuple(name.split("."))


def given_columns(project: Project) -> Columns:
    """Sources by their documentation (derived from the contracts), seeds by the first line of their file."""
    columns: Columns = {}
    for node in project.manifest.sources.values():
        columns[key(node)] = list(node.columns)
    for node in project.manifest.nodes.values():
        if node.resource_type == "seed":
            with (ROOT / node.original_file_path).open(encoding="utf-8", newline="") as file:
                columns[key(node)] = next(csv.reader(file))
    return columns


def resolve(statement: Statement, columns: Columns) -> list[str]:
    """Names of the statement's output columns.

    Raises SqlglotError for a column that its relations do not have, KeyError for a relation that is not known.
    """
    tree = sqlglot.parse_one(statement.sql, read=statement.dialect)
    with_names = {cte.alias_or_name.lower() for cte in tree.find_all(exp.CTE)}
    schema: dict[str, dict[str, str]] = {}
    for table in tree.find_all(exp.Table):
        name = parts(table)
        if len(name) == 1 and name[0] in with_names:
            continue
        flat = "__".join(name)
        schema[flat] = dict.fromkeys((column.lower() for column in columns[name]), "text")
        table.replace(exp.to_table(flat).as_(table.alias or name[-1], table=True))
    lowered = tree.transform(
        lambda node: exp.to_identifier(node.name.lower()) if isinstance(node, exp.Identifier) else node
    )
    resolved = qualify(lowered, schema=schema, dialect="duckdb", quote_identifiers=False, validate_qualify_columns=True)
    return [name.lower() for name in resolved.named_selects]


def model_order(project: Project) -> list[str]:
    """Models, parents first."""
    nodes = {name: node for name, node in project.manifest.nodes.items() if node.resource_type == "model"}
    ordered: list[str] = []

    def visit(name: str) -> None:
        for parent in nodes[name].depends_on.nodes:
            if parent in nodes and parent not in ordered:
                visit(parent)
        if name not in ordered:
            ordered.append(name)

    for name in nodes:
        visit(name)
    return ordered


def all_columns(project: Project) -> tuple[Columns, list[str]]:
    """Columns of every relation of the project, and what could not be resolved on the way (full branch)."""
    columns, wrong = given_columns(project), []
    statements = {one.unique_id: one for one in project.statements if one.branch == "full"}
    for name in model_order(project):
        node = project.manifest.nodes[name]
        try:
            columns[key(node)] = resolve(statements[name], columns)
        except (sqlglot.errors.SqlglotError, KeyError) as error:
            wrong.append(f"{name}: {error}")
            columns[key(node)] = list(node.columns)
    return columns, wrong
