"""What a Python file has of LiteLLM: its imports, names, settings and calls."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Container, Iterator

from aiollm import Router as OwnRouter
from aiollm.api import acompletion
from aiollm.compat.litellm.differences import Difference, Section, differences
from aiollm.compat.litellm.router import Router
from aiollm.compat.migration.finding import Finding
from aiollm.compat.migration.names import MODULE, becomes_of
from aiollm.router_arguments.not_here import NOT_HERE
from aiollm.router_arguments.settings import RouterSettings

__all__ = ["findings_in_source"]

_CALLS = frozenset(
    {
        *("completion", "acompletion", "text_completion", "atext_completion", "embedding", "aembedding"),
        *("responses", "aresponses", "batch_completion", "abatch_completion", "mock_completion"),
        *("completion_with_retries", "acompletion_with_retries", "batch_completion_models"),
    }
)
_OF_THE_FUNCTION = frozenset({"max_workers", "models"})
_CALLBACKS = frozenset({"callbacks", "success_callback", "failure_callback", "input_callback"})
_ROUTERS = (Router, OwnRouter)  # what the first has not it takes from the second
_NO_METHOD = "there is no such method; docs/router.md says which there are"
_NO_SERVICE = "services are not called by name: give a function or a CustomLogger that calls it"
_PASSED_ON = "no parameter that is known: it goes to the provider as it is"
_OWN = frozenset(inspect.signature(acompletion).parameters)  # what only aiollm has among them


def findings_in_source(text: str, file: str) -> list[Finding]:
    """Return what a file has to change, in the order of its lines; nothing for a file without LiteLLM.

    Args:
        text: the file's content.
        file: what it is called in the findings.
    """
    if "litellm" not in text:
        return []
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        return [Finding(file, line, "missing", "the file", "it cannot be read as Python, and nothing is known of it")]
    reader = _Reader(file)
    reader.visit(tree)
    return sorted(set(reader.found))


class _Reader(ast.NodeVisitor):
    """Follows the names that a file has from LiteLLM.

    Attributes:
        found: the findings.
    """

    def __init__(self, file: str) -> None:
        self.found: list[Finding] = []
        self._file = file
        self._names: dict[str, str] = {}  # of the file -> of LiteLLM, "" for the module itself
        self._routers: set[str] = set()

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            root, _, below = alias.name.partition(".")
            if root != "litellm":
                continue
            self._names[alias.asname or root] = below if alias.asname else ""
            known = f"{MODULE}.{below}" if below else MODULE
            self._add(node, "change", f"import {alias.name}", f"import {known} as {alias.asname or root}")
            if below:
                self._tell(node, below)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        root, _, below = (node.module or "").partition(".")
        if root != "litellm" or node.level:
            return
        place = f"{MODULE}.{below}" if below else MODULE
        names = ", ".join(alias.name for alias in node.names)
        self._add(node, "change", f"from {node.module} import {names}", f"from {place} import ...")
        for alias in node.names:
            name = f"{below}.{alias.name}" if below else alias.name
            self._names[alias.asname or alias.name] = name
            if alias.name != "*":
                self._tell(node, name)

    def visit_Assign(self, node: ast.Assign) -> None:
        if isinstance(node.value, ast.Call) and self._litellms(node.value.func) in ("Router", "router.Router"):
            self._routers.update(ast.unparse(target) for target in node.targets)
        for name in filter(None, map(self._litellms, node.targets)):
            if name in _CALLBACKS:
                self._tell_services(node.value, f"litellm.{name} = ")
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        name = self._litellms(node)
        if name:
            self._tell(node, name)
        else:
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        called = self._litellms(node.func) or ""
        function = called.rpartition(".")[2]
        if function == "Router":
            self._check(node, "Router", "router", {"model_list", *RouterSettings.__annotations__})
        elif function in _CALLS or self._asks_a_router(node.func):
            self._check(node, function or ast.unparse(node.func), "arguments", ())
        elif (method := self._of_a_router(node.func)) and not any(hasattr(kind, method) for kind in _ROUTERS):
            self._add(node, "missing", ast.unparse(node.func), _NO_METHOD)
        self.generic_visit(node)

    def _tell_services(self, value: ast.expr, where: str) -> None:
        for item in _listed(value):
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                self._add(item, "missing", f"{where}[{item.value!r}]", _NO_SERVICE)

    def _asks_a_router(self, called: ast.expr) -> bool:
        return self._of_a_router(called) in _CALLS

    def _of_a_router(self, called: ast.expr) -> str | None:
        """Return the method of a router that is called, or None."""
        if isinstance(called, ast.Attribute) and ast.unparse(called.value) in self._routers:
            return called.attr
        return None

    def _litellms(self, node: ast.expr) -> str | None:
        """Return LiteLLM's name of an expression, without the module's own; None when it has none."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self._names:
            return None
        return ".".join(filter(None, [self._names[node.id], *reversed(parts)])) or None

    def _check(self, node: ast.Call, function: str, section: Section, known: Container[str]) -> None:
        """Look at the keyword arguments of a call."""
        for keyword in node.keywords:
            name = keyword.arg
            if name is None or name in known or name in _OF_THE_FUNCTION or _is_off(keyword.value):
                continue
            if section == "arguments" and name in _CALLBACKS:
                self._tell_services(keyword.value, f"{function}({name}=)")
            row = differences(section).get(name) or _unlisted(name, section)
            self._note(keyword.value, f"{function}({name}=)", row)

    def _tell(self, node: ast.AST, name: str) -> None:
        self._note(node, f"litellm.{name}", becomes_of(name))

    def _note(self, node: ast.AST, name: str, row: Difference) -> None:
        if row.kind != "same":
            self._add(node, row.kind, name, row.note)

    def _add(self, node: ast.AST, kind: str, name: str, note: str) -> None:
        self.found.append(Finding(self._file, getattr(node, "lineno", 1), kind, name, note))  # type: ignore[arg-type]


def _unlisted(name: str, section: Section) -> Difference:
    """Return what becomes of an argument that the table does not have."""
    if section == "router":
        return Difference("missing", NOT_HERE.get(name, "there is no such argument"))
    return Difference("same") if name in _OWN else Difference("differs", _PASSED_ON)


def _listed(value: ast.expr) -> Iterator[ast.expr]:
    """Yield what a list has, or several that are added up."""
    if isinstance(value, ast.List | ast.Tuple | ast.Set):
        yield from value.elts
    elif isinstance(value, ast.BinOp):
        yield from (*_listed(value.left), *_listed(value.right))
    else:
        yield value


def _is_off(value: ast.expr) -> bool:
    """Whether an argument says nothing: None, or False, which is what those that are missing may be."""
    return isinstance(value, ast.Constant) and (value.value is None or value.value is False)
