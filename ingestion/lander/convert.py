"""SQL that turns the text of a field into its value: ingestion/contract/rules.py, in DuckDB.

Each function takes SQL of a text that is null or not blank, and gives SQL of the typed value,
null where the text is none. The common spelling of a value is recognised by casting it and
writing it back, which is several times cheaper than a regular expression; only what does not
come back unchanged is looked at closely.
"""

from __future__ import annotations

from collections.abc import Mapping

from ingestion.contract import Field, rules

LAST_MICROSECOND = 253_402_300_800_000_000  # the year 10000
BLANKS = " \t\n\r\v\f"
#: A literal and not chr(…) || …, because these stand hundreds of times in a check and binding them costs.
BLANKS_SQL = f"'{BLANKS}'"


def quote(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """A name as a SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def trimmed(text: str) -> str:
    """White space cut from both ends. Looking at the ends first costs a tenth of cutting every text."""
    cut = f"trim({text}, {BLANKS_SQL})"
    ends = " or ".join(f"ends_with({text}, {quote(blank)})" for blank in BLANKS)
    return f"(case when {text} < '!' then {cut} when {ends} then {cut} else {text} end)"


def present(text: str) -> str:
    """Null where the text is blank. Only one that begins with a low character can be, so the others are not cut.

    Nested, because DuckDB computes both sides of an `and`, but only the branches of a `case` that it needs.
    """
    return f"(case when {text} < '!' then case when {trimmed(text)} = '' then null else {text} end else {text} end)"


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
    result = trimmed(text) if "trim" in field.normalise else text
    result = f"lower({result})" if "lower" in field.normalise else result
    return f"(case when contains({text}, chr(0)) then null else {result} end)"


def _enumeration(field: Field, text: str) -> str:
    known = " ".join(f"when {quote(v)} then {quote(v)}" for v in field.enum)
    return f"(case {text} {known} else {words(trimmed(text), field.value_aliases)} end)"


def words(text: str, meanings: Mapping[str, str], otherwise: str = "null") -> str:
    """SQL that translates lower-case words. Not `in (…)`: DuckDB joins for it, for every row and in every branch."""
    cases = " ".join(f"when {quote(word)} then {quote(meaning)}" for word, meaning in meanings.items())
    return f"case lower({text}) {cases} else {otherwise} end"


def _matches(text: str, pattern: str) -> str:
    return f"regexp_matches({text}, {quote(pattern)})"


def _bigint(text: str) -> str:
    plain, cut = f"try_cast({text} as bigint)", trimmed(text)
    double = f"try_cast({cut} as double)"
    exact = f"{double} = trunc({double}) and abs({double}) <= {rules.EXACT_DOUBLE}"
    return (
        f"(case when {plain}::varchar = {text} then {plain}"
        f" when {_matches(cut, rules.INTEGER_PATTERN)} then try_cast(split_part({cut}, '.', 1) as bigint)"
        f" when {_matches(cut, rules.EXPONENT_PATTERN)} and {exact} then try_cast({double} as bigint) end)"
    )


def _decimal(text: str, precision: int, scale: int) -> str:
    """DuckDB's cast takes what the rules take, and underscores; an exponent goes through a double."""
    kind, cut = f"decimal({precision},{scale})", trimmed(text)
    odd = f"contains({text}, 'e') or contains({text}, 'E') or contains({text}, '_')"
    double = f"try_cast(try_cast({cut} as double) as {kind})"
    exponent = f"case when {_matches(cut, rules.EXPONENT_PATTERN)} then {double} end"
    return f"(case when {odd} then {exponent} else try_cast({text} as {kind}) end)"


def _boolean(text: str) -> str:
    meanings = dict.fromkeys(rules.TRUE_WORDS, "true") | dict.fromkeys(rules.FALSE_WORDS, "false")
    slow = f"try_cast({words(trimmed(text), meanings)} as boolean)"
    return f"(case {text} when 'True' then true when 'False' then false else {slow} end)"


def _date(field: Field, text: str) -> str:
    cases, cut = [], trimmed(text)
    if "date" in field.formats:
        cases.append(f"when {_matches(cut, rules.DATE_PATTERN)} then try_cast({cut} as date)")
        cases.append(f"when {_matches(cut, rules.MIDNIGHT_PATTERN)} then try_cast(left({cut}, 10) as date)")
    if "day_first_date" in field.formats:
        cases.append(_day_first(cut, "date"))
    plain = f"try_cast({text} as date)"
    slow = f"case {' '.join(cases)} end"
    if "date" not in field.formats:
        return f"({slow})"
    return f"(case when length({text}) = 10 and {plain}::varchar = {text} then {plain} else {slow} end)"


def _day_first(text: str, kind: str) -> str:
    return f"when {_matches(text, rules.DAY_FIRST_PATTERN)} then try_cast(try_strptime({text}, '%d-%m-%Y') as {kind})"


def _timestamp(field: Field, text: str, zone: str | None) -> str:
    cases, cut, common = [], trimmed(text), ""
    if "iso" in field.formats:
        # What comes back from the cast in the same words: whole seconds, and with T and Z fractions too.
        plain = f"try_cast({text} as timestamp)"
        words = f"(left({text}, 10) || ' ' || substr({text}, 12, length({text}) - 12))"
        zulu = f"try_cast({words} as timestamp)"
        common = (
            f"when length({text}) = 19 and {plain}::varchar = {text} then {in_zone(plain, zone)}"
            f" when ends_with({text}, 'Z') and substr({text}, 11, 1) = 'T' and {zulu}::varchar = {words} then {zulu}"
        )
        cases.append(f"when {_matches(cut, rules.ISO_PATTERN)} then {_iso(cut, zone)}")
    if "epoch" in field.formats:
        whole = f"try_cast({text} as bigint)"
        common += f" when {whole} >= 0 and {whole}::varchar = {text} then {_epoch(whole, quote(''))}"
        cases.append(f"when {_matches(cut, rules.EPOCH_PATTERN)} then {_epoch(*_parts(cut))}")
    if "date" in field.formats:
        midnight = f"try_cast(try_cast({cut} as date) as timestamp)"
        cases.append(f"when {_matches(cut, rules.DATE_PATTERN)} then {in_zone(midnight, zone)}")
    if "day_first_date" in field.formats:
        cases.append(_day_first(cut, "timestamp"))
    slow = f"case {' '.join(cases)} end"
    return f"(case {common} else {slow} end)" if common else f"({slow})"


def _iso(text: str, zone: str | None) -> str:
    """A text of the ISO form: with an offset by way of a time with zone, else as it stands."""
    offset = quote(r" ?([Zz]|UTC|[+-][0-9:]+)$")
    naive = f"try_cast(left({text}, 10) || ' ' || substr({text}, 12) as timestamp)"
    exact = f"try_cast(try_cast({_zulu(text)} as timestamptz) as timestamp)"
    return f"case when regexp_matches(substr({text}, 12), {offset}) then {exact} else {in_zone(naive, zone)} end"


def _zulu(text: str) -> str:
    """The one form with an offset that the cast reads: with seconds, the offset right behind, `+00` for Z and UTC."""
    utc = f"regexp_replace(substr({text}, 17), ' ?([Zz]|UTC)$', '+00')"
    seconds = f"case when starts_with({utc}, ':') then '' else ':00' end"
    return f"(left({text}, 10) || ' ' || substr({text}, 12, 5) || {seconds} || replace({utc}, ' ', ''))"


def in_zone(local: str, zone: str | None) -> str:
    """A local time as UTC. The session runs in UTC, so that the last cast takes the zone off unchanged."""
    return local if zone is None else f"try_cast({local} at time zone {quote(zone)} as timestamp)"


def _epoch(whole: str, fraction: str) -> str:
    """SQL of a timestamp from an epoch number, its unit told by its size."""
    return (
        f"case when {whole} < {rules.EPOCH_MS_FROM} then {_instant(whole, fraction, 6)}"
        f" when {whole} < {rules.EPOCH_US_FROM} then {_instant(whole, fraction, 3)}"
        f" when {whole} < {rules.EPOCH_TOO_LARGE_FROM} then {_instant(whole, fraction, 0)} end"
    )


def to_utc_from_epoch(text: str, digits: int) -> str:
    """SQL of a timestamp from an epoch number whose unit is known: that of which 10^digits microseconds are one."""
    return f"(case when {_matches(text, rules.EPOCH_PATTERN)} then {_instant(*_parts(text), digits)} end)"


def _parts(text: str) -> tuple[str, str]:
    """A decimal number as its whole part, a bigint, and the digits behind the point."""
    return f"try_cast(split_part({text}, '.', 1) as bigint)", f"split_part({text}, '.', 2)"


def _instant(whole: str, fraction: str, digits: int) -> str:
    """Further digits are cut off; numbers beyond every calendar give null. A decimal would cost fifty times as much."""
    cut = f" + rpad(left({fraction}, {digits}), {digits}, '0')::bigint" if digits and fraction != "''" else ""
    micros = f"{whole} * {10**digits}{cut}"
    return f"case when {whole} < {LAST_MICROSECOND // 10**digits} then make_timestamp({micros}) end"


def is_decimal(text: str) -> str:
    """SQL: is the text a decimal number, with or without an exponent?"""
    return f"({_matches(text, rules.DECIMAL_PATTERN)} or {_matches(text, rules.EXPONENT_PATTERN)})"
