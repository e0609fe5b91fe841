from __future__ import annotations

import pytest

import aiollm
from aiollm.sync.thread import loop_thread
from tests.programs import run


def test_there_is_one_thread() -> None:
    assert loop_thread() is loop_thread()


def test_a_blocking_call_on_the_loop_thread_is_refused() -> None:
    async def inside() -> None:
        aiollm.completion(model="openai/x", messages=[{"role": "user", "content": "hi"}], mock_response="x")

    with pytest.raises(RuntimeError, match="await acompletion"):
        loop_thread().run(inside())


def test_importing_starts_no_thread() -> None:
    assert run("print(threading.active_count())") == "1"
