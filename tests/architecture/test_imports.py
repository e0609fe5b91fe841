"""What importing does: each module stands alone, and importing the package touches nothing outside of it."""

import os
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from pathlib import Path

import pytest

from tests import PACKAGE, ROOT
from tests.architecture.source import Module, importable, modules
from tests.programs import python

# Importing a module imports the package first. So the package is loaded once, beside a slow dependency; each
# module that it does not load itself is then imported in a fork that has seen nothing else of ours.
IMPORT_EACH_ALONE = """
    import importlib, os, sys, traceback
    import aiohttp.web, aiollm

    failed = False
    for name in sys.argv[1:]:
        if name in sys.modules:
            continue
        child = os.fork()
        if child == 0:
            try:
                importlib.import_module(name)
            except BaseException:
                print(name, traceback.format_exc(), flush=True)
                os._exit(1)
            os._exit(0)
        failed |= os.waitpid(child, 0)[1] != 0
    sys.exit(failed)
"""

IMPORT_WATCHED = """
    import sys

    OUTWARD = ("socket.", "subprocess.", "os.fork", "os.posix_spawn", "os.exec", "_thread.start", "urllib.", "http.")
    seen = []
    sys.addaudithook(lambda event, arguments: seen.append(event) if event.startswith(OUTWARD) else None)
    import aiollm

    assert not seen, f"import aiollm did {seen}"
    heavy = {*sys.argv[1:]} & {*sys.modules}
    assert not heavy, f"import aiollm loaded {sorted(heavy)}"
"""

HEAVY = (
    "aiohttp.web",
    "aiollm.cli",
    "aiollm.compat",
    "aiollm.proxy",
    "aiollm.testing",
    "argparse",
    "distributed",
    "matplotlib",
    "numpy",
    "openai",
    "opentelemetry",
    "prometheus_client",
    "pyarrow",
    "pydantic",
    "ray",
    "redis",
    "rich",
    "uvloop",
    "xllamacpp",
    "yaml",
)


def package_of(module: Module) -> str:
    """Return the package of the first level that a module is in; the own name of the package that has them all."""
    names = module.name.split(".")
    return names[1] if len(names) > 2 else names[0]


def run_alone(script: str, *arguments: str) -> None:
    result = python("-W", "error", "-c", textwrap.dedent(script), *arguments)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.parametrize("package", sorted({package_of(module) for module in importable(modules(ROOT, "aiollm"))}))
def test_each_module_imports_alone(package: str) -> None:
    """A package at a time: all modules together take half a minute."""
    every = importable(modules(ROOT, "aiollm"))
    run_alone(IMPORT_EACH_ALONE, *(module.name for module in every if package_of(module) == package))


def test_importing_the_package_touches_nothing() -> None:
    run_alone(IMPORT_WATCHED, *HEAVY)


def build(kind: str, folder: Path) -> Path:
    """Build the distribution of a kind and return its file."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (file,) = folder.iterdir()
    return file


@pytest.mark.slow
def test_the_source_distribution_holds_the_tests_without_the_quoted_pages(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"README.md", "aiollm/api.py", "tests/documents/block.py"} <= names
    assert not [name for name in names if name.startswith("tests/documents/pages/")]


@pytest.mark.slow
def test_the_wheel_holds_the_package_and_nothing_else(tmp_path: Path) -> None:
    wheel = build("wheel", tmp_path)
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    source = {path for path in PACKAGE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert names == {"pytest_aiollm.py", *(path.relative_to(ROOT).as_posix() for path in source)}
    assert {"aiollm/py.typed", "aiollm/providers/catalog.json"} <= names
    assert not [name for name in names if name.endswith(".pth")]
