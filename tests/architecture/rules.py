"""The rules a linter has no word for: each takes a module and yields what breaks it, with the line."""

import ast
import re
from collections.abc import Callable, Iterator

from tests.architecture.source import Module, imported

Rule = Callable[[Module], Iterator[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef

# What only some places may import; a place is a file, or a folder with its slash.
RESERVED = {
    "aiohttp": ("aiollm/core/",),
    "aiohttp.web": ("aiollm/integrations/", "aiollm/testing/"),  # not the proxy: all of it is slow to load
    "aiohttp.web_exceptions": ("aiollm/integrations/web.py",),
    "aiohttp.web_protocol": ("aiollm/integrations/web.py",),
    "aiohttp.web_request": ("aiollm/integrations/web.py",),
    "aiohttp.web_response": ("aiollm/integrations/web.py",),
    "aiohttp.web_server": ("aiollm/integrations/web.py",),
    "threading": (
        "aiollm/cache/lane.py",
        "aiollm/core/guard.py",
        "aiollm/core/runtime.py",
        "aiollm/sync/",
        "aiollm/testing/leaks.py",
    ),
}
# What reads the environment, and the one file that may.
ENVIRONMENT = {
    "os.environ": "aiollm/providers/registry.py",
    "os.getenv": "aiollm/providers/registry.py",
    "os.putenv": "aiollm/providers/registry.py",
    "urllib.request.getproxies": "aiollm/core/proxies.py",
    "urllib.request.proxy_bypass": "aiollm/core/proxies.py",
}
VAGUE_FILES = re.compile(r"(utils?|helpers?|common|misc|base_.*)\.py")
NAMED_BY_OTHERS = ("aiollm/compat/litellm/utils.py", "aiollm/compat/litellm/types/utils.py")  # as programs import them
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
MOST_FILE_LINES = 500
MOST_FUNCTION_LINES = 60


def own_imports_inside_functions(module: Module) -> Iterator[str]:
    for function in functions(module):
        for node in ast.walk(function):
            if any(name.partition(".")[0] == "aiollm" for name in imported(node)):
                yield f"{at(module, node)} {function.name}() imports from aiollm"


def global_statements(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Global):
            yield f"{at(module, node)} global {', '.join(node.names)}"


def reserved_imports(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        names = [*imported(node)]
        if isinstance(node, ast.ImportFrom) and names[1:] == ["aiohttp.web"]:
            names = ["aiohttp.web"]
        for name in sorted({covering(name) for name in names} - {""}):
            if not module.where.startswith(RESERVED[name]):
                yield f"{at(module, node)} imports {name}"


def covering(name: str) -> str:
    """Return the longest key of RESERVED that a dotted name belongs to, or nothing."""
    while name and name not in RESERVED:
        name = name.rpartition(".")[0]
    return name


def environment_reads(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        used = {ast.unparse(node)} if isinstance(node, ast.Attribute) else {*imported(node)}
        for name in sorted(used & ENVIRONMENT.keys()):
            if module.where != ENVIRONMENT[name]:
                yield f"{at(module, node)} uses {name}"


def long_files(module: Module) -> Iterator[str]:
    lines = module.text.count("\n")
    if lines > MOST_FILE_LINES:
        yield f"{module.where} has {lines} lines"


def long_functions(module: Module) -> Iterator[str]:
    """A function's lines are those of its body: parameters and docstring are what its callers read."""
    for function in functions(module):
        body = function.body[1:] if ast.get_docstring(function) else function.body
        lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
        if lines > MOST_FUNCTION_LINES:
            yield f"{at(module, function)} {function.name}() has {lines} lines"


def unfinished_code(module: Module) -> Iterator[str]:
    for number, line in enumerate(module.text.splitlines(), 1):
        if found := UNFINISHED.search(line):
            yield f"{module.where}:{number} {found.group()}"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Raise) and node.exc and "NotImplementedError" in ast.unparse(node.exc):
            yield f"{at(module, node)} raises NotImplementedError"


def vague_names(module: Module) -> Iterator[str]:
    if VAGUE_FILES.fullmatch(module.path.name) and module.where not in NAMED_BY_OTHERS:
        yield f"{module.where} is named for nothing"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef) and node.name.endswith(("Manager", "Helper", "Utils")):
            yield f"{at(module, node)} class {node.name} is named for nothing"


def functions(module: Module) -> list[Function]:
    return [node for node in ast.walk(module.tree) if isinstance(node, Function)]


def at(module: Module, node: ast.AST) -> str:
    return f"{module.where}:{getattr(node, 'lineno', 0)}"
