"""Clients that run on Node.js: their packages, fetched once, and a program of theirs against a proxy."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from aiollm.testing import ProviderServer
from tests import ROOT
from tests.missing import do_without
from tests.proxy.clients.wishes import SCHEMA
from tests.proxy.serving import MASTER, Proxy

HERE = Path(__file__).with_name("node")
KEPT = ROOT / ".test-envs" / "node"
FETCH_LIMIT = 50.0  # seconds; a whole fetch takes ten
LIMIT = 30.0


def packages() -> Path:
    """Return a folder with the packages; skip the test where they cannot be had."""
    if not shutil.which("node") or not shutil.which("npm"):
        do_without("node and npm are not on PATH: Debian's packages `nodejs` and `npm` have them")
    KEPT.mkdir(parents=True, exist_ok=True)
    wanted, finished = (HERE / "package.json").read_text(), KEPT / "finished"
    with (KEPT / "lock").open("w") as lock:  # several pytest processes want them at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not finished.exists() or finished.read_text() != wanted:
            (KEPT / "package.json").write_text(wanted)
            _install()
            finished.write_text(wanted)
    return KEPT


def _install() -> None:
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(KEPT)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        do_without(f"not finished after {FETCH_LIMIT:.0f} s: {' '.join(command)}")
    if done.returncode:
        do_without(f"{' '.join(command)} failed:\n{done.stderr}")


async def seen_by(program: str, proxy: Proxy) -> Any:
    """Return what a program saw of a proxy. In the end it leaves a stream, whose upstream must be closed then."""
    variables = {"PROXY": proxy.url, "KEY": MASTER, "SCHEMA": json.dumps(SCHEMA), "AI_SDK_LOG_WARNINGS": "false"}
    return await told_by((HERE / program).read_text(), proxy.provider, variables)


async def told_by(program: str, provider: ProviderServer, variables: dict[str, str]) -> Any:
    """Return the line of JSON that a program tells. In the end it leaves a stream of what stands before a provider."""
    home = await asyncio.to_thread(packages)
    node = await asyncio.create_subprocess_exec(
        *("node", "--input-type=module", "--eval", program),
        cwd=home,  # where a module without a file looks for packages
        env={**os.environ, **variables},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert node.stdin is not None
    assert node.stdout is not None
    try:
        told = await asyncio.wait_for(node.stdout.readline(), LIMIT)
        if told:
            await provider.wait_for_disconnect(len(provider.log) - 1)
            assert node.returncode is None  # it has left the stream, and not the world
        node.stdin.close()
        _, complaints = await asyncio.wait_for(node.communicate(), LIMIT)
    finally:
        if node.returncode is None:
            node.kill()
            await node.wait()
    assert complaints == b"", complaints.decode()
    return json.loads(told)
