"""Reading the contract files: Open Data Contract Standard in, `Contract` out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml
from open_data_contract_standard.model import CustomProperty, OpenDataContractStandard, SchemaObject, SchemaProperty
from pydantic import ValidationError

from ingestion.contract.model import PORTABLE_TYPES, Contract, ContractError, Field, RequiredWhen
from ingestion.contract.rules import DEFAULT_FORMS, FORMS

FOLDER = Path(__file__).parent
PII_CLASSES = ("identifier", "direct")
NORMALISATIONS = ("trim", "lower")
# The standard has no slot for these.
FIELD_PROPERTIES = {"unit", "normalise", "acceptedForms", "valueAliases", "requiredWhen"}
OBJECT_PROPERTIES = {"eventTime", "givenKey"}
# libyaml's safe loader where it is there: the nine contracts cost 0.13 s less at every start.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse(path: Path) -> Contract:
    """Read and check one contract file; ContractError names the file and the field that is wrong."""
    try:
        document = OpenDataContractStandard(**yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER))
    except (yaml.YAMLError, ValidationError, TypeError) as error:
        raise ContractError(f"{path.name}: not a data contract: {error}") from error
    if not document.schema_ or len(document.schema_) != 1:
        raise ContractError(f"{path.name}: exactly one object under `schema` is expected")
    try:
        return _contract(document, document.schema_[0])
    except ContractError as error:
        raise ContractError(f"{path.name}: {error}") from error


def _contract(document: OpenDataContractStandard, table: SchemaObject) -> Contract:
    extra = _custom(table.customProperties, OBJECT_PROPERTIES, "the object")
    properties = table.properties or []
    keys = sorted((p.primaryKeyPosition or 0, p.name or "") for p in properties if p.primaryKey)
    contract = Contract(
        name=_need(table.name, "the object's name"),
        description=_need(table.description, "the object's description"),
        fields=tuple(_field(p) for p in properties),
        natural_key=tuple(name for _, name in keys),
        event_time=extra.get("eventTime"),
        given_key=extra.get("givenKey"),
        warn_after_days=_latency_days(document),
    )
    _check(contract)
    return contract


def _field(p: SchemaProperty) -> Field:
    name = _need(p.name, "a field's name")
    try:
        return _read_field(name, p)
    except ContractError as error:
        raise ContractError(f"field {name}: {error}") from error


def _read_field(name: str, p: SchemaProperty) -> Field:
    kind, precision, scale = _portable(_need(p.physicalType, "physicalType"))
    options = p.logicalTypeOptions or {}
    extra = _custom(p.customProperties, FIELD_PROPERTIES, "the field")
    enum = tuple(str(e.value) for e in p.enum or [])
    when = extra.get("requiredWhen")
    return Field(
        name=name,
        type=kind,
        description=" ".join(_need(p.description, "description").split()),
        required=bool(p.required),
        required_when=RequiredWhen(when["field"], tuple(when["values"])) if when else None,
        enum=enum,
        value_aliases=_value_aliases(enum, extra.get("valueAliases") or {}),
        minimum=_text(options.get("minimum")),
        maximum=_text(options.get("maximum")),
        precision=precision,
        scale=scale,
        aliases=tuple(_need(s.synonym, "a synonym").lower() for s in p.synonyms or []),
        pii=_one_of(p.classification, PII_CLASSES, "classification"),
        unit=extra.get("unit"),
        normalise=_all_of(extra.get("normalise") or [], NORMALISATIONS, "normalise"),
        formats=_all_of(extra.get("acceptedForms") or DEFAULT_FORMS.get(kind, ()), FORMS, "acceptedForms"),
        examples=tuple(str(e) for e in p.examples or []),
    )


def _portable(physical: str) -> tuple[str, int | None, int | None]:
    found = re.fullmatch(r"decimal\((\d+),\s*(\d+)\)", physical)
    if found:
        return "decimal", int(found[1]), int(found[2])
    if physical not in PORTABLE_TYPES or physical == "decimal":
        raise ContractError(f"type {physical!r} is none of {', '.join(PORTABLE_TYPES)} (decimals as decimal(p,s))")
    return physical, None, None


def _value_aliases(enum: tuple[str, ...], spellings: Mapping[str, list[str]]) -> Mapping[str, str]:
    aliases = {value.lower(): value for value in enum}
    for value, others in spellings.items():
        if value not in enum:
            raise ContractError(f"valueAliases names {value!r}, which is not in the enumeration")
        for other in others:
            if aliases.setdefault(other.lower(), value) != value:
                raise ContractError(f"the spelling {other!r} belongs to {aliases[other.lower()]!r} and {value!r}")
    return MappingProxyType(aliases)


def _custom(properties: list[CustomProperty] | None, known: set[str], owner: str) -> dict[str, Any]:
    found = {p.property or "": p.value for p in properties or []}
    unknown = set(found) - known
    if unknown:
        raise ContractError(f"{owner} has the unknown customProperties {', '.join(sorted(unknown))}")
    return found


def _latency_days(document: OpenDataContractStandard) -> int | None:
    for sla in document.slaProperties or []:
        if sla.property == "latency":
            if sla.unit != "d" or not isinstance(sla.value, int):
                raise ContractError("slaProperties: latency is a whole number with the unit d")
            return sla.value
    return None


def _check(contract: Contract) -> None:
    """What the standard's own models can't see: names that clash, keys and references that do not exist."""
    seen: dict[str, str] = {}
    for f in contract.fields:
        for spelling in f.spellings:
            if spelling in seen:
                raise ContractError(f"the name {spelling!r} belongs to {seen[spelling]} and to {f.name}")
            seen[spelling] = f.name
        if f.required_when:
            _check_condition(contract, f.required_when)
    if not contract.natural_key:
        raise ContractError("no field has primaryKey: true")
    for reference in (contract.event_time, contract.given_key):
        if reference is not None:
            contract.field(reference)


def _check_condition(contract: Contract, when: RequiredWhen) -> None:
    unknown = set(when.values) - set(contract.field(when.field).enum)
    if unknown:
        raise ContractError(f"requiredWhen names values that {when.field} does not have: {', '.join(sorted(unknown))}")


def _need(value: str | None, what: str) -> str:
    if not value or not value.strip():
        raise ContractError(f"{what} is missing")
    return value.strip()


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _one_of(value: str | None, allowed: tuple[str, ...], what: str) -> str | None:
    if value is not None and value not in allowed:
        raise ContractError(f"{what} {value!r} is none of {', '.join(allowed)}")
    return value


def _all_of(values: Any, allowed: Any, what: str) -> tuple[str, ...]:
    for value in values:
        _one_of(value, tuple(allowed), what)
    return tuple(values)


@cache
def names() -> tuple[str, ...]:
    """The inputs that have a contract, in alphabetical order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yml")))


@cache
def load(name: str) -> Contract:
    """The contract of an input (cached); ContractError names the inputs that exist."""
    if name not in names():
        raise ContractError(f"there is no input {name!r}; inputs are {', '.join(names())}")
    contract = parse(FOLDER / f"{name}.yml")
    if contract.name != name:
        raise ContractError(f"{name}.yml: the object is called {contract.name!r}, not {name!r}")
    return contract
