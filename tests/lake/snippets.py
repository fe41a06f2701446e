"""The code blocks of docs/engines/lake.md that are marked as tested."""

from __future__ import annotations

import re

from tests.convergence.engine import ROOT

BLOCK = re.compile(r"<!-- tested: (\w+) -->\n```python\n(.*?)```", re.DOTALL)


def snippets() -> dict[str, str]:
    """{mark: code}"""
    return dict(BLOCK.findall((ROOT / "docs/engines/lake.md").read_text(encoding="utf-8")))
