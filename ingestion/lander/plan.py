"""From a file's columns to a contract's fields: which input, which column, which constant, which rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ingestion import contract as contracts
from ingestion.contract import Contract, ContractError, Field, UnknownHeaderError, normalise_name
from ingestion.lander.checks import Columns, check_query
from ingestion.lander.convert import in_zone, is_decimal, quote, to_utc_from_epoch, trimmed, value, words
from ingestion.lander.table import Table
from ingestion.mapping import Mapping

EPOCH_SCALE = {"seconds": 1_000_000, "milliseconds": 1_000, "microseconds": 1}


@dataclass(frozen=True)
class Plan:
    """How a table becomes rows of a contract. values: field -> SQL of its value from its text `x_<field>`."""

    contract: Contract
    columns: Columns
    values: dict[str, str]
    missing: tuple[str, ...]


def choose_contract(header: Sequence[str]) -> Contract:
    """The contract that a header belongs to.

    One that lacks a single required column still belongs to the input that it is closest to, when most of
    its columns are known there; the file then goes to quarantine. Raises ContractError otherwise.
    """
    try:
        return contracts.recognise(header)
    except UnknownHeaderError:
        closest = max((contracts.load(n) for n in contracts.names()), key=lambda c: _closeness(c, header))
        known = len(closest.resolve(header))
        if known >= 2 and 2 * known > len(header) and len(closest.missing(header)) == 1:
            return closest
        raise


def _closeness(one: Contract, header: Sequence[str]) -> tuple[int, int]:
    return len(one.resolve(header)) - len(one.missing(header)), -len(one.unknown(header))


def check_mapping(mapping: Mapping | None, input_name: str | None) -> None:
    """Raise ContractError when --input and the mapping name different inputs."""
    if mapping is not None and input_name not in (None, mapping.input):
        raise ContractError(f"--input {input_name}: the mapping {mapping.name} is for {mapping.input}")


def make_plan(contract: Contract, mapping: Mapping | None, table: Table) -> Plan:
    """Bind the contract's fields to the table's columns."""
    found = _candidates(contract, mapping, table)
    taken = {column for columns in found.values() for column in columns}
    text = {field: _joined([table.text[c] for c in columns]) for field, columns in found.items()}
    nested = {
        field: " or ".join(f"({table.nested[c]})" for c in columns if c in table.nested)
        for field, columns in found.items()
        if any(c in table.nested for c in columns)
    }
    if mapping is not None:
        text.update({field: quote(constant) for field, constant in mapping.constants.items()})
        text.update(
            {field: _translated(text[field], theirs) for field, theirs in mapping.values.items() if field in text}
        )
    columns = Columns(
        text=text,
        leftover=table.leftover(list(found.values())),
        extra=table.extra([c for c in table.header if c not in taken]),
        raw=table.raw,
        nested=nested,
    )
    missing = () if table.by_object else _missing(contract, mapping, table.header)
    values = {f.name: _value(f, mapping) for f in contract.fields}
    return Plan(contract, columns, values, missing)


def check_queries(contract: Contract, mapping: Mapping | None, table: Table, arrived_at: datetime) -> list[str]:
    """The checks to run over each piece of the table: of its own rows, then of those that it leaves to another."""
    made = make_plan(contract, mapping, table)
    query = check_query(contract, made.columns, made.values, table.relation, arrived_at)
    return [query, *(check_queries(contract, mapping, table.others, arrived_at) if table.others else [])]


def _missing(contract: Contract, mapping: Mapping | None, header: Sequence[str]) -> tuple[str, ...]:
    return contract.missing(header) if mapping is None else mapping.missing(header)


def _candidates(contract: Contract, mapping: Mapping | None, table: Table) -> dict[str, list[str]]:
    """Field -> its columns in order of preference: one for a file with a header, several for objects."""
    if not table.by_object:
        resolved = contract.resolve(table.header) if mapping is None else mapping.resolve(table.header)
        return {field: [column] for field, column in resolved.items()}
    found: dict[str, list[str]] = {}
    rest = list(table.header)
    while resolved := contract.resolve(rest) if mapping is None else mapping.resolve(rest):
        for field, column in resolved.items():
            found.setdefault(field, []).append(column)
        rest = [c for c in rest if c not in resolved.values()]
    return found


def wanted_keys(contract: Contract | None, mapping: Mapping | None) -> list[str]:
    """Keys that a JSON object may have although the first lines of the file do not."""
    if contract is None:
        return []
    theirs = [] if mapping is None else list(mapping.columns)
    mapped = {normalise_name(t) for t in theirs}
    return theirs + [s for f in contract.fields for s in f.spellings if s not in mapped]


def _joined(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"


def _translated(text: str, meanings: dict[str, str]) -> str:
    return f"({words(trimmed(text), meanings, otherwise=text)})"


def _value(field: Field, mapping: Mapping | None) -> str:
    """SQL of a field's value, with the mapping's rule for times and units where it has one."""
    text = f'"x_{field.name}"'
    cut = trimmed(text)
    time = mapping.time.get(field.name) if mapping else None
    unit = mapping.units.get(field.name) if mapping else None
    if time is not None:
        zone = None if time.zone == "UTC" else time.zone
        if time.unit is not None:
            kind = "date" if field.type == "date" else "timestamp"
            return f"try_cast({to_utc_from_epoch(cut, EPOCH_SCALE[time.unit])} as {kind})"
        if time.strptime is not None:
            return _parsed(field, cut, time.strptime, zone)
        return value(field, text, zone)
    if unit is not None:
        scale = field.scale or 0
        number = f"round(try_cast({cut} as double) * {unit.multiply} / {unit.divide}, {scale})"
        kind = "bigint" if field.type == "bigint" else f"decimal({field.precision},{scale})"
        return f"(case when {is_decimal(cut)} then try_cast({number} as {kind}) end)"
    return value(field, text)


def _parsed(field: Field, text: str, pattern: str, zone: str | None) -> str:
    parsed = f"try_strptime({text}, {quote(pattern)})"
    if field.type == "date":
        return f"try_cast({parsed} as date)"
    if "%z" in pattern:  # the text says its zone, and the session reads it into UTC
        return f"try_cast({parsed} as timestamp)"
    return in_zone(f"try_cast({parsed} as timestamp)", zone)
