"""Columns of delivered tables as numpy arrays, whatever their Arrow type and whichever of their names they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.generate.hashing import Bools, Ints

NULL = -1  # the code of an empty text


@dataclass(frozen=True)
class Texts:
    """A text column: codes into `names`, which are in binary order; NULL is the code of an empty value."""

    codes: Ints
    names: list[str]

    def take(self, rows: Ints) -> Texts:
        """The values of these rows."""
        return Texts(self.codes[rows], self.names)

    def to_list(self) -> list[str | None]:
        """The values as Python texts."""
        named: list[str | None] = [*self.names, None]
        return [named[code] for code in self.codes.tolist()]


@dataclass(frozen=True)
class Numbers:
    """Integers, and which of them are there at all (the value of an absent one is 0)."""

    values: Ints
    known: Bools

    def take(self, rows: Ints) -> Numbers:
        """The values of these rows."""
        return Numbers(self.values[rows], self.known[rows])


def joined(tables: Sequence[pa.Table]) -> pa.Table:
    """All rows of the tables, in their order: the later row arrived later."""
    parts = []
    for table in tables:
        for place, column in enumerate(table.schema):
            if pa.types.is_dictionary(column.type):
                table = table.set_column(place, column.name, table.column(place).cast(pa.string()))
        parts.append(table)
    if not parts:
        return pa.table({})
    return pa.concat_tables(parts, promote_options="permissive").combine_chunks()


def column(table: pa.Table, *names: str) -> pa.Array:
    """The column that has one of these names, or an empty one."""
    for name in names:
        if name in table.column_names:
            found = table.column(name).combine_chunks()
            return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    return pa.nulls(table.num_rows)


def texts_of(values: Sequence[str | None] | pa.Array) -> Texts:
    """A text column from Python texts or an Arrow array."""
    array = pa.array(values, pa.string()) if not isinstance(values, pa.Array) else values.cast(pa.string())
    encoded = array.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    order = sorted(range(len(names)), key=names.__getitem__)
    new_code = np.empty(len(names) + 1, dtype=np.int64)
    new_code[order] = np.arange(len(names))
    new_code[-1] = NULL
    codes = encoded.indices.fill_null(len(names)).to_numpy(zero_copy_only=False).astype(np.int64)
    return Texts(new_code[codes], [names[place] for place in order])


def merged(parts: Sequence[Texts]) -> Texts:
    """The values of all parts, one after the other."""
    names = parts[0].names
    if any(part.names != names for part in parts):
        names = sorted({name for part in parts for name in part.names})
    place = {name: code for code, name in enumerate(names)}
    codes = [np.array([*(place[name] for name in part.names), NULL], dtype=np.int64)[part.codes] for part in parts]
    return Texts(np.concatenate(codes), names)


def numbers_of(array: pa.Array, scale: int = 0) -> Numbers:
    """Integers in units of 10**-scale from integers, decimals or floats (rounded to that unit)."""
    known = array.is_valid().to_numpy(zero_copy_only=False)
    filled = array.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False)
    return Numbers(np.rint(filled * 10**scale).astype(np.int64), known)


def instants_of(array: pa.Array) -> Ints:
    """Microseconds since 1970 of timestamps without a zone (UTC)."""
    return np.asarray(array.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy(zero_copy_only=False), dtype=np.int64)


def days_of(array: pa.Array) -> Ints:
    """Days since 1970 of dates (or timestamps)."""
    return np.asarray(array.cast(pa.date32()).cast(pa.int32()).to_numpy(zero_copy_only=False), dtype=np.int64)


def flags_of(array: pa.Array) -> Bools:
    """True where a boolean (or the text True) is true; empty counts as false."""
    if pa.types.is_string(array.type):
        array = pc.equal(pc.utf8_lower(array), "true")
    return np.asarray(array.cast(pa.bool_()).fill_null(False).to_numpy(zero_copy_only=False), dtype=bool)


def newest_rows(*keys: Ints) -> Ints:
    """The last row of each key (one array a part of the key): the latest delivery wins. In row order."""
    rows = len(keys[0])
    packed = pack(*keys)
    _, from_end = np.unique(packed[::-1], return_index=True)
    return np.sort(rows - 1 - from_end)


def pack(*keys: Ints) -> Ints:
    """One integer for each combination of the parts of a key; combinations keep their order."""
    packed = np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        values, codes = np.unique(key, return_inverse=True)
        _, packed = np.unique(packed * max(len(values), 1) + codes, return_inverse=True)
    return packed
