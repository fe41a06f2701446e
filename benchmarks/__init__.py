"""Benchmarks (`make bench`): ratios within one run, in CPU seconds and peak memory. Never part of the tests."""
