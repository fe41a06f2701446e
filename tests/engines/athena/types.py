"""Names of types: Hive's, which Athena's DDL and Glue use, and Trino's; and values as Athena's results write them."""

from __future__ import annotations

import base64
import re
from typing import Any

from sqlglot import exp

TO_TRINO = {
    "string": "varchar",
    "int": "integer",
    "float": "real",
    "binary": "varbinary",
    "timestamp": "timestamp(6)",
}
TO_HIVE = {"varchar": "string", "integer": "int", "real": "float", "varbinary": "binary"}


def hive_type(kind: exp.DataType) -> str:
    """The type of a parsed column as Glue stores it: `decimal(18,4)`, `array<string>`."""
    text = kind.sql("hive").lower()
    return re.sub(r"\s*([,:<>])\s*", r"\1", text)


def trino_type(kind: exp.DataType) -> str:
    """The type of a parsed column of an Iceberg table in Trino's words; timestamps are of microseconds there."""
    if kind.is_type(exp.DataType.Type.ARRAY):
        return f"array({trino_type(kind.expressions[0])})"
    if kind.is_type(exp.DataType.Type.MAP):
        return "map(" + ", ".join(trino_type(part) for part in kind.expressions) + ")"
    if kind.is_type(exp.DataType.Type.STRUCT):
        return "row(" + ", ".join(f'"{part.name}" {trino_type(part.args["kind"])}' for part in kind.expressions) + ")"
    text = hive_type(kind)
    return TO_TRINO.get(text, text)


def glue_type(signature: str) -> str:
    """A type that Trino wrote, as Glue stores it; only those that a view's column may have and we use."""
    if re.match(r"(array|map|row)\(", signature):
        kind = exp.DataType.build(signature, dialect="trino")
        return hive_type(kind)
    if re.match(r"timestamp\(\d+\)$", signature):
        return "timestamp"
    if re.match(r"varchar\(\d+\)$", signature):
        return signature
    return TO_HIVE.get(signature, signature.replace(" ", ""))


def text_of(value: Any, signature: dict[str, Any]) -> str | None:
    """A value of Trino's JSON as the text of an Athena result; none for null."""
    if value is None:
        return None
    kind = signature["rawType"]
    inner = [part["value"] for part in signature.get("arguments", [])]
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "array":
        return "[" + ", ".join(within(each, inner[0]) for each in value) + "]"
    if kind == "map":
        return "{" + ", ".join(f"{text_of(key, inner[0])}={within(value[key], inner[1])}" for key in value) + "}"
    if kind == "row":
        named = ((part.get("fieldName") or {}).get("name", f"field{i}") for i, part in enumerate(inner))
        fields = zip(named, value, inner, strict=True)
        return "{" + ", ".join(f"{name}={within(each, part['typeSignature'])}" for name, each, part in fields) + "}"
    if kind == "varbinary":
        return base64.b64decode(value).hex(" ")
    return str(value)


def within(value: Any, signature: dict[str, Any]) -> str:
    """A value inside an array, map or row, where null is written out."""
    text = text_of(value, signature)
    return "null" if text is None else text
