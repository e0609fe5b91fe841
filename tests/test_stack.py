"""The policies around a call have their work at its beginning and its end, and none in between."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import aiollm
from aiollm import Budget, Cache, Client, Hedge, Limiter
from aiollm.testing import ProviderServer, finish, role, tokens, usage
from tests.engine.calling import arguments, collected

PACKAGE = Path(aiollm.__file__).parent
OF_POLICIES = tuple(
    str(PACKAGE / place)
    for place in ("middleware", "cache", "pricing", "core/gate.py", "core/permit.py", "engine/record.py", "stack.py")
)


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count how often functions of the policies are called or resumed in this thread."""
    calls: Counter[str] = Counter()

    def count(frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(OF_POLICIES):
            calls[frame.f_code.co_qualname] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        yield calls
    finally:
        sys.setprofile(before)


async def test_no_policy_but_single_flight_does_anything_for_a_chunk() -> None:
    pieces = 400
    client = Client(
        limiter=Limiter(rpm=1_000, tpm=10**9), hedge=Hedge(after=60), budget=Budget(tokens=10**9), cache=Cache()
    )
    with ProviderServer() as server:
        server.script([role(), tokens(["word "] * pieces), finish(), usage(9, pieces)])
        stream = await client.acompletion(**arguments(server, stream=True))
        with counted() as calls:
            chunks, _ = await collected(stream)
    assert len(chunks) > pieces
    assert calls["_ended"], "nothing was booked at the end"
    assert max(calls.values()) < pieces / 20, calls.most_common(3)


async def test_cache_and_single_flight_have_one_key_of_a_call() -> None:
    client = Client(cache=Cache(), single_flight=True)
    with ProviderServer() as server, counted() as calls:
        await client.acompletion(**arguments(server))
    assert calls["cache_key"] == 1


async def test_a_call_without_other_ways_to_its_answer_takes_no_step_for_them() -> None:
    other_ways = {"fall_back", "prefill", "Recovering.__call__"}
    client = Client(limiter=Limiter(rpm=1_000))
    with ProviderServer() as server:
        with counted() as calls:
            await client.acompletion(**arguments(server))
        assert calls["Retrying.__call__"]
        assert not other_ways & calls.keys()
        for asked in ({"fallbacks": ["openai/other"]}, {"mid_stream": "restart"}):
            with counted() as calls:
                await client.acompletion(**arguments(server, **asked))
            assert other_ways <= calls.keys()
