"""One case of the load in a process of its own: ``python -m benchmarks.proxy.load JOB`` prints its figures as JSON.

The job is an object: ``case``, ``port``, ``key``, ``headers``, and ``process``, the gateway's number, or null for the
upstream itself.
"""

import asyncio
import json
import operator
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from benchmarks.medians import percentile
from benchmarks.proxy.line import Answer, AnswerError, connect, request
from benchmarks.proxy.models import BLAST, BLAST_FRAMES, FIRST, PACED, RATE, WHOLE
from benchmarks.proxy.process import OTHER_CORE, Processes

try:
    import uvloop as event_loops
except ImportError:
    event_loops = asyncio  # type: ignore[misc]

PATH = "/v1/chat/completions"
CALLERS = 16
WARM_SECONDS, SECONDS = 0.5, 2.0
PACED_SECONDS = 2.5
WARM_CALLS, CALLS = 3, 40
REST_SECONDS = 0.05
RAMP_SECONDS, LONGEST_RAMP = 1.6, 20.0

Figures = dict[str, float]


@dataclass(frozen=True)
class Target:
    """Whom the load asks."""

    port: int
    key: str
    headers: Mapping[str, str]
    process: int | None

    def request(self, model: str, *, stream: bool) -> bytes:
        """The bytes of a request."""
        return request(model, self.key, self.headers, stream=stream, path=PATH)

    def cpu_seconds(self) -> float:
        """What the gateway has spent; nothing where there is none."""
        return 0.0 if self.process is None else Processes(self.process).cpu_seconds()

    def megabytes(self) -> float:
        """The memory that the gateway holds."""
        return 0.0 if self.process is None else Processes(self.process).resident_bytes() / 1e6


async def whole(target: Target) -> Figures:
    """Whole answers to callers that ask again at once."""
    asked = target.request(WHOLE, stream=False)
    count = 0
    stop = time.monotonic() + WARM_SECONDS + SECONDS

    async def call() -> None:
        nonlocal count
        line = await connect(target.port)
        while time.monotonic() < stop:
            await line.ask(asked)
            count += 1
        line.close()

    callers = [asyncio.ensure_future(call()) for _ in range(CALLERS)]
    await asyncio.sleep(WARM_SECONDS)
    began, cpu, before = time.monotonic(), target.cpu_seconds(), count
    await asyncio.gather(*callers)
    spent, answered = target.cpu_seconds() - cpu, count - before
    return {"cpu_us": 1e6 * spent / answered, "per_second": answered / (time.monotonic() - began)}


async def single(target: Target, model: str, *, stream: bool, rest: float = 0.0) -> Figures:
    """One caller, who rests after an answer so many seconds: how long it takes until there is text."""
    line = await connect(target.port)
    asked = target.request(model, stream=stream)
    took = []
    for number in range(WARM_CALLS + CALLS):
        await asyncio.sleep(rest)
        began = time.monotonic()
        answer = await line.ask(asked)
        if answer.first is None:
            raise AnswerError("an answer without text")
        if number >= WARM_CALLS:
            took.append(1e3 * (answer.first - began))
    line.close()
    return {"p50_ms": percentile(took, 50), "p99_ms": percentile(took, 99)}


async def blast(target: Target) -> Figures:
    """Streams that the upstream writes at once, one after the other."""
    line = await connect(target.port)
    asked = target.request(BLAST, stream=True)
    await line.ask(asked)
    stop, cpu, frames = time.monotonic() + SECONDS, target.cpu_seconds(), 0
    while time.monotonic() < stop:
        answer = await line.ask(asked)
        if answer.frames != BLAST_FRAMES or not answer.marked:
            raise AnswerError(f"{answer.frames} of {BLAST_FRAMES} frames, end marker {answer.marked}")
        frames += answer.frames
    spent = target.cpu_seconds() - cpu
    line.close()
    return {"cpu_us": 1e6 * spent / frames}


async def paced(target: Target, streams: int) -> Figures:
    """Streams at a model's pace: cost of a frame, and how much later than it was written each comes.

    They begin one after the other; then a window is looked at in which none begins or ends.
    """
    asked = target.request(PACED, stream=True)
    lines = [await connect(target.port) for _ in range(streams)]
    answers = []
    for line in lines:
        answers.append(line.begin(asked, stamped=True))
        await asyncio.sleep(RAMP_SECONDS / streams)
    await _begun(answers)
    before, cpu = [answer.frames for answer in answers], target.cpu_seconds()
    await asyncio.sleep(PACED_SECONDS)
    spent, megabytes = target.cpu_seconds() - cpu, target.megabytes()
    end = time.monotonic()
    windows = [Window.of(answer, start, end) for answer, start in zip(answers, before, strict=True)]
    for line in lines:
        line.close()
    late = [delay for window in windows for delay in window.late_ms]
    if not late:
        raise AnswerError(f"no frame came within {PACED_SECONDS:g} s")
    return {
        "cpu_us": 1e6 * spent / len(late),
        "share": len(late) / (streams * RATE * PACED_SECONDS),
        "late_p50_ms": percentile(late, 50),
        "late_p99_ms": percentile(late, 99),
        "gap_ms": max(window.gap_ms for window in windows),
        "megabytes": megabytes,
    }


@dataclass(frozen=True)
class Window:
    """What came of one stream while all were looked at.

    Attributes:
        late_ms: by how much each frame came later than it was written, in milliseconds.
        gap_ms: by how much the longest silence was longer than the upstream's own.
    """

    late_ms: Sequence[float]
    gap_ms: float

    @classmethod
    def of(cls, answer: Answer, start: int, end: float) -> Self:
        """The frames from a number on, up to a time."""
        arrived, stamped = answer.arrived[start:], answer.stamped[start:]
        late = [1e3 * (there - written) for there, written in zip(arrived, stamped, strict=True)]
        longer = map(operator.sub, late[1:], late)
        silent = 1e3 * (end - (answer.arrived[-1] if answer.arrived else answer.opened) - 1 / RATE)
        return cls(late, max(0.0, silent, *longer))


async def _begun(answers: Sequence[Answer]) -> None:
    """Wait until each has text, as long as a gateway that keeps up may take for it.

    Raises:
        AnswerError: one has failed.
    """
    latest = time.monotonic() + LONGEST_RAMP
    while not all(answer.frames for answer in answers) and time.monotonic() < latest:  # noqa: ASYNC110
        await asyncio.sleep(0.1)  # ten looks a second cost less than an event for each stream
    if faults := [answer.fault for answer in answers if answer.fault]:
        raise AnswerError(faults[0])


CASES: dict[str, Callable[[Target], Awaitable[Figures]]] = {
    "whole": whole,
    "single": lambda target: single(target, WHOLE, stream=False),
    "first": lambda target: single(target, FIRST, stream=True),
    "rested": lambda target: single(target, FIRST, stream=True, rest=REST_SECONDS),
    "blast": blast,
    "paced32": lambda target: paced(target, 32),
    "paced256": lambda target: paced(target, 256),
}


def main() -> None:
    job: dict[str, Any] = json.loads(sys.argv[1])
    os.sched_setaffinity(0, {OTHER_CORE})
    case = CASES[job.pop("case")]
    loop = event_loops.new_event_loop()
    try:
        print(json.dumps(loop.run_until_complete(case(Target(**job)))))
    except AnswerError as error:
        raise SystemExit(f"AnswerError: {' '.join(str(error).split())}") from None


if __name__ == "__main__":
    main()
