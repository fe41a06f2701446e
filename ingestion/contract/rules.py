"""How text becomes a typed value, and every reason why a row can be refused: the one place for both.

Written so that DuckDB SQL, Spark SQL and plain Python can each implement them; `reference.py` is the
plain one, and tests/contract/cases.yml is the table that every implementation has to pass.
"""

from __future__ import annotations

from types import MappingProxyType

TOO_OLD_BEFORE = "2000-01-01"  # no earlier system holds older data; what is older is a broken clock or a wrong unit
FUTURE_SLACK_DAYS = 1  # any time zone's local time read as UTC is at most 14 hours ahead

INTEGER_PATTERN = r"^[+-]?[0-9]+(\.0*)?$"
EXPONENT_PATTERN = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]{1,3}$"
DECIMAL_PATTERN = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)$"
EPOCH_PATTERN = r"^[0-9]{1,17}(\.[0-9]{1,9})?$"
DATE_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
DAY_FIRST_PATTERN = r"^[0-9]{2}-[0-9]{2}-[0-9]{4}$"
MIDNIGHT_PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]00:00:00(\.0{1,9})?$"
ISO_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
    r"( ?([Zz]|UTC|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?))?$"
)

TRUE_WORDS = ("true", "t", "yes", "y", "1")
FALSE_WORDS = ("false", "f", "no", "n", "0")
BLANKS = " \t\n\r\v\f"  # what trimming takes away: ASCII white space only
EXACT_DOUBLE = 2**53  # integers in exponent form go through a double, exact up to here

# Epoch numbers: the unit follows from the size. 10**11 s is the year 5138, 10**11 ms is March 1973.
EPOCH_MS_FROM = 10**11
EPOCH_US_FROM = 10**14
EPOCH_TOO_LARGE_FROM = 10**17

FORMS = MappingProxyType(
    {
        "iso": "`yyyy-MM-dd HH:mm[:ss[.f]]` with a `T` or a space between, then nothing, `Z`, `UTC` or an offset "
        "`+hh[[:]mm]`",
        "epoch": "seconds, milliseconds or microseconds since 1970, told apart by size (10^11, 10^14)",
        "date": "`yyyy-MM-dd` (as a timestamp: its midnight; as a date also with a midnight time after it)",
        "day_first_date": "`dd-MM-yyyy`",
    }
)
DEFAULT_FORMS = MappingProxyType({"date": ("date",), "timestamp": ("iso", "epoch")})

REASONS = MappingProxyType(
    {
        "missing": "the field is required and null or blank (`missing:<field>`)",
        "bad_type": "the text is no value of the field's type, does not fit into it, holds a NUL character, "
        "or is a JSON object or array (`bad_type:<field>`)",
        "not_in_enum": "the value is none of the allowed ones nor a known spelling of one (`not_in_enum:<field>`)",
        "below_minimum": "the value is less than the minimum (`below_minimum:<field>`)",
        "above_maximum": "the value is more than the maximum (`above_maximum:<field>`)",
        "bad_timestamp": "the text is no date or time in an accepted form, or no real one (`bad_timestamp:<field>`)",
        "too_old": f"the event time is before {TOO_OLD_BEFORE} (`too_old:<field>`)",
        "in_future": f"the event time is more than {FUTURE_SLACK_DAYS} day after the arrival (`in_future:<field>`)",
        "malformed_row": "the CSV or TSV record has more or fewer fields than the header, or an open quote",
        "malformed_json": "the record is no single JSON value, or a key stands in the object twice",
        "not_an_object": "the record is JSON, but not an object",
        "not_utf8": "the record (or the file) is not UTF-8",
        "unreadable_file": "the file can't be read: truncated gzip or Parquet, or of no known format",
        "missing_column": "the file lacks a required column; the whole file (`missing_column:<field>`)",
        "empty_file": "the file holds no byte, or nothing but blank lines, and so no header",
    }
)

PARSING_RULES = """\
Every value arrives as text; columns of a typed file (Parquet) and JSON numbers and booleans are read as the
text that they would be written with.

- **Null.** White space (space, tab, line ends) is cut from both ends; what is then empty is null, like JSON
  null and an absent key. Words such as `null`, `NA` or `\\N` are text, not null.
- **string.** Kept as it is, unless the field is marked `trim` (cut) or `lower` (also lower case). A string
  that holds a NUL character is `bad_type`: several warehouses can't store it. A number or a boolean in JSON
  is its text; an object or an array in a field of any type is `bad_type`. There is no greatest length.
- **Enumerations.** Compared trimmed and without regard to case, with the allowed values and their known other
  spellings; stored in the canonical spelling.
- **bigint.** Digits with an optional sign, and an optional `.` with zeros only: `78`, `+5`, `78.0`, not `78.5`.
  A form with an exponent (`1e3`) is read as a double and accepted when it is whole and within 2^53. Must fit
  into 64 bits. No thousands separators, no underscores, no hexadecimal.
- **decimal(p,s).** Digits with an optional sign, point and exponent (`7.4e-06`; read as a double), rounded half
  away from zero to s digits; more than p - s digits before the point is `bad_type`, as are NaN and infinity.
- **boolean.** `true t yes y 1` and `false f no n 0`, in any case.
- **date.** The field's accepted forms; a real day of the calendar, two digits for month and day, four for the year.
- **timestamp.** The field's accepted forms, to the microsecond (further digits are cut off). Without a zone it is
  UTC, unless a mapping names a zone; with one it is converted to UTC. 24:00 and a 60th second are refused.
- **Bounds** are inclusive and checked on the converted value. **Event time**: `too_old` before 2000-01-01,
  `in_future` later than the arrival and one day. Other dates and times have no such limits.
- **Every reason** of a row is reported, as a sorted list. A value that can't be converted has that one reason and
  none about its size. A required field that is blank has `missing` only.
- **Column names** are compared trimmed and without regard to case. Of several spellings of a field the canonical
  name wins, then the aliases in their order; the others count as unknown. Unknown columns that are not null are
  kept in `extra`, a JSON object by their own names.
- **Records.** Lines that hold only white space are none. A JSON line is one object: two objects in a line, text
  after the object and a key that stands twice are `malformed_json`; the words NaN and Infinity are read and then
  are no number (`bad_type`). JSON keys are spelled in lower case.
"""
