"""Which input a header belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ingestion.contract.model import Contract, ContractError

MIN_KNOWN = 2  # one known column (say, user_id) is too little to guess from


class UnknownHeaderError(ContractError):
    """No input fits the header."""


class AmbiguousHeaderError(ContractError):
    """Several inputs fit the header equally well."""


def best_match(contracts: Iterable[Contract], header: Sequence[str]) -> Contract:
    """The contract that fits `header` best: all required fields there, most known columns, fewest unknown.

    Raises UnknownHeaderError, naming what the closest input misses, or AmbiguousHeaderError.
    """
    candidates = list(contracts)
    fitting = [c for c in candidates if not c.missing(header) and _enough(c, header)]
    if not fitting:
        raise UnknownHeaderError(_nothing_fits(candidates, header))
    ranked = sorted(fitting, key=lambda c: _rank(c, header), reverse=True)
    ties = [c.name for c in ranked if _rank(c, header) == _rank(ranked[0], header)]
    if len(ties) > 1:
        raise AmbiguousHeaderError(
            f"the columns {_shown(header)} fit {' and '.join(sorted(ties))} equally; say which with --input"
        )
    return ranked[0]


def _rank(contract: Contract, header: Sequence[str]) -> tuple[int, int]:
    return len(contract.resolve(header)), -len(contract.unknown(header))


def _enough(contract: Contract, header: Sequence[str]) -> bool:
    """At least two known columns, and half of the header: else a foreign file with a user_id would fit."""
    known = len(contract.resolve(header))
    return known >= MIN_KNOWN and 2 * known >= len(header)


def _nothing_fits(contracts: Sequence[Contract], header: Sequence[str]) -> str:
    if not header:
        return "the file has no columns"
    closest = max(contracts, key=lambda c: _nearness(c, header))
    known, missing = closest.resolve(header), closest.missing(header)
    advice = "say the input with --input, or describe the file with a mapping (--mapping)"
    if not known:
        return f"the columns {_shown(header)} belong to no input; {advice}"
    if missing:
        lacks = ", ".join(_spelled(closest, name) for name in missing)
        return f"the columns {_shown(header)} fit no input; closest is {closest.name}, which lacks {lacks}; {advice}"
    return f"of the columns {_shown(header)} only {len(known)} belong to {closest.name}, too few to be sure; {advice}"


def _nearness(contract: Contract, header: Sequence[str]) -> tuple[int, int, int]:
    """Most known columns, fewest required ones missing, and of those alike the smaller input."""
    return len(contract.resolve(header)), -len(contract.missing(header)), -len(contract.fields)


def _spelled(contract: Contract, name: str) -> str:
    aliases = contract.field(name).aliases
    return f"{name} (or {', '.join(aliases)})" if aliases else name


def _shown(header: Sequence[str], limit: int = 12) -> str:
    more = f" and {len(header) - limit} more" if len(header) > limit else ""
    return ", ".join(header[:limit]) + more
