"""Finding and reading mapping files."""

from __future__ import annotations

import difflib
from collections.abc import Mapping as AnyMapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ingestion.mapping.model import Case, Mapping, TimeRule, UnitRule

FOLDER = Path(__file__).parent
KEYS = {
    "top level": set(Mapping.model_fields) - {"name"},
    "cases": set(Case.model_fields),
    "time": set(TimeRule.model_fields),
    "units": set(UnitRule.model_fields),
}


class MappingError(ValueError):
    """A mapping file is missing or wrong; the message names the file, the key and what to do."""


class _UniqueKeyLoader(yaml.SafeLoader):
    """Safe YAML that refuses a key given twice: the second would silently replace the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"the key {twice[0]!r} is given twice", node.start_mark)
        return super().construct_mapping(node, deep)


def shipped() -> tuple[str, ...]:
    """The names of the mappings that come with the project."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yml")))


def load_mapping(path_or_name: str | Path) -> Mapping:
    """Read a mapping from a path, or a shipped one by its name.

    Raises MappingError for a file that does not exist, is no YAML, has an unknown key, or names a field or
    an input that no contract has.
    """
    path = _find(path_or_name)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeyLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: not readable as YAML: {error}") from error
    if not isinstance(content, dict):
        raise MappingError(f"{path}: a mapping file holds keys ({', '.join(sorted(KEYS['top level']))})")
    if "name" in content:
        raise MappingError(f"{path}: unknown key 'name'; a mapping is called like its file")
    try:
        return Mapping(name=path.stem, **{str(key): value for key, value in content.items()})
    except ValidationError as error:
        raise MappingError("\n".join(f"{path}: {_explain(problem)}" for problem in error.errors())) from error


def _find(path_or_name: str | Path) -> Path:
    path = Path(path_or_name)
    if path.is_file():
        return path
    named = FOLDER / f"{path_or_name}.yml"
    if path.parent == Path() and named.is_file():
        return named
    raise MappingError(f"{path_or_name}: no such file, and no shipped mapping (they are: {', '.join(shipped())})")


def _explain(problem: AnyMapping[str, Any]) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        parts = problem["loc"]
        allowed = KEYS["top level"] if len(parts) == 1 else KEYS.get(str(parts[0]), set())
        near = difflib.get_close_matches(str(parts[-1]), allowed, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known keys are {', '.join(sorted(allowed))}"
        return f"unknown key {place!r}; {hint}"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{place}: {message}" if place else message
