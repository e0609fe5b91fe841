"""Gateways in turn: each is started and asked for a moment, then the next, so that a busy minute hits all alike."""

import json
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from benchmarks.provider import CHECKOUT, Provider
from benchmarks.proxy.gateways import DIRECT, GATEWAYS
from benchmarks.proxy.load import CASES, Figures, Target
from benchmarks.proxy.process import NotStartedError
from benchmarks.proxy.running import Running, running
from benchmarks.runner import Record, alternating

METHOD = (
    "Each gateway has one core for itself; the upstream and the load share the other. In a round every gateway has a",
    "turn of a few seconds, one after the other, every other round in the reverse order: to be started, and then, of",
    "those that run, to be asked in each of the cases. All but the one whose turn it is are stopped (SIGSTOP), because",
    "some do work when nobody asks. Slow ones have no turn in every second round. Processor time is the gateway's own,",
    "user and system, of all its processes, as the kernel tells it. Figures are medians over the rounds, with the",
    "quartiles in brackets; ratios and differences are made within a round. On a busy machine everything costs more,",
    "and what takes long takes much longer.",
)
"""How a run is made: kept with its figures."""

IDLE_SECONDS = 2.0
"""After which the memory of a gateway that does nothing is looked at."""

CASE_TIMEOUT_SECONDS = 120

LEAVING_SECONDS, LOOK_SECONDS = 20.0, 0.12
"""How long a gateway may take to leave the upstream's streams; a paced one has sent something between two looks."""

Failure = dict[str, str]


class Turns:
    """The turns of the gateways that a run is about.

    Args:
        programs: what each gateway is run by.
        python: the interpreter of the load.
        provider: the upstream of all.
        rounds: in how many rounds each has a turn, unless it is a slow one.
    """

    def __init__(self, programs: Mapping[str, Path], python: Path, provider: Provider, rounds: int) -> None:
        self._programs = programs
        self._python = python
        self._provider = provider
        self._rounds = rounds

    def starts(self) -> Iterator[Record]:
        """A record of each start: how long until the first answer, and the memory held when idle."""
        for number in range(self._rounds):
            for name in _turning(self._programs, number):
                try:
                    with running(GATEWAYS[name], self._programs[name], self._provider.port) as gateway:
                        time.sleep(IDLE_SECONDS)
                        figures = {"seconds": gateway.seconds, "idle_megabytes": gateway.target.megabytes()}
                except NotStartedError as error:
                    yield {"gateway": name, "round": number, "failure": str(error)}
                else:
                    yield {"gateway": name, "round": number, "result": {"start": figures}}

    def cases(self) -> Iterator[Record]:
        """A record of each turn in each case; the upstream has turns as well, without a gateway before it."""
        with ExitStack() as stack:
            there = {DIRECT: Running(Target(self._provider.port, "none", {}, None))}
            for name, program in self._programs.items():
                try:
                    there[name] = stack.enter_context(running(GATEWAYS[name], program, self._provider.port))
                except NotStartedError as error:
                    yield {"gateway": name, "round": 0, "failure": str(error)}
                else:
                    there[name].rest()
            for case in CASES:
                for number in range(self._rounds):
                    for name in _turning(there, number):
                        yield {"gateway": name, "round": number, "result": {case: self._turn(case, there[name])}}

    def _turn(self, case: str, gateway: Running) -> Figures | Failure:
        with gateway.turn():
            figures = self._load(case, gateway.target)
            if not self._is_left_alone():
                gateway.kill()  # the streams that it reads would take their share of every later turn
                return {"failure": f"it read on for {LEAVING_SECONDS:g} s after its callers had left, and was ended"}
        return figures

    def _load(self, case: str, target: Target) -> Figures | Failure:
        """The figures of a case, or why there are none."""
        job = json.dumps({"case": case, **asdict(target)})
        command = [str(self._python), "-m", "benchmarks.proxy.load", job]
        try:
            done = subprocess.run(
                command, cwd=CHECKOUT, capture_output=True, text=True, timeout=CASE_TIMEOUT_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return {"failure": f"not done within {CASE_TIMEOUT_SECONDS} s"}
        told = (done.stderr if done.returncode else done.stdout).strip().splitlines()
        if done.returncode:
            return {"failure": told[-1][:200]}
        figures: Figures = json.loads(told[-1])
        return figures

    def _is_left_alone(self) -> bool:
        """Whether nobody reads a stream of the upstream any longer, soon enough."""
        latest = time.monotonic() + LEAVING_SECONDS
        sent = -1.0
        while sent != (sent := self._provider.account()["chunks"]):
            if time.monotonic() > latest:
                return False
            time.sleep(LOOK_SECONDS)
        return True


def _turning(names: Iterable[str], number: int) -> list[str]:
    """Who has a turn in a round, in its order."""
    return alternating([name for name in names if name == DIRECT or number % GATEWAYS[name].every == 0], number)
