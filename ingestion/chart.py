"""A curve as a few lines of text, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

HEIGHT = 6
BLOCKS, PLAIN = " ▁▂▃▄▅▆▇█", " .:#"


def curve(values: Sequence[float], top: float, label: str, marks: Sequence[str], levels: str = BLOCKS) -> list[str]:
    """Lines from the top to the axis below, one column a value.

    Args:
        values: what to draw, from 0 to `top`.
        top: the value that fills the height, more than 0.
        label: what `top` means, beside the first line.
        marks: texts below the axis, spread evenly from the first column to the last.
        levels: characters of a cell, from empty to full; PLAIN where the terminal has no blocks.
    """
    full = len(levels) - 1
    filled = [round(min(max(value / top, 0), 1) * HEIGHT * full) for value in values]
    margin = max(len(label), 1)
    lines = []
    for row in reversed(range(HEIGHT)):
        cells = "".join(levels[min(max(one - row * full, 0), full)] for one in filled)
        lines.append(f"{label if row == HEIGHT - 1 else '':>{margin}} {cells}".rstrip())
    return [*lines, f"{'0':>{margin}} {_axis(len(values), marks)}".rstrip()]


def _axis(width: int, marks: Sequence[str]) -> str:
    """The marks below their columns, the last one ending with the last column."""
    line = [" "] * width
    for number, mark in enumerate(marks):
        place = min(number * width // max(len(marks) - 1, 1), width - len(mark))
        line[place : place + len(mark)] = mark
    return "".join(line)
