"""The data dictionary of the raw inputs, derived from the contracts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ingestion.contract.bookkeeping import ROW_COLUMNS
from ingestion.contract.model import Contract, Field
from ingestion.contract.rules import FORMS, PARSING_RULES, REASONS

HEADER = """\
<!-- Generated from ingestion/contract/*.yml by `python -m ingestion.contract --write`; do not edit. -->
# Data dictionary of the inputs

What may arrive, field by field. The models that are made of it are described in the dbt docs
(`dbt docs generate`). PII: an *identifier* is replaced by a keyed hash at landing when `MEDIA_PII_KEY` is
set; a *direct* identifier reaches no mart in any case.
"""
FIELD_HEAD = ("field", "type", "unit", "required", "allowed", "aliases", "PII", "description")


def render(contracts: Sequence[Contract]) -> str:
    """The text of docs/data_dictionary.md."""
    parts = [HEADER, "Inputs: " + " · ".join(f"[{c.name}](#{c.name})" for c in contracts) + "\n"]
    parts += [_input(contract) for contract in contracts]
    parts += [_bookkeeping(), _rules(), _reasons()]
    return "\n".join(parts)


def _input(contract: Contract) -> str:
    key = ", ".join(f"`{name}`" for name in contract.natural_key)
    given = f"`{contract.given_key}` where it is given, else " if contract.given_key else ""
    lines = [f"## {contract.name}", "", contract.description, "", f"- Natural key: {given}{key}"]
    lines.append(f"- Event time: `{contract.event_time}`" if contract.event_time else "- Event time: none")
    lines += ["", *_table(FIELD_HEAD, (_field(f) for f in contract.fields))]
    spelled = [f for f in contract.fields if _other_words(f)]
    if spelled:
        lines += ["", "Other spellings of values:", ""]
        lines += [f"- `{f.name}`: {_other_words(f)}" for f in spelled]
    return "\n".join(lines) + "\n"


def _field(field: Field) -> tuple[str, ...]:
    return (
        f"`{field.name}`",
        field.sql_type,
        field.unit or "",
        _required(field),
        _allowed(field),
        ", ".join(f"`{alias}`" for alias in field.aliases),
        field.pii or "",
        field.description,
    )


def _required(field: Field) -> str:
    if field.required:
        return "yes"
    if not field.required_when:
        return ""
    return f"when `{field.required_when.field}` is " + ", ".join(f"`{value}`" for value in field.required_when.values)


def _allowed(field: Field) -> str:
    parts = [", ".join(f"`{value}`" for value in field.enum)] if field.enum else []
    if field.minimum is not None and field.maximum is not None:
        parts.append(f"{field.minimum} to {field.maximum}")
    elif field.minimum is not None:
        parts.append(f"at least {field.minimum}")
    elif field.maximum is not None:
        parts.append(f"at most {field.maximum}")
    parts += [", ".join(field.formats)] if field.formats else []
    return "; ".join(parts)


def _other_words(field: Field) -> str:
    """`canonical` ← its other spellings, for each value that has some."""
    lines = []
    for value in field.enum:
        others = [word for word, target in field.value_aliases.items() if target == value and word != value.lower()]
        if others:
            lines.append(f"{', '.join(others)} → `{value}`")
    return "; ".join(lines)


def _bookkeeping() -> str:
    rows = ((f"`{c.name}`", c.type, c.description) for c in ROW_COLUMNS)
    lines = ["## Columns of every raw row", "", *_table(("column", "type", "description"), rows)]
    return "\n".join(lines) + "\n"


def _rules() -> str:
    forms = [f"- `{name}`: {meaning}" for name, meaning in FORMS.items()]
    return (
        "\n".join(["## How text is read", "", PARSING_RULES, "Accepted forms of dates and times:", "", *forms]) + "\n"
    )


def _reasons() -> str:
    rows = ((f"`{code}`", meaning) for code, meaning in REASONS.items())
    return "\n".join(["## Why a row is refused", "", *_table(("reason", "meaning"), rows)]) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _line(head)
    yield _line(["---"] * len(head))
    for row in rows:
        yield _line([cell.replace("|", "\\|") for cell in row])


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
