"""From a file's columns to a contract's fields: which input, which column, which constant, which rule."""

from __future__ import annotations

from collections.abc import Mapping as AnyMapping
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ingestion import contract as contracts
from ingestion.contract import Contract, ContractError, Field, UnknownHeaderError, normalise_name
from ingestion.lander.checks import Columns, check_query
from ingestion.lander.convert import in_zone, is_decimal, name, present, quote, to_utc_from_epoch, trimmed, value, words
from ingestion.lander.table import Table
from ingestion.mapping import Case, Mapping, TimeRule, UnitRule

#: How many digits of microseconds one of a unit has.
EPOCH_DIGITS = {"seconds": 6, "milliseconds": 3, "microseconds": 0}
CASE_NUMBER = "mapped_case"
MS_PER_WEEK = 7 * 24 * 3_600_000


@dataclass(frozen=True)
class Plan:
    """How a table becomes rows of a contract.

    relation: that of the table, with the number of each row's case where the mapping has cases;
    values: field -> SQL of its value from its text `x_<field>`.
    """

    contract: Contract
    relation: str
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
    views = _views(contract, mapping, table)
    bound = [{ours: _text(contract.field(ours), theirs, mapping, table) for ours, theirs in view.items()}
             for view in views]  # fmt: skip
    text = {ours: _by_case([view.get(ours, "null::varchar") for view in bound]) for ours in _keys(bound)}
    flags = [{ours: _is_nested(theirs, table) for ours, theirs in view.items()} for view in views]
    nested = {ours: _by_case([view.get(ours, "false") for view in flags]) for ours in _keys(flags)}
    taken = [{column for columns in view.values() for column in columns} for view in views]
    relation, text = _named(_with_case(mapping, table), text, set(table.text.values()))
    if mapping is not None:
        text |= {ours: _filled(text.get(ours), constant) for ours, constant in mapping.constants.items()}
        text |= {ours: _translated(text[ours], words) for ours, words in mapping.values.items() if ours in text}
    columns = Columns(
        text=text,
        leftover=_by_case([table.leftover(list(view.values())) for view in views]),
        extra=_by_case([table.extra([c for c in table.header if c not in names]) for names in taken]),
        raw=table.raw,
        nested={ours: sql for ours, sql in nested.items() if sql != "false"},
    )
    missing = () if table.by_object else _missing(contract, mapping, table.header)
    values = {f.name: _value(f, mapping, contract) for f in contract.fields}
    return Plan(contract, relation, columns, values, missing)


def check_queries(contract: Contract, mapping: Mapping | None, table: Table, arrived_at: datetime) -> list[str]:
    """The checks to run over each piece of the table: of its own rows, then of those that it leaves to another."""
    made = make_plan(contract, mapping, table)
    query = check_query(contract, made.columns, made.values, made.relation, arrived_at)
    return [query, *(check_queries(contract, mapping, table.others, arrived_at) if table.others else [])]


def _named(relation: str, text: AnyMapping[str, str], plain: set[str]) -> tuple[str, dict[str, str]]:
    """The relation with a column for each text that is no column yet: a check repeats the text many times."""
    made = {ours: sql for ours, sql in text.items() if sql not in plain}
    if not made:
        return relation, dict(text)
    columns = ", ".join(f"{sql} as {name('t_' + ours)}" for ours, sql in made.items())
    return f"(select *, {columns} from {relation})", {**text, **{ours: name("t_" + ours) for ours in made}}


def _missing(contract: Contract, mapping: Mapping | None, header: Sequence[str]) -> tuple[str, ...]:
    return contract.missing(header) if mapping is None else mapping.missing(header)


def _views(contract: Contract, mapping: Mapping | None, table: Table) -> list[dict[str, list[str]]]:
    """Field -> its columns, in rows without a case and then for each case: one column where there is a header."""
    if mapping is None:
        views = [contract.candidates(table.header)]
    else:
        views = [mapping.candidates(table.header, case) for case in (None, *mapping.cases)]
    if table.by_object:
        return views
    return [{ours: columns[:1] for ours, columns in view.items()} for view in views]


def _keys(views: Sequence[AnyMapping[str, str]]) -> dict[str, None]:
    return dict.fromkeys(key for view in views for key in view)


def _by_case(choices: Sequence[str]) -> str:
    """SQL that depends on the row's case; the first choice is for rows without one."""
    if len(set(choices)) == 1:
        return choices[0]
    cases = " ".join(f"when {number} then {sql}" for number, sql in enumerate(choices[1:], start=1))
    return f"(case {CASE_NUMBER} {cases} else {choices[0]} end)"


def _with_case(mapping: Mapping | None, table: Table) -> str:
    """The table's relation and the number of each row's case: the first that holds, 0 for none."""
    if mapping is None or not mapping.cases:
        return table.relation
    tests = " ".join(f"when {_holds(case, table)} then {number}" for number, case in enumerate(mapping.cases, start=1))
    return f"(select *, case {tests} else 0 end as {CASE_NUMBER} from {table.relation})"


