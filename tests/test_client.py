"""A client has the functions of the package, with its own policies."""

from __future__ import annotations

from typing import Any

import pytest

import aiollm
from aiollm import Client, Retry
from aiollm.testing import ProviderServer, status
from tests.engine.calling import KEY, arguments, text_of


async def test_its_functions_answer_as_those_of_the_package() -> None:
    client = Client()
    async with ProviderServer() as server:
        where: Any = {"api_base": server.base_url, "api_key": KEY}
        response = await client.acompletion(**arguments(server, temperature=0.5, top_k=3))
        assert response.choices[0].message.content
        stream = await client.acompletion(**arguments(server, stream=True))
        assert text_of([chunk async for chunk in stream])
        assert len((await client.aembedding("openai/small", "Hi", **where)).data) == 1
        assert (await client.aresponses("Hi", "openai/x", **where)).output_text
        assert server.log[0].json["temperature"] == 0.5
        assert server.log[0].json["top_k"] == 3


def test_its_blocking_functions_too() -> None:
    client = Client()
    with ProviderServer() as server:
        where: Any = {"api_base": server.base_url, "api_key": KEY}
        assert client.completion(**arguments(server)).choices[0].message.content
        assert text_of(client.completion(**arguments(server, stream=True)))
        assert len(client.embedding("openai/small", "Hi", **where).data) == 1
        assert client.responses("Hi", "openai/x", **where).output_text


async def test_its_policies_hold_for_its_calls_only() -> None:
    never = Client(retry=Retry(retries=0))
    async with ProviderServer() as server:
        server.script(status(503, retry_after=0.01))
        for ask, attempts in ((never.acompletion, 1), (Client(retry=Retry()).acompletion, 3)):
            with pytest.raises(aiollm.ServiceUnavailableError) as caught:
                await ask(**arguments(server, num_retries=None))
            assert len(caught.value.attempts) == attempts


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"retry": 0}, r"retry must be an object such as aiollm.Retry\(retries=4\); got 0"),
        ({"hedge": 0.5}, "hedge must be an object such as aiollm.Hedge"),
        ({"limiter": 500}, "limiter must be an object such as aiollm.Limiter"),
        ({"budget": 5}, "budget must be an object such as aiollm.Budget"),
        ({"cache": True}, "cache must be an object such as aiollm.Cache"),
        ({"cache": aiollm.MemoryStore()}, r"such as aiollm.Cache\(.*\); got <MemoryStore"),
    ],
)
def test_what_is_no_policy_is_told_with_how_to_write_one(wrong: dict[str, Any], says: str) -> None:
    for kind in (Client, aiollm.Router):
        if "retry" not in wrong or kind is Client:
            with pytest.raises(TypeError, match=says):
                kind(**wrong)


async def test_a_wrong_argument_is_found_before_anything_is_sent() -> None:
    with pytest.raises(aiollm.BadRequestError, match="temperature must be"):
        await Client().acompletion("openai/x", [{"role": "user", "content": "Hi"}], temperature="hot", api_key=KEY)


async def test_no_key_is_in_what_a_traceback_captures() -> None:
    with pytest.raises(aiollm.BadRequestError) as caught:
        await Client().acompletion("openai/x", [], api_key=KEY)
    trace = caught.value.__traceback__
    assert trace is not None
    while trace.tb_next is not None:
        trace = trace.tb_next
        assert KEY not in repr(trace.tb_frame.f_locals)
