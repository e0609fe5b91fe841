"""Programs that run in a process of their own, so that their end can be looked at."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

from tests import ROOT

LIMIT = 50.0  # seconds; what is waited for takes a few
STRICT = ("-X", "dev", "-W", "error")
HEAD = """
import asyncio, gc, logging, os, signal, sys, threading, time
import aiollm
from aiollm.testing import *

# On a busy machine a debugging loop complains of any callback that takes 0.1 s.
logging.getLogger("asyncio").addFilter(lambda record: " took " not in record.getMessage())
CALL = dict(model="openai/scripted", messages=[{"role": "user", "content": "hi"}], api_key="sk-test")
"""


def environment(**more: str) -> dict[str, str]:
    """Return this process's variables with those of a program that imports the checkout and speaks UTF-8."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **more}


def python(
    *arguments: str, stdin: bytes = b"", limit: float = LIMIT, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run this interpreter with arguments to its end and return how it ended and what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments],
        input=stdin,
        capture_output=True,
        env=environment(**variables),
        timeout=limit,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def run(program: str, *arguments: str, code: int = 0, options: tuple[str, ...] = STRICT) -> str:
    """Run a program with warnings as errors; it must print nothing on stderr. Return what it printed."""
    done = python(*options, "-c", HEAD + textwrap.dedent(program), *arguments)
    assert done.stderr == "", done.stderr
    assert done.returncode == code
    return done.stdout.strip()
