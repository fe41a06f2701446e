"""Grouping, counting and exact ratios over integer columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from ingestion.generate.columns import decimals
from ingestion.generate.hashing import Bools, Ints
from ingestion.generate.truth.read import Texts, pack


class Groups:
    """Rows in groups of equal keys; groups are numbered in the order of their keys."""

    def __init__(self, *keys: Ints) -> None:
        self.of_row = pack(*keys)
        self.first = np.unique(self.of_row, return_index=True)[1]  # one row of each group

    def __len__(self) -> int:
        return len(self.first)

    def count(self, where: Bools | None = None) -> Ints:
        """Rows of each group (for which `where` is true)."""
        rows = self.of_row if where is None else self.of_row[where]
        return np.bincount(rows, minlength=len(self)).astype(np.int64)

    def sum(self, values: Ints, where: Bools | None = None) -> Ints:
        """Sum of integers in each group; exact, since sums stay far below 2**53."""
        rows = self.of_row if where is None else self.of_row[where]
        parts = values if where is None else values[where]
        return np.rint(np.bincount(rows, weights=parts, minlength=len(self))).astype(np.int64)

    def distinct(self, codes: Ints, where: Bools | None = None) -> Ints:
        """Number of different codes in each group (for which `where` is true)."""
        rows, of = (self.of_row, codes) if where is None else (self.of_row[where], codes[where])
        pairs = np.unique(np.stack([rows, of], axis=1), axis=0) if len(rows) < 1000 else _unique_pairs(rows, of)
        return np.bincount(pairs[:, 0], minlength=len(self)).astype(np.int64)

    def greatest(self, values: Ints) -> Ints:
        """Greatest value of each group."""
        best = np.full(len(self), np.iinfo(np.int64).min)
        np.maximum.at(best, self.of_row, values)
        return best


def _unique_pairs(left: Ints, right: Ints) -> Ints:
    """The different pairs, through one packed integer: much faster than comparing rows."""
    width = int(right.max()) + 2
    packed = np.unique(left * width + right + 1)
    return np.stack([packed // width, packed % width - 1], axis=1)


@dataclass(frozen=True)
class Tally:
    """Started plays by (group, item): one row for each pair that occurs."""

    group: Ints
    item: Ints
    plays: Ints
    accounts: Ints
    playing_ms: Ints

    def ranked(self, title_rank: Ints, id_rank: Ints) -> tuple[Ints, Ints]:
        """The rows by group, plays, accounts (most first), title, id; and the place (1 ..) of each in its group."""
        order = np.lexsort((id_rank[self.item], title_rank[self.item], -self.accounts, -self.plays, self.group))
        return order, places(self.group[order])


def tally(group: Ints, item: Ints, account: Ints, playing_ms: Ints) -> Tally:
    """Count rows, different accounts and playing time of each (group, item)."""
    pairs = Groups(group, item)
    return Tally(group[pairs.first], item[pairs.first], pairs.count(), pairs.distinct(account), pairs.sum(playing_ms))


def places(sorted_groups: Ints) -> Ints:
    """1, 2, 3, ... within each run of equal groups."""
    if len(sorted_groups) == 0:
        return sorted_groups
    starts = np.flatnonzero(np.concatenate([[True], sorted_groups[1:] != sorted_groups[:-1]]))
    lengths = np.diff(np.concatenate([starts, [len(sorted_groups)]]))
    return np.arange(len(sorted_groups)) - np.repeat(starts, lengths) + 1


def rounded(numerator: int, denominator: int, scale: int = 0) -> int | None:
    """numerator * 10**-scale / denominator in millionths, halves up; None when the denominator is 0."""
    if denominator == 0:
        return None
    dividend, divisor = numerator * 10**6, denominator * 10**scale
    return int((2 * dividend + divisor) // (2 * divisor))


def ratio(numerator: Ints, denominator: Ints, scale: int = 0) -> pa.Array:
    """Quotients as decimal(18,6), halves up, empty where the denominator is 0. numerator: in units of 10**-scale."""
    pairs = zip(numerator.tolist(), denominator.tolist(), strict=True)
    return decimals([rounded(above, below, scale) for above, below in pairs], 6)


def dates(days: Ints) -> pa.Array:
    """Dates from days since 1970."""
    return pa.array(days.astype(np.int32)).cast(pa.date32())


def texts(values: Texts) -> pa.Array:
    """An Arrow text column."""
    return pa.array(values.to_list(), pa.string())
