"""A virtual environment of its own, in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

UNWANTED = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")
SURROUNDINGS = {name: value for name, value in os.environ.items() if name not in UNWANTED}
"""Taken before the tests hide the user's folders, in which uv keeps what it has fetched."""


@dataclass(frozen=True)
class Place:
    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Self:
        uv("venv", "--python", sys.executable, str(folder / "venv"))
        return cls(folder)

    @property
    def python(self) -> Path:
        return self.folder / "venv" / "bin" / "python"

    def install(self, *requirements: str) -> str:
        """Install packages, with what they need, and return what was said."""
        return uv("pip", "install", "--python", str(self.python), *requirements)

    def would_install(self, *requirements: str) -> str:
        """Find the packages that belong together, without installing any."""
        return uv("pip", "install", "--dry-run", "--python", str(self.python), *requirements)

    def run(self, *command: str, limit: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in its folder, for `limit` seconds at the most."""
        path = f"{self.python.parent}{os.pathsep}{SURROUNDINGS['PATH']}"
        surroundings = SURROUNDINGS | {"VIRTUAL_ENV": str(self.folder / "venv"), "PATH": path}
        return subprocess.run(
            command, cwd=self.folder, env=surroundings, capture_output=True, text=True, timeout=limit, check=False
        )


def uv(*arguments: str) -> str:
    command = [sys.executable, "-m", "uv", *arguments]
    done = subprocess.run(command, env=SURROUNDINGS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr
