"""Six event loops in a row, five calls in each, by a program that closes nothing: errors and what is printed."""

import asyncio
import sys
from collections import Counter
from typing import Any

from benchmarks.libraries import Library
from benchmarks.provider import Provider
from benchmarks.reading import read_stream
from benchmarks.scenarios.scenario import Figure, Scenario

LOOPS, CALLS = 6, 5
NOISE_BEGINS = "-- the calls begin --"


def measure(library: Library, provider: Provider, streaming: bool) -> dict[str, Any]:
    """Make the calls with the clients a user would keep: one for the whole program."""
    errors: Counter[str] = Counter()
    clients: list[Any] = []

    async def calls() -> None:
        asyncio.get_running_loop().slow_callback_duration = float("inf")  # a busy machine's noise, not the library's
        if not clients:
            clients.append(library.client(provider.base_url(3)))
            print(NOISE_BEGINS, file=sys.stderr, flush=True)
        for _ in range(CALLS):
            try:
                await (read_stream(clients[0]) if streaming else clients[0].whole())
            except Exception as error:  # noqa: BLE001  # whatever a library raises is a figure here
                errors[type(error).__name__] += 1

    for _ in range(LOOPS):
        asyncio.run(calls())
    return {"errors": sum(errors.values()), "error_names": dict(errors)}


SCENARIO = Scenario(
    name="event_loops",
    title=f"{LOOPS} times `asyncio.run`, {CALLS} calls in each",
    about=f"Calls that failed, of {LOOPS * CALLS}, and lines printed to stderr under `python -X dev` "
    "by a program that closes nothing.",
    measure=measure,
    cells={"whole replies": {"streaming": False}, "streams": {"streaming": True}},
    figures=(Figure("errors", "errors", 0), Figure("stderr_lines", "lines printed", 0)),
    rounds=1,
    interpreter_flags=("-X", "dev"),
)
