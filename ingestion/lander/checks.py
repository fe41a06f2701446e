"""The SQL that checks every row of a file against its contract, built from the contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingestion.contract import Contract, Field, rules
from ingestion.lander.convert import name, present, quote

SQL_TYPES = {"string": "varchar", "bigint": "bigint", "boolean": "boolean", "date": "date", "timestamp": "timestamp"}


@dataclass(frozen=True)
class Columns:
    """What a reader offers the check, as SQL over its relation.

    text: field -> its text (null or blank = none); nested: field -> true where the text is that of an
    object or an array; leftover: a text that is computed once for `extra`; extra: JSON of the unknown
    columns, null when none; raw: JSON of the original record.
    """

    text: Mapping[str, str]
    leftover: str
    extra: str
    raw: str
    nested: Mapping[str, str]


def sql_type(field: Field) -> str:
    """DuckDB's type of a field."""
    return SQL_TYPES.get(field.type, field.sql_type)


def check_query(
    contract: Contract, columns: Columns, typed_by: Mapping[str, str], relation: str, arrived_at: datetime
) -> str:
    """A query with the contract's columns, then source_row, extra, reasons, raw_text and fingerprint.

    Columns that the table cannot give and that nobody requires are left out: in an input with many optional
    fields, carrying their nulls costs more than all the rest.

    reasons: JSON list of text, sorted, null for a good row. raw_text: only where there are reasons.
    fingerprint: the same for rows that are the same in all columns and in extra; null for bad rows.
    typed_by: field -> SQL of its value from its text, a column `x_<field>`.
    `relation` has source_row, problem and raw_text beside what `columns` refers to.
    """
    given = [f for f in contract.fields if f.name in columns.text or f.required or f.required_when is not None]
    texts = ", ".join(_text(f, columns) for f in given)
    nested = "".join(f", {sql} as {name('n_' + field)}" for field, sql in columns.nested.items())
    values = ", ".join(f"({typed_by[f.name]})::{sql_type(f)} as {name(f.name)}" for f in given)
    tests = [test for f in given for test in _tests(contract, f, columns, arrived_at)]
    sound = " and ".join(f"not coalesce({condition}, false)" for _, condition in tests) or "true"
    reasons = ", ".join(f"case when {condition} then {quote(reason)} end" for reason, condition in tests)
    fields = ", ".join(name(f.name) for f in given)
    whole = ", ".join(name(f.name) if f in given else "null" for f in contract.fields)
    source = f"(select *, {columns.leftover} as leftover from {relation})"
    cut = f"(select *, {columns.extra} as extra, {texts}{nested} from {source})"
    typed = f"(select *, {values} from {cut})"
    judged = f"(select *, problem is null and {sound} as is_good from {typed})"
    return f"""
select {fields}, source_row, extra,
    case when is_good then null when problem is not null then to_json([problem])::varchar
         else to_json(list_sort(list_filter([{reasons}], reason -> reason is not null)))::varchar end as reasons,
    case when is_good then null else coalesce(raw_text, {columns.raw}) end as raw_text,
    case when is_good then null when raw_text is null then 'record' else 'text' end as raw_kind,
    case when is_good then hash({whole}, extra) end as fingerprint
from {judged}"""


def _text(field: Field, columns: Columns) -> str:
    source = columns.text.get(field.name)
    column = name("x_" + field.name)
    if source is None:
        return f"null::varchar as {column}"
    return f"{present(source)} as {column}"


def _type_tests(field: str, code: str, bad: str, nested: str | None) -> list[tuple[str, str]]:
    """The text is no value of the type; an object or an array is `bad_type` whatever the type."""
    if nested is None:
        return [(f"{code}:{field}", bad)]
    if code == "bad_type":
        return [(f"bad_type:{field}", f"({bad}) or {nested}")]
    return [(f"bad_type:{field}", nested), (f"{code}:{field}", f"{bad} and not {nested}")]


def _tests(contract: Contract, field: Field, columns: Columns, arrived_at: datetime) -> list[tuple[str, str]]:
    """(reason, condition) of one field; a condition that is null counts as false."""
    text, typed = name("x_" + field.name), name(field.name)
    nested = name("n_" + field.name) if field.name in columns.nested else None
    bad = f"{text} is not null and {typed} is null"
    code = "bad_timestamp" if field.type in ("date", "timestamp") else "bad_type"
    if field.enum and field.type == "string":
        code = "not_in_enum"
    tests = _type_tests(field.name, code, bad, nested)
    if field.enum and field.type != "string":
        allowed = ", ".join(quote(v) for v in field.enum)
        tests.append((f"not_in_enum:{field.name}", f"{typed}::varchar not in ({allowed})"))
    if field.required:
        tests.append((f"missing:{field.name}", f"{text} is null"))
    elif field.required_when is not None:
        other = name(field.required_when.field)
        cases = " ".join(f"when {quote(v)} then {text} is null" for v in field.required_when.values)
        tests.append((f"missing:{field.name}", f"case {other} {cases} end"))
    if field.minimum is not None:
        tests.append((f"below_minimum:{field.name}", f"{typed} < {field.minimum}"))
    if field.maximum is not None:
        tests.append((f"above_maximum:{field.name}", f"{typed} > {field.maximum}"))
    if field.name == contract.event_time:
        latest = arrived_at + timedelta(days=rules.FUTURE_SLACK_DAYS)
        tests.append((f"too_old:{field.name}", f"{typed} < timestamp '{rules.TOO_OLD_BEFORE}'"))
        tests.append((f"in_future:{field.name}", f"{typed} > timestamp '{latest:%Y-%m-%d %H:%M:%S.%f}'"))
    return tests
