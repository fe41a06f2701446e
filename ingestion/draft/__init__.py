"""A first mapping file for a file of unknown shape: `media land --draft-mapping FILE`.

`sample` reads the first rows, `names` and `values` say what a column may be, `drafting` puts a mapping together,
and `text` writes it with what is left to settle.
"""

from __future__ import annotations

from ingestion.draft.drafting import DraftError, draft
from ingestion.draft.text import TODO, render

__all__ = ["TODO", "DraftError", "draft", "render"]
