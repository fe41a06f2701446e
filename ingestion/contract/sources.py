"""The dbt source `raw`, derived from the contracts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from ingestion.contract.bookkeeping import BATCH_COLUMNS, ROW_COLUMNS, Column
from ingestion.contract.conditions import conditions
from ingestion.contract.model import Contract, Field

HEADER = """\
# Generated from ingestion/contract/*.yml by `python -m ingestion.contract --write`; do not edit.
"""

# As generate_schema_name has it; YAML cannot call macros.
SCHEMA = "{{ 'raw' if target.schema == 'main' else target.schema ~ '_raw' }}"


def render(contracts: Iterable[Contract]) -> str:
    """The text of models/staging/_raw__sources.yml."""
    source = {
        "name": "raw",
        "schema": SCHEMA,
        "description": "Rows that passed every check of the contract, as they landed, and the batches they came with.",
        "tables": [_table(contract) for contract in contracts] + [_batch()],
    }
    return HEADER + yaml.dump(
        {"version": 2, "sources": [source]}, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=118
    )


class _Dumper(yaml.SafeDumper):
    """Indents lists below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)


def _table(contract: Contract) -> dict[str, Any]:
    table: dict[str, Any] = {"name": contract.name, "description": contract.description}
    if contract.warn_after_days is not None:
        freshness = {"warn_after": {"count": contract.warn_after_days, "period": "day"}}
        table["config"] = {"loaded_at_field": "arrived_at", "freshness": freshness}
    table["data_tests"] = [
        {
            "contract_holds": {
                "name": f"contract_holds_{contract.name}",
                "arguments": {"input": contract.name, "conditions": conditions(contract)},
            }
        }
    ]
    table["columns"] = [_field(f) for f in contract.fields] + [_column(c) for c in ROW_COLUMNS]
    return table


def _batch() -> dict[str, Any]:
    return {
        "name": "batch",
        "description": "Batches that landed: one row for each manifest.",
        "columns": [_column(c) for c in BATCH_COLUMNS],
    }


def _field(field: Field) -> dict[str, Any]:
    unit = f" Unit: {field.unit}." if field.unit else ""
    column: dict[str, Any] = {
        "name": field.name,
        "data_type": field.sql_type,
        "description": field.description + unit,
    }
    if field.pii:
        column["config"] = {"meta": {"pii": field.pii}}
    return column


def _column(column: Column) -> dict[str, Any]:
    return {"name": column.name, "data_type": column.type, "description": column.description}
