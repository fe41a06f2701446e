"""SQL that turns the text of a field into its value: ingestion/contract/rules.py, in DuckDB.

Each function takes SQL of a text that is null or not blank, and gives SQL of the typed value,
null where the text is none. The common spelling of a value is recognised by casting it and
writing it back, which is several times cheaper than a regular expression; only what does not
come back unchanged is looked at closely.
"""

from __future__ import annotations

from ingestion.contract import Field, rules

LAST_MICROSECOND = 253_402_300_800_000_000  # the year 10000
BLANKS_SQL = "' ' || chr(9) || chr(10) || chr(13) || chr(11) || chr(12)"


def quote(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """A name as a SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def trimmed(text: str) -> str:
    """White space cut from both ends. Only a text that begins or ends with a low character is touched."""
    return f"(case when {text} < '!' or right({text}, 1) < '!' then trim({text}, {BLANKS_SQL}) else {text} end)"


def present(text: str, trim: bool) -> str:
    """Null where the text is blank; the text cut, or as it stands."""
    cut = f"nullif(trim({text}, {BLANKS_SQL}), '')"
    if trim:
        return f"(case when {text} < '!' or right({text}, 1) < '!' then {cut} else {text} end)"
    return f"(case when {text} < '!' and {cut} is null then null else {text} end)"


def value(field: Field, text: str, zone: str | None = None) -> str:
    """SQL of a field's value. `zone`: what a time without a zone is in, None = UTC."""
    if field.enum and field.type == "string":
        return _enumeration(field, text)
    match field.type:
        case "bigint":
            return _bigint(text)
        case "decimal":
            return _decimal(text, field.precision or 18, field.scale or 0)
        case "boolean":
            return _boolean(text)
        case "date":
            return _date(field, text)
        case "timestamp":
            return _timestamp(field, text, zone)
    result = f"lower({text})" if "lower" in field.normalise else text
    return f"(case when contains({text}, chr(0)) then null else {result} end)"


def _enumeration(field: Field, text: str) -> str:
    known = ", ".join(quote(v) for v in field.enum)
    others = " ".join(f"when {quote(k)} then {quote(v)}" for k, v in field.value_aliases.items())
    return f"(case when {text} in ({known}) then {text} else case lower({text}) {others} end end)"


def _matches(text: str, pattern: str) -> str:
    return f"regexp_matches({text}, {quote(pattern)})"


def _bigint(text: str) -> str:
    plain = f"try_cast({text} as bigint)"
    double = f"try_cast({text} as double)"
    exact = f"{double} = trunc({double}) and abs({double}) <= {rules.EXACT_DOUBLE}"
    return (
        f"(case when {plain}::varchar = {text} then {plain}"
        f" when {_matches(text, rules.INTEGER_PATTERN)} then try_cast(split_part({text}, '.', 1) as bigint)"
        f" when {_matches(text, rules.EXPONENT_PATTERN)} and {exact} then try_cast({double} as bigint) end)"
    )


def _decimal(text: str, precision: int, scale: int) -> str:
    kind = f"decimal({precision},{scale})"
    odd = f"contains({text}, 'e') or contains({text}, 'E') or contains({text}, '_')"
    exponent = f"case when {_matches(text, rules.EXPONENT_PATTERN)} then try_cast(try_cast({text} as double) as {kind}) end"
    return f"(case when {odd} then {exponent} else try_cast({text} as {kind}) end)"


def _boolean(text: str) -> str:
    true = ", ".join(quote(w) for w in rules.TRUE_WORDS)
    false = ", ".join(quote(w) for w in rules.FALSE_WORDS)
    return f"(case when lower({text}) in ({true}) then true when lower({text}) in ({false}) then false end)"


def _date(field: Field, text: str) -> str:
    cases = []
    if "date" in field.formats:
        cases.append(f"when try_cast({text} as date)::varchar = {text} then try_cast({text} as date)")
        cases.append(f"when {_matches(text, rules.MIDNIGHT_PATTERN)} then try_cast(left({text}, 10) as date)")
    if "day_first_date" in field.formats:
        cases.append(_day_first(text, "date"))
    return f"(case when {_finite(text)} then case {' '.join(cases)} end end)"


def _finite(text: str) -> str:
    """DuckDB reads `infinity` and `epoch` as times; every accepted form begins with a digit."""
    return f"{text} >= '0' and {text} < ':'"


def _day_first(text: str, kind: str) -> str:
    return f"when {_matches(text, rules.DAY_FIRST_PATTERN)} then try_cast(try_strptime({text}, '%d-%m-%Y') as {kind})"


def _timestamp(field: Field, text: str, zone: str | None) -> str:
    local = f"try_cast({text} as timestamp)"
    cases = []
    if "iso" in field.formats:
        # Whole seconds only: that is what comes back from the cast in the same words.
        cases.append(f"when length({text}) = 19 and {local}::varchar = {text} then {in_zone(local, zone)}")
        tail = quote(r"( ?([Zz]|UTC)| [+-][0-9:]+|[+-][0-9:]+)$")
        naive = f"regexp_replace(left({text}, 10) || ' ' || substr({text}, 12), {tail}, '')"
        has_zone = f"regexp_matches(substr({text}, 12), {tail})"
        exact = f"try_cast(try_cast(replace({_zulu(text)}, 'T', ' ') as timestamptz) as timestamp)"
        cases.append(
            f"when {_matches(text, rules.ISO_PATTERN)} then case when {has_zone} then {exact}"
            f" else {in_zone(f'try_cast({naive} as timestamp)', zone)} end"
        )
    if "epoch" in field.formats:
        cases.append(f"when {_matches(text, rules.EPOCH_PATTERN)} then {_epoch(text)}")
    if "date" in field.formats:
        midnight = f"try_cast(try_cast({text} as date) as timestamp)"
        cases.append(f"when {_matches(text, rules.DATE_PATTERN)} then {in_zone(midnight, zone)}")
    if "day_first_date" in field.formats:
        cases.append(_day_first(text, "timestamp"))
    return f"(case when {_finite(text)} then case {' '.join(cases)} end end)"


def _zulu(text: str) -> str:
    """Date and time with the offset right behind, `+00` for Z and UTC: the one form that the cast reads."""
    utc = f"regexp_replace({text}, ' ?([Zz]|UTC)$', '+00')"
    return f"(left({text}, 10) || ' ' || replace(substr({utc}, 12), ' ', ''))"


def in_zone(local: str, zone: str | None) -> str:
    """A local time as UTC. The session runs in UTC, so that the last cast takes the zone off unchanged."""
    return local if zone is None else f"try_cast({local} at time zone {quote(zone)} as timestamp)"


def _epoch(text: str) -> str:
    number = f"try_cast({text} as decimal(26,9))"
    return (
        f"case when {number} < {rules.EPOCH_MS_FROM} then {_instant(number, 1_000_000)}"
        f" when {number} < {rules.EPOCH_US_FROM} then {_instant(number, 1_000)}"
        f" when {number} < {rules.EPOCH_TOO_LARGE_FROM} then {_instant(number, 1)} end"
    )


def to_utc_from_epoch(text: str, factor: int) -> str:
    """SQL of a timestamp from an epoch number whose unit is known. factor: microseconds in one unit."""
    number = f"try_cast({text} as decimal(26,9))"
    return f"(case when {_matches(text, rules.EPOCH_PATTERN)} then {_instant(number, factor)} end)"


def _instant(number: str, factor: int) -> str:
    """Further digits are cut off. Numbers beyond every calendar give null."""
    micros = f"try_cast(floor({number} * {factor}) as bigint)"
    return f"case when {micros} < {LAST_MICROSECOND} then make_timestamp({micros}) end"


def is_decimal(text: str) -> str:
    """SQL: is the text a decimal number, with or without an exponent?"""
    return f"({_matches(text, rules.DECIMAL_PATTERN)} or {_matches(text, rules.EXPONENT_PATTERN)})"
