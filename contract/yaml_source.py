"""YAML files that people write: parsed fast, checked against a JSON Schema, and blamed by file and line.

The good path never looks for lines; they are found, by composing the tree of nodes, once there is something to
say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from jsonschema_rs import Draft202012Validator

from contract.errors import ContractError
from contract.messages import words

try:
    from yaml import CSafeLoader as _BaseLoader
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader as _BaseLoader  # type: ignore[assignment]

Place = Sequence[str | int]
"""Where in a document: keys and positions, outermost first."""

_TIMESTAMP, _BOOL = "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"


class _Loader(_BaseLoader):
    """Safe, and as OpenAPI wants it (YAML 1.2): keys are strings and stand once; dates, on, off, yes, no are text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - the base class has it so
        # before `<<` merges in what the mapping may well say again
        if len({key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)}) != len(node.value):
            _refuse_keys(node)
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_TIMESTAMP, _BOOL)]
    for first, resolvers in _BaseLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def _refuse_keys(node: yaml.MappingNode) -> None:
    seen = set()
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise yaml.MarkedYAMLError(problem="a key is a collection", problem_mark=key.start_mark)
        if key.value in seen:
            raise yaml.MarkedYAMLError(
                problem=f"the key {key.value!r} stands twice in one mapping", problem_mark=key.start_mark
            )
        seen.add(key.value)


class YamlSource:
    """A parsed file that still knows its lines. `value` is what it says."""

    def __init__(self, path: Path, text: str, value: Any) -> None:
        self.path = path
        self.text = text
        self.value = value

    def error(self, place: Place, message: str) -> ContractError:
        """An error to raise for what stands at `place`."""
        return ContractError(self.problem(place, message))

    def problem(self, place: Place, message: str) -> str:
        """One line about what stands at `place`, or as near to it as the file goes."""
        where = ".".join(map(str, place))
        return f"{self.path}:{self.line(place)}: {where + ': ' if where else ''}{message}"

    def line(self, place: Place) -> int:
        """The line, from 1, of what stands at `place`, or of the nearest thing around it."""
        node = self._root
        line = 1 if node is None else int(node.start_mark.line) + 1
        for step in place:
            found = _child(node, step)
            if found is None:
                break
            node, line = found
        return line

    @cached_property
    def _root(self) -> yaml.Node | None:
        return yaml.compose(self.text, Loader=_BaseLoader)

    def check(self, schema: Mapping[str, Any], value: Any = None, base: Place = ()) -> None:
        """ContractError with all that the schema refuses in `value`, which stands at `base`; None: the whole file."""
        judge = Draft202012Validator(dict(schema))
        try:
            errors = list(judge.iter_errors(self.value if value is None else value))
        except ValueError as error:  # the library's own limit on nesting
            raise self.error(base, f"it cannot be checked: {error}; expected a document of usual depth") from None
        if errors:
            raise ContractError(*(self.problem([*base, *error.instance_path], words(error)) for error in errors))


def _child(node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return value, int(key.start_mark.line) + 1
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item, int(item.start_mark.line) + 1
    return None


def read_yaml(path: Path) -> YamlSource:
    """Read and parse a file. ContractError when it is missing, not UTF-8, not YAML, or says a key twice."""
    text = read_text(path)
    return YamlSource(path, text, parse_yaml(text, path))


def read_text(path: Path) -> str:
    """Read a file. ContractError when it is missing or not UTF-8."""
    try:
        return path.read_bytes().decode()
    except OSError as error:
        raise ContractError(f"{path}: cannot read it: {error.strerror}; expected a YAML file there") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ContractError(f"{path}:{line}: byte {error.start} is not UTF-8; save the file as UTF-8") from None


def parse_yaml(text: str, path: Path) -> Any:
    """The value of a YAML text; `path` is for messages. ContractError when it is not YAML."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContractError(f"{path}:{line}: {error.problem or 'it is not YAML'}; expected YAML") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ContractError(f"{path}:{line}: {error.reason}; expected YAML") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ContractError(f"{path}:1: it is not YAML: {' '.join(str(error).split())}") from None


def load_yaml(path: Path, schema: Mapping[str, Any]) -> YamlSource:
    """Read a file that a schema describes. ContractError names file, line, place and problem."""
    source = read_yaml(path)
    source.check(schema)
    return source
