"""YAML text as values that know their lines.

PyYAML's safe loader builds the nodes; what an ordinary load would lose (lines, keys given twice) is looked at here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from typing import TYPE_CHECKING, Any

import msgspec

from aiollm.proxy.config.problem import Problems

if TYPE_CHECKING:
    from yaml.nodes import MappingNode, ScalarNode, SequenceNode

    Node = MappingNode | ScalarNode | SequenceNode

__all__ = ["Value", "parse_document"]

MOST_VALUES = 50_000
"""An alias can stand for a whole tree, and that for more: ten lines of YAML can mean more values than memory holds."""

MOST_LEVELS = 64


class Value(msgspec.Struct, frozen=True):
    """One value of a document. Its repr shows nothing of it, because it may be a secret.

    Attributes:
        content: None, a bool, number, text or date; a list of values, or a dict of text to values.
        file: the file it stands in.
        line: the line it stands on, from 1.
        from_environment: whether it is that of an environment variable, and so text whatever it is meant to be.
    """

    content: dict[str, Value] | list[Value] | str | int | float | date | None
    file: str = ""
    line: int = 1
    from_environment: bool = False

    def __repr__(self) -> str:
        return f"<value at {self.file}:{self.line}>"

    @property
    def members(self) -> dict[str, Value]:
        """The members of a mapping; none of anything else."""
        return self.content if isinstance(self.content, dict) else {}

    def plain(self) -> Any:
        """Return the value as plain Python objects."""
        if isinstance(self.content, dict):
            return {name: member.plain() for name, member in self.content.items()}
        if isinstance(self.content, list):
            return [item.plain() for item in self.content]
        return self.content

    @property
    def shape(self) -> str:
        """What it is, without what it says."""
        content = self.content
        if isinstance(content, dict):
            return "a mapping"
        if isinstance(content, list):
            return "a list"
        if content is None:
            return "nothing"
        words: dict[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
        return words.get(type(content), "a date")


def parse_document(text: str, file: str, problems: Problems) -> Value:
    """Return the mapping that a document is; an empty one where it cannot be read, which is noted as a problem.

    Args:
        text: the document.
        file: its name, for messages.
        problems: where to note what is wrong.

    Raises:
        ImportError: PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError:
        raise ImportError("a configuration needs PyYAML: pip install 'aiollm[proxy]'") from None

    nothing = Value({}, file)
    try:
        loader, node = _root(yaml, text)
    except yaml.YAMLError as error:
        # Its own message quotes the line, which may hold a key.
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        fault = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
        problems.error(Value(None, file, line), "", f"this is not YAML: {fault}")
        return nothing
    if node is None:
        return nothing
    try:
        value = _Reader(file, problems, loader.construct_object, yaml.YAMLError).value(node, "", 0)
    except _TooLarge as error:
        problems.error(nothing, "", str(error))
        return nothing
    if not isinstance(value.content, dict):
        problems.error(value, "", f"a configuration is a mapping of sections; this is {value.shape}")
        return nothing
    return value


def _root(yaml: Any, text: str) -> tuple[Any, Node | None]:
    """Return a loader, and the node that a document is.

    The loader in C is twenty times as quick, where there is one; the one in Python says better what is wrong.

    Raises:
        yaml.YAMLError: it is no document.
    """
    with suppress(AttributeError, yaml.YAMLError):
        loader = yaml.CSafeLoader(text)
        return loader, loader.get_single_node()
    loader = yaml.SafeLoader(text)
    return loader, loader.get_single_node()


class _TooLarge(ValueError):
    """The document has more values or levels than anybody writes by hand."""


class _Reader:
    """Makes values of the nodes of one document."""

    def __init__(
        self, file: str, problems: Problems, construct: Callable[[Node], Any], refusal: type[Exception]
    ) -> None:
        self._file = file
        self._problems = problems
        self._construct = construct
        self._refusal = refusal
        self._count = 0

    def value(self, node: Node, key: str, level: int) -> Value:
        self._count += 1
        if self._count > MOST_VALUES:
            raise _TooLarge(f"its aliases stand for more than {MOST_VALUES} values")
        if level > MOST_LEVELS:
            raise _TooLarge(f"it is nested more than {MOST_LEVELS} levels deep")
        line = node.start_mark.line + 1
        if node.id == "mapping":
            return Value(self._members(node, key, level), self._file, line)
        if node.id == "sequence":
            items = [self.value(item, f"{key}[{place}]", level + 1) for place, item in enumerate(node.value)]
            return Value(items, self._file, line)
        return Value(self._scalar(node, key), self._file, line)

    def _members(self, node: Node, key: str, level: int) -> dict[str, Value]:
        members: dict[str, Value] = {}
        own: set[str] = set()
        for merged, name_node, member in _pairs(node):
            name = str(self._scalar(name_node, key)) if name_node.id == "scalar" else None
            place = Value(None, self._file, name_node.start_mark.line + 1)
            if name is None:
                self._problems.error(place, key, "a key must be text")
                continue
            inner = f"{key}.{name}" if key else name
            if not merged and name in own:
                self._problems.error(place, inner, f"is given twice, first on line {members[name].line}")
            if not merged or name not in members:
                members[name] = self.value(member, inner, level + 1)
            if not merged:
                own.add(name)
        return members

    def _scalar(self, node: Node, key: str) -> Any:
        try:
            return self._construct(node)
        except (ValueError, self._refusal):
            place = Value(None, self._file, node.start_mark.line + 1)
            self._problems.error(place, key, f"has the tag {node.tag}, which means nothing here")
            return None


def _pairs(node: Node) -> Iterator[tuple[bool, Node, Node]]:
    """Give a mapping's own members, then those that `<<` merges into it: (whether merged, key, value)."""
    merges: list[Node] = []
    for name, member in node.value:
        if name.tag == "tag:yaml.org,2002:merge":
            merges.append(member)
        else:
            yield False, name, member
    for member in merges:
        sources = member.value if member.id == "sequence" else [member]
        for source in sources:
            if source.id == "mapping" and source is not node:
                for _, name, value in _pairs(source):
                    yield True, name, value
