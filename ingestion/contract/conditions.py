"""What must hold for every accepted row, as SQL that all engines run: the checks once more, inside the build."""

from __future__ import annotations

from collections.abc import Iterator

from ingestion.contract.model import Contract, Field
from ingestion.contract.rules import TOO_OLD_BEFORE


def conditions(contract: Contract) -> list[dict[str, str]]:
    """`{name, condition}` for each rule; a condition is false for a row that should have been refused.

    Names are those of the reasons. `in_future` is not among them: it compares with the arrival, which each
    engine adds a day to in its own way, and the lander has checked it.
    """
    found = [
        {"name": f"missing:{column}", "condition": f"{column} is not null"} for column in ("batch_id", "arrived_at")
    ]
    for field in contract.fields:
        found += [{"name": f"{code}:{field.name}", "condition": text} for code, text in _of_field(contract, field)]
    return found


def _of_field(contract: Contract, field: Field) -> Iterator[tuple[str, str]]:
    name = field.name
    if field.required:
        yield "missing", f"{name} is not null"
    elif field.required_when:
        when = field.required_when
        values = ", ".join(_literal(value) for value in when.values)
        yield "missing", f"{name} is not null or {when.field} is null or {when.field} not in ({values})"
    if field.enum:
        values = ", ".join(value if field.type == "bigint" else _literal(value) for value in field.enum)
        yield "not_in_enum", f"{name} is null or {name} in ({values})"
    if field.minimum is not None:
        yield "below_minimum", f"{name} is null or {name} >= {field.minimum}"
    if field.maximum is not None:
        yield "above_maximum", f"{name} is null or {name} <= {field.maximum}"
    if name == contract.event_time:
        oldest = f"date '{TOO_OLD_BEFORE}'" if field.type == "date" else f"timestamp '{TOO_OLD_BEFORE} 00:00:00'"
        yield "too_old", f"{name} is null or {name} >= {oldest}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
