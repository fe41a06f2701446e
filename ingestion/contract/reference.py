"""The contract's checks in plain Python: slow, obvious, and what the fast implementations are compared with.

`check_row` takes one row as text (None is null) under canonical names, and gives the typed row and all
reasons for refusing it. It follows `rules.PARSING_RULES` word by word. `parse_json_line` and
`parse_csv_record` do the same for the record as it stands in the file.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

from ingestion.contract import rules
from ingestion.contract.model import Contract, Field

Value = str | int | Decimal | bool | dt.date | dt.datetime | None
BIGINT = range(-(2**63), 2**63)
EPOCH = dt.datetime.fromisoformat("1970-01-01")  # instants are UTC without a zone, as in raw


class _RefusedError(Exception):
    """A value that can't be converted; carries the reason's code."""


@dataclass(frozen=True)
class Nested:
    """A JSON object or array found where a value was expected."""

    text: str


def check_row(
    contract: Contract, row: Mapping[str, str | Nested | None], arrived_at: dt.datetime
) -> tuple[dict[str, Value], list[str]]:
    """The typed values (null where a value was refused) and the sorted reasons, empty when accepted.

    `row` has canonical names; what is absent is null. `arrived_at` is a UTC instant without zone.
    """
    values: dict[str, Value] = {}
    reasons: list[str] = []
    for field in contract.fields:
        try:
            values[field.name] = convert(field, row.get(field.name))
        except _RefusedError as refused:
            values[field.name] = None
            reasons.append(f"{refused}:{field.name}")
    refused_fields = {reason.partition(":")[2] for reason in reasons}
    for field in contract.fields:
        if field.name not in refused_fields:
            reasons += [f"{code}:{field.name}" for code in _judge(contract, field, values, arrived_at)]
    return values, sorted(reasons)


def is_value(field: Field, text: str) -> bool:
    """Is the text one of the field's type and among its allowed values? Bounds are not looked at."""
    try:
        return convert(field, text) is not None
    except _RefusedError:
        return False


def convert(field: Field, text: str | Nested | None) -> Value:
    """The typed value of one text, None for null; _RefusedError with the reason's code otherwise."""
    if isinstance(text, Nested):
        raise _RefusedError("bad_type")
    if text is None or not text.strip(rules.BLANKS):
        return None
    trimmed = text.strip(rules.BLANKS)
    if field.type == "string":
        return _string(field, text, trimmed)
    return _CONVERTERS[field.type](field, trimmed)


def _string(field: Field, text: str, trimmed: str) -> str:
    if field.enum:
        if trimmed.lower() not in field.value_aliases:
            raise _RefusedError("not_in_enum")
        return field.value_aliases[trimmed.lower()]
    if "\0" in text:
        raise _RefusedError("bad_type")
    kept = trimmed if "trim" in field.normalise else text
    return kept.lower() if "lower" in field.normalise else kept


def _bigint(field: Field, text: str) -> int:
    if re.match(rules.INTEGER_PATTERN, text):
        value = int(text.partition(".")[0])
    elif re.match(rules.EXPONENT_PATTERN, text):
        number = float(text)
        if abs(number) > rules.EXACT_DOUBLE or number != int(number):
            raise _RefusedError("bad_type")
        value = int(number)
    else:
        raise _RefusedError("bad_type")
    if value not in BIGINT:
        raise _RefusedError("bad_type")
    if field.enum and str(value) not in field.enum:
        raise _RefusedError("not_in_enum")
    return value


def _decimal(field: Field, text: str) -> Decimal:
    if re.match(rules.DECIMAL_PATTERN, text):
        number = Decimal(text)
    elif re.match(rules.EXPONENT_PATTERN, text) and abs(float(text)) != float("inf"):
        number = Decimal(repr(float(text)))
    else:
        raise _RefusedError("bad_type")
    assert field.precision is not None and field.scale is not None
    if number.adjusted() > field.precision:  # far too large for quantize
        raise _RefusedError("bad_type")
    with localcontext(Context(prec=60 + len(text))):
        rounded = number.quantize(Decimal(1).scaleb(-field.scale), rounding=ROUND_HALF_UP)
    if abs(rounded) >= Decimal(10) ** (field.precision - field.scale):
        raise _RefusedError("bad_type")
    return rounded


def _boolean(_field: Field, text: str) -> bool:
    if text.lower() in rules.TRUE_WORDS:
        return True
    if text.lower() in rules.FALSE_WORDS:
        return False
    raise _RefusedError("bad_type")


