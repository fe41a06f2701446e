"""The shape of a mapping file, checked key by key and against the contract of its input."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from ingestion import contract
from ingestion.mapping.time_pattern import to_strptime


def _as_text(value: object) -> object:
    """YAML reads `1`, `true` and `2026-01-01` as other things than text; a constant is always text."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None or isinstance(value, (str, list, dict)) else str(value)


Text = Annotated[str, BeforeValidator(_as_text)]


def _as_list(value: object) -> object:
    """One text where a list of texts may stand."""
    return [value] if isinstance(value, (str, int, float)) else value


Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_list)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeRule(_Strict):
    """How a time or date of theirs is written. Without a rule the field's own accepted forms apply.

    `format` is a pattern such as `dd/MM/yyyy HH:mm`; `unit` is for epoch numbers; `zone` is the IANA name
    of the zone of times that carry none (default UTC). `is_end_of` names a field of milliseconds: their time is
    the end of what it measures, and ours the start.
    """

    format: str | None = None
    unit: Literal["seconds", "milliseconds", "microseconds"] | None = None
    zone: str = "UTC"
    is_end_of: str | None = None

    @field_validator("format")
    @classmethod
    def _known_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            to_strptime(value)
        return value

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"there is no time zone {value!r}{near(value, available_timezones())}")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> TimeRule:
        if self.format and self.unit:
            raise ValueError("a time has a format or a unit (of an epoch number), not both")
        return self

    @property
    def strptime(self) -> str | None:
        """The format in strptime directives, None without a format."""
        return to_strptime(self.format) if self.format else None


class UnitRule(_Strict):
    """Their number x multiply / divide, rounded half away from zero to the field's digits, is ours."""

    multiply: int = Field(default=1, ge=1)
    divide: int = Field(default=1, ge=1)


