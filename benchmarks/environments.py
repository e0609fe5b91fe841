"""A virtual environment for each library, made on first use and kept in a cache folder."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.provider import CHECKOUT

DEFAULT_ROOT = Path.home() / ".cache" / "aiollm-benchmarks"
MARKER = "benchmark-requirements.json"


class Environments:
    """The environments under one folder. Delete the folder to have the newest releases installed again."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))

    def python(self, name: str, requirements: Sequence[str]) -> Path:
        """The interpreter of the environment ``name`` with ``requirements`` in it.

        The checkout itself is installed anew each time, so that its current source is what runs.
        """
        folder = self._root / name
        python = folder / "bin" / "python"
        marker = folder / MARKER
        wanted = json.dumps([sys.version, *requirements])
        ready = marker.exists() and marker.read_text() == wanted
        if not ready:
            print(f"making the environment {name}: {' '.join(requirements)}", file=sys.stderr, flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            self._create(folder)
        if not ready or _has_checkout(requirements):
            self._install(python, requirements)
            marker.write_text(wanted)
        return python

    def _create(self, folder: Path) -> None:
        if self._uv:
            _run([self._uv, "venv", "--quiet", "--seed", "--python", sys.executable, str(folder)])
        else:
            _run([sys.executable, "-m", "venv", str(folder)])

    def _install(self, python: Path, requirements: Sequence[str]) -> None:
        if self._uv:
            again = ["--reinstall-package", "aiollm"]
            quiet = ["--quiet", "--compile-bytecode", "--python", str(python)]
            _run([self._uv, "pip", "install", *quiet, *again, *requirements])
        else:
            again = ["--force-reinstall"] if _has_checkout(requirements) else []
            _run([str(python), "-m", "pip", "install", "--quiet", *again, *requirements])


def _has_checkout(requirements: Sequence[str]) -> bool:
    """Whether the checkout is among them, with extras or without."""
    return any(requirement.partition("[")[0] == str(CHECKOUT) for requirement in requirements)


def installed_versions(python: Path, distributions: Sequence[str]) -> dict[str, str]:
    """The versions of ``distributions`` that ``python`` would import."""
    code = "import json, sys\nfrom importlib.metadata import version\n"
    code += "print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
    # Isolated, so that metadata a build left in the checkout is not taken for what is installed.
    done = subprocess.run([str(python), "-I", "-c", code, *distributions], capture_output=True, text=True, check=True)
    versions: dict[str, str] = json.loads(done.stdout)
    return versions


def _run(command: list[str]) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"could not prepare a benchmark environment: {' '.join(command)}\n{done.stderr.strip()}")
