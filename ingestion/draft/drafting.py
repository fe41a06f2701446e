"""From a sample to a drafted mapping: which column is which field, and what cannot be told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingestion import contract as contracts
from ingestion.contract import Contract, Field
from ingestion.contract.reference import is_value
from ingestion.draft import names, values
from ingestion.draft.sample import Sample, take
from ingestion.lander.table import UnreadableError
from ingestion.mapping import MappingError

SHIPPED_SHARE, SHIPPED_COLUMNS = 0.3, 3
FEW_WORDS = 60


class DraftError(MappingError):
    """No mapping can be drafted; the message says why."""


@dataclass
class Draft:
    """A mapping as far as it can be told. theirs -> ours in `columns`; remarks: theirs -> why, where that is a guess.

    whole: columns that the contract takes by their own names; words: field -> {their word: our value, None = unknown};
    missing: field -> why it is needed; fits: the shipped mapping that knows this shape.
    """

    target: Contract
    sample: Sample
    columns: dict[str, str] = field(default_factory=dict)
    whole: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)
    case: tuple[str, list[str], dict[str, str]] | None = None
    constants: dict[str, str] = field(default_factory=dict)
    formats: dict[str, list[str]] = field(default_factory=dict)
    units: dict[str, tuple[int, int]] = field(default_factory=dict)
    words: dict[str, dict[str, str | None]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    fits: str | None = None

    @property
    def taken(self) -> dict[str, str]:
        """theirs -> ours, of all columns that some field takes."""
        return {**self.whole, **self.columns}

    def sources(self, ours: str) -> list[str]:
        """The columns of a field."""
        return [theirs for theirs, name in self.taken.items() if name == ours]

    def kept(self) -> list[str]:
        """The columns that no field takes."""
        cased = self.case[2] if self.case else {}
        return [column for column in self.sample.columns if column not in self.taken and column not in cased]


def draft(path: Path, input_name: str | None = None) -> Draft:
    """A mapping for a file, for the input that is named or for the one that its columns fit best. Raises DraftError."""
    try:
        sample = take(path)
    except UnreadableError as error:
        raise DraftError(str(error)) from error
    targets = [contracts.load(name) for name in ([input_name] if input_name else contracts.names())]
    made = max((_for_input(target, sample) for target in targets), key=_worth)
    if not made.taken:
        where = f"of {input_name}; say another input" if input_name else "of any input; say the input"
        raise DraftError(f"{path}: no column looks like a field {where} with --input")
    return made


def _worth(made: Draft) -> float:
    """How well an input explains a file: certain names count most, what it lacks counts against it."""
    fields = {
        ours: max(names.likeness(made.target, ours, c) for c in made.sources(ours)) for ours in made.taken.values()
    }
    return sum(fields.values()) - 2 * len(made.missing) - len(made.kept()) / 4


def _for_input(target: Contract, sample: Sample) -> Draft:
    made = Draft(target, sample, fits=_shipped_for(target, sample))
    _by_name(made)
    _by_value(made)
    _with_words(made)
    _with_conditions(made)
    _with_measures(made)
    return made


def _shipped_for(target: Contract, sample: Sample) -> str | None:
    """The shipped mapping of the input whose columns the file has most of."""
    header = {contracts.normalise_name(column) for column in sample.columns}
    best, most = None, SHIPPED_COLUMNS - 1
    for mapping in names.shipped_mappings(target.name):
        present = sum(contracts.normalise_name(theirs) in header for theirs in mapping.theirs)
        if present >= SHIPPED_SHARE * len(mapping.theirs) and present > most and not mapping.missing(sample.columns):
            best, most = mapping.name, present
    return best


def _by_name(made: Draft) -> None:
    """Columns to fields, the most alike first; one column a field, or several that never contradict each other."""
    scores = sorted(_scores(made), key=lambda score: -score[0])
    for score, ours, theirs in scores:
        others = made.sources(ours)
        if theirs in made.taken or any(_differ(made.sample, theirs, other) for other in others):
            continue
        if score == names.EXACT:
            made.whole[theirs] = ours
        elif score > names.WITHIN or not others:
            made.columns[theirs] = ours
            if score == names.WITHIN:
                made.remarks[theirs] = "by a part of its name; check"


def _scores(made: Draft) -> Iterator[tuple[float, str, str]]:
    for theirs in made.sample.columns:
        texts = made.sample.texts(theirs)
        for one in made.target.fields:
            score = names.likeness(made.target, one.name, theirs)
            if score and (score == names.EXACT or values.suits(one, texts)):
                yield score, one.name, theirs


def _differ(sample: Sample, one: str, other: str) -> bool:
    return any(row[one] != row[other] for row in sample.rows if one in row and other in row)


def _by_value(made: Draft) -> None:
    """Required fields and enumerations that no name speaks of, by what stands in the columns."""
    for one in made.target.fields:
        if made.sources(one.name) or not (one.required or one.enum):
            continue
        for theirs in made.kept():
            if _is_by_value(one, made.sample.texts(theirs)):
                made.columns[theirs] = one.name
                made.remarks[theirs] = "by its values; check"
                break


def _is_by_value(one: Field, texts: Sequence[str]) -> bool:
    distinct = set(texts)
    if one.type in ("date", "timestamp"):
        is_instant = not all(text.isdigit() for text in distinct) or min(len(text) for text in distinct) >= 10
        return is_instant and values.suits(one, texts)
    if not one.enum or one.type != "string" or not 1 < len(distinct) <= FEW_WORDS:
        return False
    return sum(values.meaning(one, text) is not None for text in distinct) > len(distinct) / 2


def _with_words(made: Draft) -> None:
    """Words of enumerations that the contract does not know."""
    for one in made.target.fields:
        texts = {text for theirs in made.sources(one.name) for text in made.sample.texts(theirs)} if one.enum else set()
        if texts and texts <= values.ORDINALS.keys() and one.enum == values.QUARTILES:
            texts |= values.ORDINALS.keys()
        unknown = sorted(text for text in texts if not is_value(one, text))
        if unknown:
            made.words[one.name] = {text: values.meaning(one, text) for text in unknown}


def _with_conditions(made: Draft) -> None:
    """What some rows need and lack: a column that stands for it there, or the name of what is missing."""
    for one in made.target.fields:
        rows = list(_rows_needing(made, one))
        sources = made.sources(one.name)
        lacking = [row for row in rows if not any(theirs in row for theirs in sources)]
        if 2 * len(lacking) <= len(rows):  # none, or some bad rows
            continue
        found = _stand_in(made, one, lacking)
        if found is None:
            made.missing[one.name] = _reason(one)
        elif found in made.taken:
            _add_case(made, one, found, lacking)
        else:
            made.columns[found] = one.name
            made.remarks[found] = "an id that such rows have; check"
    speaks_of_listens = any("listened" in names.words(theirs) for theirs in made.sample.columns)
    if "event_type" in made.missing and (made.sources("listened_ms") or speaks_of_listens):
        made.constants["event_type"] = "listen"
        del made.missing["event_type"]
    if made.constants.get("event_type") == "listen" and not made.sources("account_id"):
        made.missing["account_id"] = "of a listen"


def _reason(one: Field) -> str:
    when = one.required_when
    return "in every row" if when is None else f"where {when.field} is {', '.join(when.values)}"


def _rows_needing(made: Draft, one: Field) -> Iterator[dict[str, str]]:
    if one.required:
        yield from made.sample.rows
    elif one.required_when is not None:
        for row in made.sample.rows:
            if _value_of(made, one.required_when.field, row) in one.required_when.values:
                yield row


def _is_told(made: Draft, one: Field, row: dict[str, str]) -> bool:
    """Is it known of the row whether it needs the field?"""
    return one.required_when is None or _value_of(made, one.required_when.field, row) is not None


def _value_of(made: Draft, ours: str, row: dict[str, str]) -> str | None:
    text = next((row[theirs] for theirs in made.sources(ours) if theirs in row), None)
    return None if text is None else values.meaning(made.target.field(ours), text)


def _stand_in(made: Draft, one: Field, rows: Sequence[dict[str, str]]) -> str | None:
    """A column that could be a missing id: an id that all the rows have, and that is free, or another one elsewhere."""
    if not one.name.endswith("_id"):
        return None
    ids = [c for c in made.sample.columns if names.words(c)[-1:] == ("id",) and all(c in row for row in rows)]
    others = [row for row in made.sample.rows if row not in rows and _is_told(made, one, row)]
    for theirs in ids:
        elsewhere = {row[theirs] for row in others if theirs in row}
        if made.taken.get(theirs) == "content_id" and elsewhere.isdisjoint(row[theirs] for row in rows):
            return theirs
    repeated = (theirs for theirs in ids if len({row[theirs] for row in rows}) < max(2, len(rows)))
    return next((theirs for theirs in repeated if theirs not in made.taken), None)


def _add_case(made: Draft, one: Field, theirs: str, rows: Sequence[dict[str, str]]) -> None:
    """In these rows the column is this field."""
    if one.required_when is None or made.case is not None:
        made.missing[one.name] = _reason(one)
        return
    column = made.sources(one.required_when.field)[0]
    needed = sorted({row[column].lower() for row in rows if column in row})
    made.case = (
        column,
        _in_short(needed, {text.lower() for text in made.sample.texts(column)}, made),
        {theirs: one.name},
    )


def _in_short(needed: list[str], all_words: set[str], made: Draft) -> list[str]:
    """The words, or what they all begin with where no other known word does."""
    parts = [word.split(" ") for word in needed]
    length = next((n for n, same in enumerate(zip(*parts, strict=False)) if len(set(same)) > 1), 0)
    begin = " ".join(parts[0][:length]) + " "
    known = {text.lower() for words in made.words.values() for text, ours in words.items() if ours is not None}
    others = {word for word in all_words if word.startswith(begin)} - set(needed)
    return [begin + "*"] if length and not others & known else needed


def _with_measures(made: Draft) -> None:
    """Forms of times and units of numbers."""
    for theirs, ours in made.taken.items():
        one, texts = made.target.field(ours), made.sample.texts(theirs)
        if one.type in ("date", "timestamp") and values.share(one, texts) < values.MOST:
            made.formats.setdefault(ours, values.patterns(texts))
        if one.type in ("bigint", "decimal"):
            _measure(made, one, theirs)


def _measure(made: Draft, one: Field, theirs: str) -> None:
    known = names.known_unit(made.target.name, one.name, theirs)
    if known is not None:
        multiply, divide, remark = known.multiply, known.divide, None
    else:
        multiply, divide, remark = values.factor(one, theirs, made.sample.texts(theirs))
    if multiply != divide:
        made.units[theirs] = (multiply, divide)
    if remark:
        made.remarks[theirs] = remark
