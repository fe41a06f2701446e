"""What a statement may not contain, so that it says the same on every engine. No findings: it passes."""

from __future__ import annotations

from collections.abc import Iterator

import sqlglot
from sqlfluff.core.dialects import load_raw_dialect
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.tokens import Token, Tokenizer, TokenType

#: Functions that all four engines have, with the same meaning.
COMMON = frozenset(
    {
        "abs",
        "avg",
        "cast",
        "coalesce",
        "count",
        "extract",
        "lag",
        "lead",
        "length",
        "lower",
        "max",
        "min",
        "mod",
        "nullif",
        "position",
        "rank",
        "replace",
        "round",
        "row_number",
        "split_part",
        "substring",
        "sum",
        "trim",
        "date_trunc",
        "upper",
        "concat",
        "dense_rank",
        "exp",
        "sqrt",
        "first_value",
        "last_value",
        "sign",
        "floor",
        "ceil",
    }
)
#: What the macros of macros/engine, and dbt's own, turn into on one engine.
OWN = {
    "duckdb": {"date_diff", "epoch_us", "md5", "string_agg", "timezone", "to_milliseconds", "try_cast"},
    "snowflake": {"convert_timezone", "date_part", "dateadd", "datediff", "listagg", "md5"},
    "athena": {
        *("array_agg", "array_join", "at_timezone", "date_add", "md5", "to_hex", "to_milliseconds", "to_unixtime"),
        *("to_utf8", "with_timezone"),
    },
    "redshift": {"convert_timezone", "dateadd", "datediff", "listagg", "md5"},
}
#: Words that stand before a parenthesis and are no function.
NO_FUNCTION = frozenset(
    {
        "all",
        "and",
        "any",
        "as",
        "between",
        "by",
        "case",
        "distinct",
        "else",
        "end",
        "exists",
        "filter",
        "from",
        "group",
        "having",
        "in",
        "insert",
        "into",
        "is",
        "join",
        "like",
        "not",
        "on",
        "or",
        "order",
        "over",
        "partition",
        "select",
        "set",
        "then",
        "union",
        "using",
        "values",
        "when",
        "where",
        "with",
        "within",
        "union_all",
        "desc",
        "asc",
    }
)
TYPES = frozenset(
    {
        "char",
        "decimal",
        "numeric",
        "number",
        "timestamp",
        "timestamp_ntz",
        "timestamp_tz",
        "varchar",
    }
)
STAR_ARGUMENTS = ("except_", "except", "replace", "rename")
#: Constructs that at least one engine lacks, or reads in another way, by class of sqlglot.
FOREIGN = {
    exp.Qualify: "QUALIFY",
    exp.Filter: "FILTER",
    exp.PercentileCont: "percentile",
    exp.PercentileDisc: "percentile",
    exp.Quantile: "percentile",
    exp.ApproxQuantile: "percentile",
    exp.Median: "percentile",
    exp.NullSafeEQ: "IS [NOT] DISTINCT FROM",
    exp.NullSafeNEQ: "IS [NOT] DISTINCT FROM",
    exp.Lateral: "LATERAL",
    exp.Unnest: "UNNEST",
}


def foreign_tokens(sql: str, engine: str) -> Iterator[str]:
    """Operators and functions, found in the text itself: a parser may have turned them into something common."""
    tokens = duckdb_tokens(sql)
    known = COMMON | OWN[engine] | NO_FUNCTION | TYPES
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        if token.token_type == TokenType.DCOLON and engine != "duckdb":
            yield "`::`: write cast()"
        if token.token_type == TokenType.DIV and engine != "duckdb":
            yield "`//`: use div_floor()"
        called = after is not None and after.token_type == TokenType.L_PAREN and token.text[:1].isalpha()
        quoted = token.token_type in (TokenType.STRING, TokenType.IDENTIFIER)
        if called and not quoted and token.text.lower() not in known and not is_relation(tokens, token):
            yield f"function {token.text.lower()}(): not known on {engine}"


def is_relation(tokens: list[Token], token: Token) -> bool:
    """Whether the name before a parenthesis is that of a table or an alias: `insert into t (`, `as v (`."""
    index = tokens.index(token)
    return index > 0 and tokens[index - 1].text.lower() in ("as", "into", ".")


def duckdb_tokens(sql: str) -> list[Token]:
    """DuckDB's tokenizer knows `::` and `//`, where others see two colons or the start of a comment."""
    tokenizer: Tokenizer = Dialect.get_or_raise("duckdb").tokenizer_class(dialect="duckdb")
    return tokenizer.tokenize(sql)


def foreign_nodes(tree: exp.Expression) -> Iterator[str]:
    """Constructs of the parsed statement that not every engine has."""
    for node in tree.walk():
        if type(node) in FOREIGN:
            yield FOREIGN[type(node)]
        if isinstance(node, exp.Distinct) and node.args.get("on"):
            yield "DISTINCT ON"
        if isinstance(node, exp.Join) and node.method.upper() == "NATURAL":
            yield "NATURAL JOIN"
        if isinstance(node, exp.Group) and node.args.get("all"):
            yield "GROUP BY ALL"
        if isinstance(node, exp.Group) and any(isinstance(key, exp.Literal) for key in node.expressions):
            yield "GROUP BY a number"
        if isinstance(node, exp.Star) and any(
            node.args.get(part) for part in ("except_", "except", "replace", "rename")
        ):
            yield "* EXCLUDE / REPLACE"


def reserved_names(tree: exp.Expression, engine: str) -> Iterator[str]:
    """Unquoted names that the engine reserves."""
    words = reserved_words(engine)
    for name in tree.find_all(exp.Identifier):
        if not name.args.get("quoted") and name.name.upper() in words:
            yield f"{name.name}: a reserved word of {engine}"


def reserved_words(engine: str) -> set[str]:
    """By the lists of sqlfluff and sqlglot. Athena has Trino's words in queries; those of DDL are quoted by dbt."""
    dialect = "trino" if engine == "athena" else engine
    words = load_raw_dialect(dialect).sets("reserved_keywords")
    assert len(words) > 50, f"sqlfluff has no list of reserved words for {engine}"
    return {str(word).upper() for word in {*words, *Dialect.get_or_raise(dialect).generator_class.RESERVED_KEYWORDS}}


def findings(sql: str, engine: str, dialect: str) -> list[str]:
    """Everything that is wrong with a statement on `engine`; the text of the parser's error if it cannot be read."""
    try:
        trees = [tree for tree in sqlglot.parse(sql, read=dialect) if tree is not None]
    except sqlglot.errors.SqlglotError as error:
        return [f"does not parse: {str(error).splitlines()[0]}"]
    found = [*foreign_tokens(sql, engine)]
    for tree in trees:
        if isinstance(tree, exp.Command) and tree.name.lower() not in ("begin", "commit", "lock"):
            found.append(f"not understood: {tree.sql()[:60]}")
        found += [*foreign_nodes(tree), *reserved_names(tree, engine)]
    return sorted(set(found))
