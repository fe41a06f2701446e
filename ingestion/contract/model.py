"""The contract as plain values: what the lander, Spark, dbt and the documentation read."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

PORTABLE_TYPES = ("string", "bigint", "decimal", "boolean", "date", "timestamp")


class ContractError(ValueError):
    """A contract file, a header or a look-up is wrong; the message says where and what to do."""


def normalise_name(name: str) -> str:
    """How column names are compared: without a byte order mark, trimmed, lower case."""
    return name.lstrip("\ufeff").strip().lower()


@dataclass(frozen=True)
class RequiredWhen:
    """The field may not be null in rows whose `field` (canonical value) is one of `values`."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Field:
    """One field of an input. Bounds are text, inclusive, in the field's own unit."""

    name: str
    type: str  # one of PORTABLE_TYPES
    description: str
    required: bool = False
    required_when: RequiredWhen | None = None
    enum: tuple[str, ...] = ()  # canonical spellings
    # lower-case spelling -> canonical, the canonical ones included
    value_aliases: Mapping[str, str] = dataclasses.field(default_factory=lambda: MappingProxyType({}), hash=False)
    minimum: str | None = None
    maximum: str | None = None
    precision: int | None = None  # decimals only
    scale: int | None = None  # decimals only
    aliases: tuple[str, ...] = ()  # other column names, lower case, in order of preference
    pii: str | None = None  # None, 'identifier' or 'direct'
    unit: str | None = None
    normalise: tuple[str, ...] = ()  # of 'trim', 'lower'; strings only
    formats: tuple[str, ...] = ()  # accepted forms of a date or timestamp, see rules.FORMS
    examples: tuple[str, ...] = ()

    @property
    def sql_type(self) -> str:
        """The portable type with its parameters, for example `decimal(18,4)`."""
        return f"decimal({self.precision},{self.scale})" if self.type == "decimal" else self.type

    @property
    def spellings(self) -> tuple[str, ...]:
        """The names under which the field may arrive, the canonical one first."""
        return (self.name, *self.aliases)

    @property
    def minimum_value(self) -> Decimal | None:
        """The lower bound as a number, None when there is none."""
        return None if self.minimum is None else Decimal(self.minimum)

    @property
    def maximum_value(self) -> Decimal | None:
        """The upper bound as a number, None when there is none."""
        return None if self.maximum is None else Decimal(self.maximum)


@dataclass(frozen=True)
class Contract:
    """One input: its fields in the order of the columns in raw, and what identifies a row."""

    name: str
    description: str
    fields: tuple[Field, ...]
    natural_key: tuple[str, ...]
    event_time: str | None = None  # the field that too_old and in_future look at
    given_key: str | None = None  # a field that, when not null, identifies the row alone
    warn_after_days: int | None = None  # freshness: warn when nothing arrived for so long

    def __post_init__(self) -> None:
        """Indexes by name and by spelling, so that look-ups cost nothing."""
        spelled = {spelling: f for f in self.fields for spelling in f.spellings}
        object.__setattr__(self, "_by_name", {f.name: f for f in self.fields})
        object.__setattr__(self, "_by_spelling", spelled)

    @property
    def columns(self) -> tuple[str, ...]:
        """The canonical field names in order."""
        return tuple(f.name for f in self.fields)

    @property
    def required(self) -> tuple[str, ...]:
        """The fields without which a file can't be read (conditional ones are not among them)."""
        return tuple(f.name for f in self.fields if f.required)

    def field(self, name: str) -> Field:
        """The field of that canonical name; ContractError when there is none."""
        try:
            return self._index("_by_name")[name]
        except KeyError:
            raise ContractError(f"input {self.name} has no field {name!r}; it has {', '.join(self.columns)}") from None

    def field_for(self, column: str) -> Field | None:
        """The field that a column name (or an alias, in any case) belongs to, None when unknown."""
        return self._index("_by_spelling").get(normalise_name(column))

    def candidates(self, header: Sequence[str]) -> dict[str, list[str]]:
        """Canonical field name -> the columns of `header` that spell it, the preferred one first.

        The canonical name wins, then the aliases in their order; of equal names the first column.
        """
        first: dict[str, str] = {}
        for column in header:
            first.setdefault(normalise_name(column), column)
        found = {f.name: [first[s] for s in f.spellings if s in first] for f in self.fields}
        return {name: columns for name, columns in found.items() if columns}

    def resolve(self, header: Sequence[str]) -> dict[str, str]:
        """Canonical field name -> the column of `header` that holds it; its other spellings are unknown (`extra`)."""
        return {name: columns[0] for name, columns in self.candidates(header).items()}

    def unknown(self, header: Sequence[str]) -> tuple[str, ...]:
        """The columns of `header` that no field takes, in their order."""
        taken = set(self.resolve(header).values())
        return tuple(c for c in header if c not in taken)

    def missing(self, header: Sequence[str]) -> tuple[str, ...]:
        """The required fields that `header` lacks, in order."""
        found = self.resolve(header)
        return tuple(name for name in self.required if name not in found)

    def _index(self, name: str) -> Mapping[str, Field]:
        index: Mapping[str, Field] = object.__getattribute__(self, name)
        return index
