"""Arrow columns from numpy arrays, built without a Python loop over the rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ingestion.generate.hashing import Bools, Ints, UInts, below

BASE62 = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", dtype=np.uint8)
THREE_DIGITS = np.frombuffer("".join(f"{n:03d}" for n in range(1000)).encode(), dtype=np.uint8).reshape(1000, 3)


def choice(codes: npt.NDArray[Any], names: pa.Array | Sequence[str], null: Bools | None = None) -> pa.DictionaryArray:
    """A text column as codes into `names`; rows where `null` is true are empty."""
    dictionary = names if isinstance(names, pa.Array) else pa.array(list(names), pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32), mask=null), dictionary)


def coded(codes: npt.NDArray[Any], names: pa.Array | Sequence[str]) -> pa.DictionaryArray:
    """A text column as codes into `names`, of which -1 is null."""
    return choice(np.maximum(codes, 0), names, codes < 0)


def counted(values: Ints) -> pa.Array:
    """Integers, of which -1 is null."""
    return pa.array(values, mask=values < 0)


def fixed_width(characters: npt.NDArray[np.uint8]) -> pa.StringArray:
    """A text column from a matrix of ASCII codes, one row a text."""
    rows, width = characters.shape
    offsets = np.arange(0, (rows + 1) * width, width, dtype=np.int32)
    data = np.ascontiguousarray(characters)
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(data))


def numbered(prefix: str, numbers: Ints) -> pa.StringArray:
    """`prefix` followed by six digits; numbers are 0 .. 999,999."""
    lead = len(prefix)
    text = np.empty((len(numbers), lead + 6), dtype=np.uint8)
    text[:, :lead] = np.frombuffer(prefix.encode(), dtype=np.uint8)
    text[:, lead : lead + 3] = THREE_DIGITS[numbers // 1000]
    text[:, lead + 3 :] = THREE_DIGITS[numbers % 1000]
    return fixed_width(text)


def base62(hash_of: Callable[[Ints], UInts], counters: Ints, width: int = 22) -> pa.StringArray:
    """Identifiers of `width` letters and digits, one for each counter; `hash_of` maps counters to 64 bits."""
    text = np.empty((len(counters), width), dtype=np.uint8)
    for place in range(width):
        text[:, place] = BASE62[below(hash_of(counters * width + place), 62)]
    return fixed_width(text)


class Grown:
    """Values of indices 0 .. n-1, kept, and computed anew only when more of them are asked for."""

    def __init__(self, build: Callable[[int], Any]) -> None:
        self._build = build
        self._size = -1
        self._values: Any = None

    def __call__(self, count: int) -> Any:
        """The first `count` values (a slice of a numpy or Arrow array)."""
        if count > self._size:
            size = count + count // 4
            self._values, self._size = self._build(size), size
        return self._values[:count]


def decimals(values: Sequence[int | None] | Ints, scale: int, null: Bools | None = None) -> pa.Array:
    """Decimals (18, scale) from integers in units of 10**-scale; None or a true `null` gives an empty value."""
    if not isinstance(values, np.ndarray):
        null = np.array([value is None for value in values], dtype=bool)
        values = np.array([0 if value is None else value for value in values], dtype=np.int64)
    if len(values) == 0:
        return pa.array([], pa.decimal128(18, scale))
    words = np.stack([values.astype(np.int64), np.where(values < 0, -1, 0).astype(np.int64)], axis=1)
    valid = None
    if null is not None:
        valid = pa.py_buffer(np.packbits(~null, bitorder="little"))
    return pa.Array.from_buffers(
        pa.decimal128(18, scale), len(values), [valid, pa.py_buffer(np.ascontiguousarray(words))]
    )


HEX = np.frombuffer(b"".join(f"{number:04x}".encode() for number in range(1 << 16)), dtype=np.uint32)


def hexed(hashed: UInts) -> pa.StringArray:
    """The 16 hexadecimal digits of each hash."""
    words = np.empty((len(hashed), 4), dtype=np.uint32)
    for part in range(4):
        words[:, part] = HEX[(hashed >> np.uint64(48 - 16 * part)) & np.uint64(0xFFFF)]
    return fixed_width(words.view(np.uint8).reshape(len(hashed), 16))


def decoded(table: pa.Table) -> pa.Table:
    """The table with plain text in place of dictionary codes, in one piece."""
    for place, column in enumerate(table.schema):
        if pa.types.is_dictionary(column.type):
            table = table.set_column(place, column.name, table.column(place).cast(pa.string()))
    return table.combine_chunks()
