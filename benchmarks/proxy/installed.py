"""What a gateway is run by: an environment of Python's, or a folder of npm's packages."""

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.environments import Environments, installed_versions
from benchmarks.proxy.gateways import Gateway


@dataclass(frozen=True)
class Installed:
    """A gateway that is there.

    Attributes:
        program: the interpreter of its environment, or the program itself.
        versions: of what it is made of.
    """

    program: Path
    versions: dict[str, str]


def install(gateway: Gateway, environments: Environments, root: Path) -> Installed:
    """Install a gateway, unless it is there from an earlier run.

    Raises:
        SystemExit: it cannot be had.
    """
    name = f"gateway-{gateway.name}"
    if gateway.program is None:
        python = environments.python(name, gateway.requirements)
        return Installed(python, installed_versions(python, gateway.distributions))
    folder = root / name
    program = folder / gateway.program
    if not program.exists():
        _npm(folder, gateway)
    versions = {
        package: json.loads((folder / "node_modules" / package / "package.json").read_text())["version"]
        for package in gateway.distributions
    }
    return Installed(program, versions)


def _npm(folder: Path, gateway: Gateway) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit(f"{gateway.name} needs Node.js with npm; leave it out by --gateways")
    print(f"installing {' '.join(gateway.requirements)} from npm", file=sys.stderr, flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), *gateway.requirements]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"could not install {gateway.name}: {done.stderr.strip()}")
