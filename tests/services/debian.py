"""Servers out of the distribution's packages, fetched without installing them: without root, and nothing is started."""

import os
import shutil
import subprocess
from pathlib import Path

from tests import ROOT

KEPT = ROOT / ".test-envs" / "services"
STEP_LIMIT = 50.0  # seconds; a whole fetch takes seven


class FetchError(Exception):
    """The package could not be had; the text says why."""


def fetch(package: str) -> Path:
    """Return a folder with a package's files and those of what it needs and this machine lacks, fetched once.

    Raises:
        FetchError: there is no apt here, or it could not reach its archive.
    """
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise FetchError(f"{package} is not on PATH, and there is no apt-get here to fetch it")
    import fcntl  # not everywhere, but where apt is

    KEPT.mkdir(parents=True, exist_ok=True)
    home = KEPT / package
    with (KEPT / f"{package}.lock").open("w") as lock:  # several pytest processes want it at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not home.is_dir():
            _unpack(package, home)
    return home


def environment(home: Path) -> dict[str, str]:
    """Return this process's variables, and where a fetched program finds its libraries."""
    libraries = [str(folder) for folder in home.glob("usr/lib/*-linux-*")]
    return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(libraries)}


def _unpack(package: str, home: Path) -> None:
    apt = KEPT / f"{package}.apt"
    archives = apt / "cache" / "archives"
    for folder in (apt / "lists" / "partial", archives / "partial"):
        folder.mkdir(parents=True, exist_ok=True)
    # Lists and a cache of our own: the system's may be stale or absent, and only root may renew them.
    own = ["-o", f"Dir::State::lists={apt}/lists", "-o", f"Dir::Cache={apt}/cache", "-o", "Debug::NoLocking=1", "-q"]
    own += ["-o", "APT::Sandbox::User="]  # which root would change to, and which may not write here
    _run("apt-get", *own, "update")
    _run("apt-get", *own, "install", "-y", "--no-install-recommends", "-d", package)
    unpacked = apt / "root"
    for archive in archives.glob("*.deb"):
        _run("dpkg-deb", "-x", str(archive), str(unpacked))
    unpacked.rename(home)
    shutil.rmtree(apt)


def _run(*command: str) -> None:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=STEP_LIMIT,
            check=False,
            text=True,
        )
    except subprocess.TimeoutExpired:
        raise FetchError(f"not finished after {STEP_LIMIT:.0f} s: {' '.join(command)}") from None
    if done.returncode:
        raise FetchError(f"{' '.join(command)} failed:\n{done.stdout}")
