"""The source files of a tree, parsed once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path

NEEDED = {
    "aiollm.integrations.langchain": "langchain_core",
    "aiollm.integrations.llama_index": "llama_index",
    "aiollm.integrations.pydantic_ai": "pydantic_ai",
    "aiollm.jobs.dask": "distributed",
}  # module -> the package that it is made of, from an extra


@dataclass(frozen=True)
class Module:
    """One source file, named by its path below the folder that holds the package."""

    root: Path
    path: Path

    @property
    def where(self) -> str:
        return self.path.relative_to(self.root).as_posix()

    @property
    def name(self) -> str:
        parts = self.path.relative_to(self.root).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.where)


@cache
def modules(root: Path, *folders: str) -> tuple[Module, ...]:
    """Return the modules of ``folders`` (all below ``root``) in the order of their paths."""
    return tuple(Module(root, path) for folder in folders for path in sorted((root / folder).rglob("*.py")))


def importable(some: tuple[Module, ...]) -> list[Module]:
    """Return those that can be imported with what is installed."""
    return [module for module in some if module.name not in NEEDED or find_spec(NEEDED[module.name])]


def imported(node: ast.AST) -> Iterator[str]:
    """Yield the dotted names an import statement may bind: ``from a import b`` gives ``a`` and ``a.b``."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
