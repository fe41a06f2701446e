"""The contract: which inputs there are, and what their fields must be.

`<input>.yml` beside this module follow the Open Data Contract Standard and are the only place where fields,
types, bounds, enumerations, spellings and PII classes are written. Everything else is derived from them:
`python -m ingestion.contract --write` makes the dbt source and the data dictionary.

    >>> from ingestion import contract
    >>> contract.load("streams").natural_key
    ('user_id', 'track_id', 'listened_at')
    >>> contract.recognise(["user_id", "track_id", "listen_time"]).name
    'streams'

How text becomes a typed value, and all reasons for refusing a row: `rules.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.contract.load import load, names, parse
from ingestion.contract.model import PORTABLE_TYPES, Contract, ContractError, Field, RequiredWhen, normalise_name
from ingestion.contract.recognise import AmbiguousHeaderError, UnknownHeaderError, best_match
from ingestion.contract.rules import REASONS

__all__ = [
    "PORTABLE_TYPES",
    "REASONS",
    "AmbiguousHeaderError",
    "Contract",
    "ContractError",
    "Field",
    "RequiredWhen",
    "UnknownHeaderError",
    "load",
    "names",
    "normalise_name",
    "parse",
    "recognise",
]


def recognise(header: Sequence[str]) -> Contract:
    """The contract of the input that a header belongs to.

    Every required field must be there under its name or an alias; the most known columns win, then the
    fewest unknown ones. UnknownHeaderError and AmbiguousHeaderError (both ContractError) say what to do.
    """
    return best_match([load(name) for name in names()], header)
