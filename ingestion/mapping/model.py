"""The shape of a mapping file, checked key by key and against the contract of its input."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
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


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TimeRule(_Strict):
    """How a time or date of theirs is written. Without a rule the field's own accepted forms apply.

    `format` is a pattern such as `dd/MM/yyyy HH:mm`; `unit` is for epoch numbers; `zone` is the IANA name
    of the zone of times that carry none (default UTC).
    """

    format: str | None = None
    unit: Literal["seconds", "milliseconds", "microseconds"] | None = None
    zone: str = "UTC"

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
            raise ValueError(f"there is no time zone {value!r}{_near(value, available_timezones())}")
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


class Mapping(_Strict):
    """One mapping file. All keys on our side are canonical field names of `input`.

    A column that `columns` does not name is still taken when its own name is a field or an alias, unless it
    is in `ignore`; then, like every unknown column, it is kept in `extra`. When several columns are mapped
    to one field, the first that the file has is taken. A constant fills the field in every row.
    """

    name: str  # the file's name without .yml; part of the batch's identity
    input: str
    description: str = ""
    columns: dict[str, str] = Field(default_factory=dict)  # theirs -> ours
    constants: dict[str, Text] = Field(default_factory=dict)  # ours -> text
    time: dict[str, TimeRule] = Field(default_factory=dict)  # ours -> rule
    units: dict[str, UnitRule] = Field(default_factory=dict)  # ours -> rule
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
                    raise ValueError(f"{key}: {self.input} has no field {name!r}{_near(name, target.columns)}")
        _refuse_types(target, "time", self.time, ("date", "timestamp"))
        _refuse_types(target, "units", self.units, ("bigint", "decimal"))
        both = sorted(set(self.columns.values()) & set(self.constants))
        if both:
            raise ValueError(f"constants: {', '.join(both)} is also mapped from a column; keep one of the two")
        clash = sorted(set(self.columns) & set(self.ignore))
        if clash:
            raise ValueError(f"ignore: {', '.join(clash)} is also mapped in columns; keep one of the two")
        return self

    def _named_fields(self) -> dict[str, Iterable[str]]:
        return {
            "columns": self.columns.values(),
            "constants": self.constants,
            "time": self.time,
            "units": self.units,
            "values": self.values,
        }

    def resolve(self, header: Iterable[str]) -> dict[str, str]:
        """Our field -> the column of `header` that holds it (constants are not among them)."""
        columns = list(header)
        named = {contract.normalise_name(theirs): ours for theirs, ours in self.columns.items()}
        present = {contract.normalise_name(c): c for c in reversed(columns)}
        found: dict[str, str] = {}
        for theirs, ours in named.items():
            if theirs in present:
                found.setdefault(ours, present[theirs])
        taken = set(named) | {contract.normalise_name(i) for i in self.ignore}
        rest = [c for c in columns if contract.normalise_name(c) not in taken]
        for ours, column in contract.load(self.input).resolve(rest).items():
            if ours not in self.constants:
                found.setdefault(ours, column)
        return found

    def missing(self, header: Iterable[str]) -> tuple[str, ...]:
        """The required fields that neither a column of `header` nor a constant gives."""
        found = self.resolve(header)
        required = contract.load(self.input).required
        return tuple(name for name in required if name not in found and name not in self.constants)


def _refuse_types(target: contract.Contract, key: str, fields: Iterable[str], types: tuple[str, ...]) -> None:
    for name in fields:
        kind = target.field(name).type
        if kind not in types:
            raise ValueError(f"{key}: {name} is a {kind}; {key} is for {' and '.join(types)} fields")


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""
