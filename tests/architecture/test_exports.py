"""What a face of the package offers is written down in its ``__all__``, whole and true."""

import ast
import importlib
from collections.abc import Iterator

import pytest

from tests import ROOT
from tests.architecture.source import Module, importable, modules

FACES = ("aiollm", "aiollm.exceptions", "aiollm.testing")  # and every package that passes on names of its modules


def listed(module: Module) -> list[str] | None:
    """Return the names of the list, those of a module's own list among them where that is added to it."""
    names: list[str] | None = None
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            names = [*ast.literal_eval(node.value)]
        elif isinstance(node, ast.AugAssign) and ast.unparse(node.target) == "__all__":
            names = [*(names or ()), *(listed(below(module, ast.unparse(node.value).removesuffix(".__all__"))) or ())]
    return names


def passed_on(module: Module) -> Iterator[str]:
    """Yield the names a package's ``__init__`` imports from its own modules."""
    for node in module.tree.body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(module.name):
            found = (alias.asname or alias.name for alias in node.names if not is_below(module, node, alias))
            for name in found:
                yield from [name] if name != "*" else listed(below(module, str(node.module).rpartition(".")[2])) or []


def is_below(module: Module, node: ast.ImportFrom, alias: ast.alias) -> bool:
    """Whether what is imported is a module, and no name of one."""
    return node.module == module.name and any(other.name == f"{module.name}.{alias.name}" for other in ALL)


def below(module: Module, name: str) -> Module:
    return next(other for other in ALL if other.name == f"{module.name}.{name}")


def offered(module: Module) -> set[str]:
    own = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    names = {*passed_on(module), *(node.name for node in module.tree.body if isinstance(node, own))}
    return {name for name in names if not name.startswith("_")}


def is_face(module: Module) -> bool:
    return module.name in FACES or (module.path.name == "__init__.py" and any(passed_on(module)))


ALL = modules(ROOT, "aiollm")


def test_each_face_is_there_and_has_its_list() -> None:
    assert {*FACES} - {module.name for module in ALL} == set()
    assert [module.name for module in ALL if is_face(module) and listed(module) is None] == []


@pytest.mark.parametrize("module", [*filter(is_face, ALL)], ids=lambda module: module.name)
def test_the_list_of_a_face_is_whole(module: Module) -> None:
    assert sorted(offered(module) - {*(listed(module) or [])}) == []


@pytest.mark.parametrize("module", [*filter(listed, importable(ALL))], ids=lambda module: module.name)
def test_a_list_is_true(module: Module) -> None:
    names = listed(module) or []
    assert len({*names}) == len(names)
    loaded = importlib.import_module(module.name)
    assert [name for name in names if not hasattr(loaded, name)] == []


@pytest.mark.parametrize("module", [*filter(listed, ALL)], ids=lambda module: module.name)
def test_no_listed_name_hides_a_module(module: Module) -> None:
    """A function ``aiollm.providers`` would make ``import aiollm.providers as rooms`` give the function."""
    under = {other.name.rpartition(".")[2] for other in ALL if other.name.rpartition(".")[0] == module.name}
    assert {*(listed(module) or [])} & under == set()
