"""The steps of a landing, for tests that make a process die between two of them."""

from __future__ import annotations

from collections.abc import Callable


def _no_hook(step: str) -> None:
    """Default of `on_step`: do nothing."""


#: Called with a step's name just before it happens; crash tests replace it to die there.
on_step: Callable[[str], None] = _no_hook
