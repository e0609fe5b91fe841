"""The child process of the embedded model: llama.cpp's HTTP server on a loopback port, for as long as its parent lives.

The parent runs this file by its path, so that the child imports nothing of the library and starts quickly. It reads
one line of JSON from stdin (`Order`). What llama.cpp logs while it loads goes to stderr; when it accepts requests, one
line of JSON on stdout says so: `{"address": "http://127.0.0.1:PORT"}`. The end of stdin is the end of the child.
"""

from __future__ import annotations

import fcntl
import importlib
import json
import os
import select
import sys
from typing import Any, TypedDict

# A context of 8,192 tokens, shared by 4 answers at once. By default llama.cpp reserves memory for the model's whole
# context, which is gigabytes for most, and fits the model to a GPU's memory first, which doubles the time to load.
_CONTEXT_TOKENS = 8192
_ANSWERS_AT_ONCE = 4

_STDIN, _STDOUT, _STDERR = 0, 1, 2


class Order(TypedDict):
    """What the parent wants served."""

    weights: str
    model: str
    secret: str
    threads: int
    packages: str


def main() -> None:
    """Serve the model that the order on stdin names, until the parent ends."""
    parent = os.getppid()
    order: Order = json.loads(_read_line())
    _end_with_stdin()
    sys.path.append(order["packages"])
    server = _start(importlib.import_module("xllamacpp"), order)
    _report(server.listening_address)
    _wait_for_the_end_of(parent)
    # llama.cpp's destructors wait for running answers.
    os._exit(0)


def _start(llama: Any, order: Order) -> Any:
    params = llama.CommonParams()
    params.model.path = order["weights"]
    params.model_alias = {order["model"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [order["secret"]]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = order["threads"]
    params.n_ctx = _CONTEXT_TOKENS
    params.n_parallel = _ANSWERS_AT_ONCE
    params.kv_unified = True
    params.fit_params = False
    params.cache_ram_mib = 0
    params.endpoint_slots = False
    params.ui = False
    params.verbosity = 1
    return llama.Server(params)


def _report(address: str) -> None:
    """Write the last line that the parent reads, then fall silent: a log kept for weeks would fill the disk."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, _STDERR)
    os.write(_STDOUT, b"\n" + json.dumps({"address": address}).encode() + b"\n")
    os.dup2(silence, _STDOUT)


def _read_line() -> bytes:
    """Read stdin to the end of its first line, and not a byte further: the rest is left to be watched."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(_STDIN, 1)
        if not byte:
            sys.exit(0)
        line += byte
    return line


def _end_with_stdin() -> None:
    """Let the kernel end this process (SIGIO, unhandled) when the parent's end of the pipe closes.

    llama.cpp holds the interpreter's lock while it loads, so no Python code could notice it. The parent's death signal
    (`PR_SET_PDEATHSIG`) will not do: it is sent when the thread that started the child ends.
    """
    fcntl.fcntl(_STDIN, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(_STDIN, fcntl.F_SETFL, fcntl.fcntl(_STDIN, fcntl.F_GETFL) | os.O_ASYNC)
    if select.select([_STDIN], [], [], 0)[0]:  # it closed before the kernel was asked
        sys.exit(0)


def _wait_for_the_end_of(parent: int) -> None:
    """Return when stdin ends, or when the parent has gone and only its forks still hold the pipe open."""
    while os.getppid() == parent:
        readable, _, _ = select.select([_STDIN], [], [], 1.0)
        if readable:
            return


if __name__ == "__main__":
    main()