def _date(field: Field, text: str) -> dt.date:
    if "date" in field.formats and (re.match(rules.DATE_PATTERN, text) or re.match(rules.MIDNIGHT_PATTERN, text)):
        return _real_date(text[:10])
    if "day_first_date" in field.formats and re.match(rules.DAY_FIRST_PATTERN, text):
        return _real_date("-".join(reversed(text.split("-"))))
    raise _RefusedError("bad_timestamp")


def _real_date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise _RefusedError("bad_timestamp") from None


def _timestamp(field: Field, text: str) -> dt.datetime:
    if "iso" in field.formats and re.match(rules.ISO_PATTERN, text):
        return _iso(text)
    if "epoch" in field.formats and re.match(rules.EPOCH_PATTERN, text):
        return _epoch(text)
    if "date" in field.formats and re.match(rules.DATE_PATTERN, text):
        return dt.datetime.combine(_real_date(text), dt.time())
    raise _RefusedError("bad_timestamp")


def _iso(text: str) -> dt.datetime:
    day = _real_date(text[:10])
    found = re.match(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?\s?(.*)$", text[11:])
    assert found is not None
    hour, minute, second, fraction, zone = found.groups()
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    local = dt.datetime.combine(day, dt.time(int(hour), int(minute), int(second or 0), micro))
    offset = re.match(r"([+-])(\d\d):?(\d\d)?$", zone)
    if not offset:
        return local
    minutes = int(offset[2]) * 60 + int(offset[3] or 0)
    return local - dt.timedelta(minutes=minutes if offset[1] == "+" else -minutes)


def _epoch(text: str) -> dt.datetime:
    number = Decimal(text)
    if number >= rules.EPOCH_TOO_LARGE_FROM:
        raise _RefusedError("bad_timestamp")
    scale = 1 if number >= rules.EPOCH_US_FROM else 1_000 if number >= rules.EPOCH_MS_FROM else 1_000_000
    return EPOCH + dt.timedelta(microseconds=int(number * scale))


_CONVERTERS: Mapping[str, Callable[[Field, str], Value]] = {
    "bigint": _bigint,
    "boolean": _boolean,
    "date": _date,
    "decimal": _decimal,
    "timestamp": _timestamp,
}


def _judge(contract: Contract, field: Field, values: Mapping[str, Value], arrived_at: dt.datetime) -> list[str]:
    """The codes of what is wrong with a converted value."""
    value = values[field.name]
    if value is None:
        when = field.required_when
        needed = field.required or (when is not None and values[when.field] in when.values)
        return ["missing"] if needed else []
    codes = []
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        if field.minimum_value is not None and value < field.minimum_value:
            codes.append("below_minimum")
        if field.maximum_value is not None and value > field.maximum_value:
            codes.append("above_maximum")
    if field.name == contract.event_time and isinstance(value, dt.date):
        codes += _judge_time(value, arrived_at)
    return codes


def _judge_time(value: dt.date, arrived_at: dt.datetime) -> list[str]:
    moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
    if moment < dt.datetime.fromisoformat(rules.TOO_OLD_BEFORE):
        return ["too_old"]
    return ["in_future"] if moment > arrived_at + dt.timedelta(days=rules.FUTURE_SLACK_DAYS) else []


def parse_json_line(line: str) -> dict[str, str | Nested | None] | str:
    """The keys of one JSON line with their values as text, or the reason why it is no row."""
    try:
        found = json.loads(line, object_pairs_hook=_pairs, parse_int=_Word, parse_float=_Word, parse_constant=_Word)
    except (ValueError, RecursionError):
        return "malformed_json"
    if not isinstance(found, dict):
        return "not_an_object"
    return {key: _as_text(value) for key, value in found.items()}


class _Word(str):
    """A JSON number as it is written."""


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _as_text(value: object) -> str | Nested | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return Nested(json.dumps(_numbers(value), ensure_ascii=False, separators=(",", ":")))
    return None if value is None else str(value)


def _numbers(value: object) -> object:
    """A nested value with its numbers as numbers again."""
    if isinstance(value, dict):
        return {key: _numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_numbers(inner) for inner in value]
    return json.loads(value) if isinstance(value, _Word) else value


def parse_csv_record(text: str) -> dict[str, str] | str:
    """The only record below the header of a CSV text as column -> text, or `malformed_row`."""
    try:
        header, record = list(csv.reader(io.StringIO(text.lstrip("\ufeff"), newline=""), strict=True))
    except (csv.Error, ValueError):
        return "malformed_row"
    return dict(zip(header, record, strict=True)) if len(header) == len(record) else "malformed_row"
