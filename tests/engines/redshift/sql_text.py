"""A statement as tokens with their places, and replacements by place: what lies between stays as it was written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlglot.dialects import Redshift
from sqlglot.tokens import Token, TokenType

PARAMETER = re.compile(r"\$(?=\d)")
OPENING, CLOSING = TokenType.L_PAREN, TokenType.R_PAREN


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


@dataclass
class SqlText:
    """The text of a statement, its tokens, their words in lower case ("" for quoted names and strings)."""

    sql: str
    tokens: list[Token] = field(init=False)
    words: list[str] = field(init=False)
    _edits: list[tuple[int, int, str]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        # a parameter ($1) would be read as the beginning of a $quoted$ text
        self.tokens = Redshift().tokenize(PARAMETER.sub("?", self.sql))
        quoted = (TokenType.STRING, TokenType.IDENTIFIER)
        self.words = ["" if token.token_type in quoted else token.text.lower() for token in self.tokens]

    def __len__(self) -> int:
        return len(self.tokens)

    def word(self, index: int) -> str:
        """The word at a place, "" outside the statement."""
        return self.words[index] if 0 <= index < len(self.words) else ""

    def opens(self, index: int) -> bool:
        """Whether an opening parenthesis stands there."""
        return 0 <= index < len(self.tokens) and self.tokens[index].token_type is OPENING

    def close_of(self, index: int) -> int:
        """The place of the parenthesis that closes the one at `index`; the last token if none does."""
        depth = 0
        for place in range(index, len(self.tokens)):
            kind = self.tokens[place].token_type
            depth += (kind is OPENING) - (kind is CLOSING)
            if depth == 0:
                return place
        return len(self.tokens) - 1

    def open_of(self, index: int) -> int:
        """The place of the parenthesis that is open before the token at `index`; -1 if none is."""
        depth = 0
        for place in range(index - 1, -1, -1):
            kind = self.tokens[place].token_type
            depth += (kind is CLOSING) - (kind is OPENING)
            if depth < 0:
                return place
        return -1

    def is_cast_type(self, index: int) -> bool:
        """Whether a type stands there: after `::`, or after AS within CAST."""
        before = self.word(index - 1)
        return before == "::" or (before == "as" and self.word(self.open_of(index) - 1) == "cast")

    def is_column_type(self, index: int) -> bool:
        """Whether a type may stand there in the columns of CREATE TABLE or in ALTER TABLE: after a column's name."""
        if self.word(index - 1) in ("(", ",", "add", "column", "table"):
            return False
        if self.word(0) == "alter":
            return True
        if self.word(0) != "create" or "table" not in self.words[:4]:
            return False
        first = next((place for place in range(len(self)) if self.opens(place)), len(self))
        return first < index < self.close_of(first) and self.word(first - 1) != "as"

    def text(self, first: int, last: int) -> str:
        """The text from one token to another, both included."""
        return self.sql[self.tokens[first].start : self.tokens[last].end + 1]

    def replace(self, first: int, last: int, text: str = "") -> None:
        """Let `text` stand for the tokens from `first` to `last`."""
        self._edits.append((self.tokens[first].start, self.tokens[last].end + 1, text))

    def insert(self, index: int, text: str) -> None:
        """Put `text` before a token."""
        start = self.tokens[index].start
        self._edits.append((start, start, text))

    def edited(self) -> str:
        """The text with every replacement made."""
        result = self.sql
        for start, end, text in sorted(self._edits, key=lambda edit: edit[:2], reverse=True):
            result = result[:start] + text + result[end:]
        return result
