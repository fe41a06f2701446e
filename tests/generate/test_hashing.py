import numpy as np
import pytest

from ingestion.generate.hashing import Stream, below, bits, chance, unit, wheel, zipf

MASK = (1 << 64) - 1


def splitmix(state: int) -> int:
    """The published finaliser, in Python integers."""
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return state ^ (state >> 31)


def test_the_hash_is_splitmix64_of_the_counter() -> None:
    stream = Stream(7, "row")
    counters = [0, 1, 2, 12_345, (3 << 36) + 5]
    expected = [splitmix((counter * 0x9E3779B97F4A7C15 + int(stream.key)) & MASK) for counter in counters]
    assert stream(counters).tolist() == expected
    assert stream.one(12_345) == expected[3]


def test_a_value_depends_on_seed_name_and_counter_only() -> None:
    counters = np.arange(1000)
    whole = Stream(1, "a")(counters)
    assert (Stream(1, "a")(counters[::-1])[::-1] == whole).all()
    assert (Stream(1, "a")(counters[500:]) == whole[500:]).all()
    assert (Stream(2, "a")(counters) != whole).all()
    assert (Stream(1, "b")(counters) != whole).all()


def test_bits_are_even_and_disjoint_bits_independent() -> None:
    hashed = Stream(1, "bits")(np.arange(200_000))
    left, right = bits(hashed, 0, 4), bits(hashed, 20, 4)
    joint = np.bincount(left * 16 + right, minlength=256)
    expected = len(hashed) / 256
    chi_square = float(((joint - expected) ** 2 / expected).sum())
    assert chi_square < 255 + 5 * np.sqrt(2 * 255)


@pytest.mark.parametrize("limit", [1, 2, 7, 50])
def test_below_stays_below_and_reaches_everything(limit: int) -> None:
    drawn = below(Stream(1, "below")(np.arange(20_000)), limit)
    assert set(drawn.tolist()) == set(range(limit))


def test_unit_is_never_0_or_1_and_chance_has_its_rate() -> None:
    hashed = Stream(1, "unit")(np.arange(100_000))
    assert unit(hashed, 48, 16).min() > 0
    assert unit(hashed).max() < 1
    assert abs(chance(hashed, 0.03).mean() - 0.03) < 0.003


def test_wheel_draws_in_proportion() -> None:
    shares = np.bincount(wheel([1, 0, 3], 8)) / 256
    assert shares.tolist() == [0.25, 0, 0.75]


def test_zipf_falls_with_slope_minus_one() -> None:
    counts = np.bincount(zipf(Stream(3, "zipf")(np.arange(500_000)), 2_000), minlength=2_000)
    ranks = np.arange(3, 300)  # the head is a step function, the tail is noise
    slope = np.polyfit(np.log(ranks + 1), np.log(counts[ranks]), 1)[0]
    assert -1.08 < slope < -0.92
    assert counts.sum() == 500_000
