"""The proxy of this checkout before the benchmark's upstream, with the packages of the interpreter that runs this."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.provider import CHECKOUT, Provider, running_provider
from benchmarks.proxy.gateways import GATEWAYS, MASTER, OURS, Place
from benchmarks.proxy.load import Target
from benchmarks.proxy.process import OTHER_CORE, free_port, started
from benchmarks.proxy.starting import wait_for_answer


@contextmanager
def running_proxy() -> Iterator[tuple[Target, Provider]]:
    """The proxy, asked with a key that has every limit, and its upstream; this process goes to the other core."""
    program, gateway = Path(sys.executable), GATEWAYS[OURS]
    with running_provider(program, "benchmarks.proxy.upstream") as provider, TemporaryDirectory() as folder:
        place = Place(program, Path(folder), free_port(), f"http://127.0.0.1:{provider.port}")
        with started(gateway.command(place), place.folder, {"PYTHONPATH": str(CHECKOUT)}) as process:
            wait_for_answer(process, place.port, MASTER, {})
            os.sched_setaffinity(0, {OTHER_CORE})
            yield Target(place.port, gateway.key(f"http://127.0.0.1:{place.port}"), {}, process.pid), provider
