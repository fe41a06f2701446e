"""What viewers do besides watching: likes that are taken back, shares, comments, searches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ingestion.generate.hashing import Bools, Ints, Stream, bits, chance
from ingestion.generate.player.block import Block

TYPES = (
    "user_like", "user_unlike", "user_dislike", "user_share", "user_comment", "user_bookmark", "user_subscribe",
    "user_unsubscribe", "user_search",
)  # fmt: skip
LIKE, UNLIKE, DISLIKE, SHARE, COMMENT, BOOKMARK, SUBSCRIBE, UNSUBSCRIBE, SEARCH = range(len(TYPES))


@dataclass(frozen=True)
class Interactions:
    """One row an interaction. content: code in the block's content_names, -1 for a search. identity: its own."""

    session: Ints
    kind: Ints
    content: Ints
    at_ms: Ints
    identity: Ints


def draw(block: Block) -> Interactions:
    """The interactions of a block; who has not signed in has none."""
    counter = block.viewings.counter
    hashed = Stream(block.seed, "player/interaction")(counter)
    signed_in = block.sessions.account[block.of_session] >= 0
    likes = chance(hashed, 0.08, 0, 8)
    other = np.array([SHARE, COMMENT, BOOKMARK, BOOKMARK, SHARE, BOOKMARK, SUBSCRIBE, UNSUBSCRIBE])
    same = np.zeros(len(counter), dtype=np.int64)
    turns: list[tuple[Bools, Ints]] = [
        (likes, same + LIKE),
        (likes & chance(hashed, 0.1, 8, 8), same + LIKE),
        (likes & chance(hashed, 0.25, 16, 8), same + UNLIKE),
        (chance(hashed, 0.02, 24, 8), same + DISLIKE),
        (chance(hashed, 0.07, 32, 8), other[bits(hashed, 40, 3)]),
    ]
    parts = []
    for turn, (happens, kind) in enumerate(turns, start=1):
        row = np.flatnonzero(happens & signed_in)
        at_ms = block.request_ms[row] + block.layout.leave[row] * turn // (len(turns) + 1)
        parts.append((block.of_session[row], kind[row], block.content[row], at_ms, counter[row] * 8 + turn))
    asked = chance(Stream(block.seed, "player/search")(block.sessions.counter), 0.15) & (block.sessions.account >= 0)
    row = np.flatnonzero(asked)
    nothing = row * 0 - 1
    at_ms = block.sessions.start_ms[row] + 1200
    parts.append((row, row * 0 + SEARCH, nothing, at_ms, block.sessions.counter[row] * 32))
    return Interactions(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
