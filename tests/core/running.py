"""Programs that run in a process of their own, so that their end can be looked at."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

from tests import ROOT

HEAD = """
import asyncio, gc, logging, os, signal, sys, threading, time
import aiollm
from aiollm.testing import *

# On a busy machine a debugging loop complains of any callback that takes 0.1 s.
logging.getLogger("asyncio").addFilter(lambda record: " took " not in record.getMessage())
CALL = dict(model="openai/scripted", messages=[{"role": "user", "content": "hi"}], api_key="sk-test")
"""


def run(program: str, *arguments: str, code: int = 0, options: tuple[str, ...] = ("-X", "dev", "-W", "error")) -> str:
    """Run a program with warnings as errors; it must print nothing on stderr. Return what it printed."""
    done = subprocess.run(
        [sys.executable, *options, "-c", HEAD + textwrap.dedent(program), *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.stderr == "", done.stderr
    assert done.returncode == code
    return done.stdout.strip()