def _holds(case: Case, table: Table) -> str:
    ((theirs, words),) = case.when.items()
    wanted = normalise_name(theirs)
    text = next((table.text[column] for column in table.header if normalise_name(column) == wanted), None)
    if text is None:
        return "false"
    return "(" + " or ".join(_is_word(f"lower({trimmed(text)})", word) for word in words) + ")"


def _is_word(text: str, word: str) -> str:
    return f"starts_with({text}, {quote(word[:-1])})" if word.endswith("*") else f"{text} = {quote(word)}"


def wanted_keys(contract: Contract | None, mapping: Mapping | None) -> list[str]:
    """Keys and pointers that a JSON object may have although the first lines of the file do not."""
    if contract is None:
        return []
    theirs = [] if mapping is None else list(mapping.theirs)
    mapped = {normalise_name(t) for t in theirs}
    return theirs + [s for f in contract.fields for s in f.spellings if s not in mapped]


def _text(field: Field, theirs: Sequence[str], mapping: Mapping | None, table: Table) -> str:
    """The text of a field from its columns, each in the field's unit: the first that is not null."""
    texts = [_in_unit(field, table.text[c], mapping.unit_of(field.name, c) if mapping else None) for c in theirs]
    return texts[0] if len(texts) == 1 else f"coalesce({', '.join(texts)})"


def _in_unit(field: Field, text: str, unit: UnitRule | None) -> str:
    """A number in the field's unit, as text again; what is no number, or too large, stays as it is."""
    if unit is None:
        return text
    cut, scale = trimmed(text), field.scale or 0
    number = f"round(try_cast({cut} as double) * {unit.multiply} / {unit.divide}, {scale})"
    kind = "bigint" if field.type == "bigint" else f"decimal({field.precision},{scale})"
    return f"(case when {is_decimal(cut)} then coalesce(try_cast({number} as {kind})::varchar, {text}) else {text} end)"


def _is_nested(theirs: Sequence[str], table: Table) -> str:
    flags = [f"({table.nested[column]})" for column in theirs if column in table.nested]
    return " or ".join(flags) or "false"


def _filled(text: str | None, constant: str) -> str:
    """A constant, where no column gives the field a value."""
    return quote(constant) if text is None else f"coalesce({present(text)}, {quote(constant)})"


def _translated(text: str, meanings: dict[str, str]) -> str:
    """Their words as ours. A word that ends with `*` stands for all that begin so, a `*` in ours for their rest."""
    cut = trimmed(text)
    whole = {word: ours for word, ours in meanings.items() if not word.endswith("*")}
    begun = "".join(
        f" when {_is_word(f'lower({cut})', word)} then {_with_rest(cut, word, ours)}"
        for word, ours in meanings.items()
        if word.endswith("*")
    )
    other = f"case{begun} else {text} end" if begun else text
    return f"({words(cut, whole, otherwise=other) if whole else other})"


def _with_rest(text: str, word: str, ours: str) -> str:
    if "*" not in ours:
        return quote(ours)
    before, _, after = ours.partition("*")
    return f"{quote(before)} || substr({text}, {len(word)}) || {quote(after)}"


def _value(field: Field, mapping: Mapping | None, contract: Contract) -> str:
    """SQL of a field's value, with the mapping's rule for times where it has one."""
    text = f'"x_{field.name}"'
    time = mapping.time.get(field.name) if mapping else None
    if time is None:
        return value(field, text)
    instant = _instant(field, text, time)
    if time.is_end_of is None:
        return instant
    length = contract.field(time.is_end_of)
    # Within a week, so that a length out of all bounds is refused as such and not as a time.
    elapsed = f"greatest(0, least({MS_PER_WEEK}, {_value(length, mapping, contract)}))"
    return (
        f"(case when {_value(length, mapping, contract)} is not null then {instant} - to_milliseconds({elapsed}) end)"
    )


def _instant(field: Field, text: str, time: TimeRule) -> str:
    zone = None if time.zone == "UTC" else time.zone
    cut = trimmed(text)
    if time.unit is not None:
        kind = "date" if field.type == "date" else "timestamp"
        return f"try_cast({to_utc_from_epoch(cut, EPOCH_DIGITS[time.unit])} as {kind})"
    if time.strptime is not None:
        return _parsed(field, cut, time.strptime, zone)
    return value(field, text, zone)


def _parsed(field: Field, text: str, pattern: str, zone: str | None) -> str:
    parsed = f"try_strptime({text}, {quote(pattern)})"
    if field.type == "date":
        return f"try_cast({parsed} as date)"
    if "%z" in pattern:  # the text says its zone, and the session reads it into UTC
        return f"try_cast({parsed} as timestamp)"
    return in_zone(f"try_cast({parsed} as timestamp)", zone)
