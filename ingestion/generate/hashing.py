"""Values as hashes of (seed, stream name, counter).

Nothing here has a state: the value of a counter does not depend on which other counters were asked for, nor in
which order. That is what makes one day generated alone equal to the same day among three hundred.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

UInts = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Constants of splitmix64 (Steele, Lea and Flood, 2014): the odd step and the two multipliers of its finaliser.
STEP = np.uint64(0x9E3779B97F4A7C15)
FIRST = np.uint64(0xBF58476D1CE4E5B9)
SECOND = np.uint64(0x94D049BB133111EB)


@dataclass(frozen=True)
class Stream:
    """One named stream of 64-bit hashes: `Stream(seed, name)(counters)`."""

    seed: int
    name: str
    key: np.uint64 = field(init=False, repr=False)

    def __post_init__(self) -> None:
        digest = hashlib.blake2b(f"{self.seed}|{self.name}".encode(), digest_size=8).digest()
        object.__setattr__(self, "key", np.uint64(int.from_bytes(digest, "little")))

    def __call__(self, counters: npt.ArrayLike) -> UInts:
        """64 hashed bits for each counter (integers >= 0 of any shape)."""
        mixed = np.asarray(counters).astype(np.uint64)
        mixed *= STEP
        mixed += self.key
        mixed ^= mixed >> np.uint64(30)
        mixed *= FIRST
        mixed ^= mixed >> np.uint64(27)
        mixed *= SECOND
        mixed ^= mixed >> np.uint64(31)
        return mixed

    def one(self, counter: int) -> int:
        """The hash of one counter, as a Python integer."""
        return int(self(np.array([counter]))[0])


def bits(hashed: UInts, shift: int, width: int) -> Ints:
    """`width` bits from bit `shift` up, as integers 0 .. 2**width - 1. Disjoint bits are independent values."""
    return ((hashed >> np.uint64(shift)) & np.uint64((1 << width) - 1)).astype(np.int64)


def below(hashed: UInts, limit: npt.ArrayLike, shift: int = 0, width: int = 32) -> Ints:
    """Integers 0 .. limit-1 from `width` bits (at most 32) from bit `shift` up; limit may be an array."""
    return (bits(hashed, shift, width) * np.asarray(limit, dtype=np.int64)) >> width


def unit(hashed: UInts, shift: int = 0, width: int = 32) -> Floats:
    """Numbers in (0, 1): never 0, so that a logarithm is safe."""
    return np.asarray((bits(hashed, shift, width) + 0.5) / float(1 << width), dtype=np.float64)


def chance(hashed: UInts, rate: float, shift: int = 0, width: int = 16) -> Bools:
    """True for a share `rate` (0..1) of the hashes."""
    return bits(hashed, shift, width) < round(rate * (1 << width))


def wheel(weights: npt.ArrayLike, width: int = 12) -> Ints:
    """A table of 2**width entries in which index i stands in proportion to weights[i]: wheel(w)[bits] draws i."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    points = (np.arange(1 << width) + 0.5) / (1 << width) * edges[-1]
    return np.asarray(np.searchsorted(edges, points, side="right"), dtype=np.int64)


def zipf(hashed: UInts, count: int) -> Ints:
    """Indices 0 .. count-1 with frequency close to 1 / (index + 1): the inverse of the harmonic curve."""
    picked = np.exp(unit(hashed) * np.log(count + 1.0)).astype(np.int64) - 1
    return np.asarray(np.minimum(picked, count - 1))
