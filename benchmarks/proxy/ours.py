"""The proxy of this checkout before the benchmark's upstream, with the packages of the interpreter that runs this."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.provider import CHECKOUT, Provider, running_provider
from benchmarks.proxy.gateways import GATEWAYS, OURS
from benchmarks.proxy.load import Target
from benchmarks.proxy.process import OTHER_CORE
from benchmarks.proxy.running import running


@contextmanager
def running_proxy() -> Iterator[tuple[Target, Provider]]:
    """The proxy, asked with a key that has every limit, and its upstream; this process goes to the other core."""
    program, gateway = Path(sys.executable), replace(GATEWAYS[OURS], environ={"PYTHONPATH": str(CHECKOUT)})
    with (
        running_provider(program, "benchmarks.proxy.upstream") as provider,
        running(gateway, program, provider.port) as proxy,
    ):
        os.sched_setaffinity(0, {OTHER_CORE})
        yield proxy.target, provider