class Case(_Strict):
    """Columns that mean something only in rows whose column `when` has one of some words (`*` at the end: any rest)."""

    when: dict[str, Texts]  # theirs -> words, any case
    columns: dict[str, Texts]  # theirs -> ours

    @field_validator("when")
    @classmethod
    def _one_column(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        if len(value) != 1 or not all(value.values()):
            raise ValueError("name one column and the words of its rows, as in {event: [ad start, ad end]}")
        return {theirs: tuple(word.strip().lower() for word in words) for theirs, words in value.items()}


class Mapping(_Strict):
    """One mapping file. All keys on our side are canonical field names of `input`.

    Their column is a name, or of JSON a pointer into the object (`/properties/position`, `/contexts/0/id`;
    RFC 6901). A column that `columns` does not name is still taken when its own name is a field or an alias,
    unless it is in `ignore`; then, like every unknown column, it is kept in `extra`. When several columns are
    mapped to one field, the first that the file has is taken, of JSON the first that the object has. A constant
    fills the field in every row; together with a column, where the column has nothing.
    """

    name: str  # the file's name without .yml; part of the batch's identity
    input: str
    description: str = ""
    columns: dict[str, Texts] = Field(default_factory=dict)  # theirs -> ours, one field or several
    cases: tuple[Case, ...] = ()  # the first that holds for a row counts, before `columns`
    constants: dict[str, Text] = Field(default_factory=dict)  # ours -> text
    time: dict[str, TimeRule] = Field(default_factory=dict)  # ours -> rule
    units: dict[str, UnitRule] = Field(default_factory=dict)  # ours, or theirs -> rule
    values: dict[str, dict[Text, Text]] = Field(default_factory=dict)  # ours -> {their word, any case -> our text}
    ignore: tuple[str, ...] = ()  # theirs

    @field_validator("input")
    @classmethod
    def _known_input(cls, value: str) -> str:
        if value not in contract.names():
            raise ValueError(f"there is no input {value!r}; inputs are {', '.join(contract.names())}")
        return value

    @field_validator("values")
    @classmethod
    def _lower_words(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        return {field: {word.strip().lower(): ours for word, ours in words.items()} for field, words in value.items()}

    @model_validator(mode="after")
    def _fits_contract(self) -> Mapping:
        target = contract.load(self.input)
        for key, fields in self._named_fields().items():
            for name in fields:
                if name not in target.columns:
                    raise ValueError(f"{key}: {self.input} has no field {name!r}{near(name, target.columns)}")
        _refuse_types(target, "time", self.time, ("date", "timestamp"))
        _refuse_pointers(self.theirs)
        self._check_measures(target)
        clash = sorted(set(self.theirs) & set(self.ignore))
        if clash:
            raise ValueError(f"ignore: {', '.join(clash)} is also mapped in columns; keep one of the two")
        return self

    def _check_measures(self, target: contract.Contract) -> None:
        for name, rule in self.units.items():
            _refuse_types(target, "units", self._measured(name), ("bigint", "decimal"))
            if rule.multiply == rule.divide:
                raise ValueError(f"units: {name} is neither multiplied nor divided; say which, or leave the line out")
        for length in filter(None, (time.is_end_of for time in self.time.values())):
            if target.field(length).unit != "milliseconds":
                raise ValueError(f"time: is_end_of takes a field of milliseconds, and {length} is none")

    def _named_fields(self) -> dict[str, Iterable[str]]:
        return {
            "columns": [ours for targets in self.columns.values() for ours in targets],
            "cases": [ours for case in self.cases for targets in case.columns.values() for ours in targets],
            "constants": self.constants,
            "time": [*self.time, *filter(None, (rule.is_end_of for rule in self.time.values()))],
            "units": [name for name in self.units if name not in self.theirs],
            "values": self.values,
        }

    def _measured(self, name: str) -> tuple[str, ...]:
        """The fields to which a rule of `units` belongs: itself, or those of their column."""
        if name not in self.theirs:
            return (name,)
        return tuple(ours for one in self._all_columns() for ours in one.get(name, ()))

    def _all_columns(self) -> list[dict[str, tuple[str, ...]]]:
        return [self.columns, *(case.columns for case in self.cases)]

    @property
    def theirs(self) -> tuple[str, ...]:
        """Every column of theirs that the mapping takes from, in its own spelling."""
        names = [theirs for one in self._all_columns() for theirs in one]
        return tuple(dict.fromkeys([*names, *(theirs for case in self.cases for theirs in case.when)]))

    def unit_of(self, ours: str, theirs: str) -> UnitRule | None:
        """The rule for the numbers of a column, None where they are in the field's own unit."""
        known = {contract.normalise_name(name): rule for name, rule in self.units.items()}
        return known.get(contract.normalise_name(theirs)) or known.get(ours)

    def candidates(self, header: Sequence[str], case: Case | None = None) -> dict[str, list[str]]:
        """Our field -> the columns of `header` that may hold it, in order of preference (no constants).

        case: in rows for which it holds; None in all others.
        """
        general = {theirs: ours for theirs, ours in self.columns.items() if case is None or theirs not in case.columns}
        chosen = general if case is None else {**case.columns, **general}
        named = {contract.normalise_name(theirs): targets for theirs, targets in chosen.items()}
        present = {contract.normalise_name(c): c for c in reversed(header)}
        found: dict[str, list[str]] = {}
        for theirs, targets in named.items():
            for ours in targets if theirs in present else ():
                found.setdefault(ours, []).append(present[theirs])
        taken = {contract.normalise_name(name) for name in (*self._all_named(), *self.ignore)}
        rest = [c for c in header if contract.normalise_name(c) not in taken]
        for ours, columns in contract.load(self.input).candidates(rest).items():
            if ours in found or ours not in self.constants:
                found.setdefault(ours, []).extend(columns)
        return found

    def _all_named(self) -> Iterable[str]:
        return (theirs for one in self._all_columns() for theirs in one)

    def resolve(self, header: Sequence[str]) -> dict[str, str]:
        """Our field -> the column of `header` that holds it in rows without a case (constants are not among them)."""
        return {ours: columns[0] for ours, columns in self.candidates(header).items()}

    def missing(self, header: Sequence[str]) -> tuple[str, ...]:
        """The required fields that neither a column of `header` nor a constant gives."""
        found = {ours for case in (None, *self.cases) for ours in self.candidates(header, case)}
        required = contract.load(self.input).required
        return tuple(name for name in required if name not in found and name not in self.constants)


def _refuse_types(target: contract.Contract, key: str, fields: Iterable[str], types: tuple[str, ...]) -> None:
    for name in fields:
        kind = target.field(name).type
        if kind not in types:
            raise ValueError(f"{key}: {name} is a {kind}; {key} is for {' and '.join(types)} fields")


def _refuse_pointers(names: Iterable[str]) -> None:
    for name in names:
        if name.startswith("/") and re.search("~(?![01])", name):
            raise ValueError(f"columns: {name!r} is no JSON pointer; in it, ~0 stands for ~ and ~1 for / within a name")


def near(name: str, known: Iterable[str]) -> str:
    """A hint at the names that resemble one, empty when none does."""
    found = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(found)}?" if found else ""
