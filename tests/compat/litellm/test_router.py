from __future__ import annotations

from typing import Any

import pytest

from aiollm.compat import litellm
from aiollm.testing import ProviderServer, cut, embeddings, role, status, tokens

MESSAGES = [{"role": "user", "content": "Hello!"}]


def model_list(server: ProviderServer) -> list[dict[str, Any]]:
    place = {"api_base": server.base_url, "api_key": "none"}
    return [
        {"model_name": "fast", "litellm_params": {"model": "openai/a", **place}},
        {"model_name": "large", "litellm_params": {"model": "openai/b", **place}},
    ]


def test_a_router_has_litellms_arguments_streams_and_errors(server: ProviderServer) -> None:
    router = litellm.Router(
        model_list=model_list(server), set_verbose=True, num_retries=0, client_ttl=5, fallbacks=[{"fast": ["large"]}]
    )
    server.enqueue(status(500))
    assert router.completion("fast", MESSAGES).model == "b"
    stream = router.completion("fast", MESSAGES, stream=True)
    assert isinstance(stream, litellm.CustomStreamWrapper)
    assert len(list(stream)) == 4
    server.script(status(429))
    with pytest.raises(litellm.RateLimitError):
        router.completion("fast", MESSAGES)


async def test_a_router_asks_asynchronously() -> None:
    async with ProviderServer() as server:
        router = litellm.Router(model_list(server))
        server.enqueue([role(), tokens("so far"), cut()])
        stream = await router.acompletion(model="fast", messages=MESSAGES, stream=True)
        with pytest.raises(litellm.MidStreamFallbackError):
            [chunk async for chunk in stream]
        server.script(embeddings(), path="/v1/embeddings")
        assert len((await router.aembedding("fast", ["a"])).data) == 1


def test_a_router_embeds(server: ProviderServer) -> None:
    server.script(embeddings(), path="/v1/embeddings")
    assert len(litellm.Router(model_list(server)).embedding("fast", ["a"]).data) == 1


def test_settings_of_the_module_hold_for_a_router(server: ProviderServer) -> None:
    litellm.num_retries = 0
    litellm.headers = {"x-team": "red"}
    router = litellm.Router(model_list(server))
    server.enqueue(status(500))
    with pytest.raises(litellm.InternalServerError):
        router.completion("fast", MESSAGES)
    assert [request.headers["x-team"] for request in server.log] == ["red"]


def test_answers_are_kept_where_the_router_is_told_so(server: ProviderServer) -> None:
    router = litellm.Router(model_list(server), cache_responses=True)
    for _ in range(2):
        router.completion("fast", MESSAGES)
    assert len(server.log) == 1


def test_the_other_methods_are_aiollms(server: ProviderServer) -> None:
    router = litellm.Router(model_list(server))
    assert router.get_model_names() == ["fast", "large"]
    with pytest.raises(AttributeError, match=r"docs/router\.md"):
        router.auto_pilot()


def test_an_argument_that_a_router_has_not_says_what_to_do(server: ProviderServer) -> None:
    with pytest.raises(TypeError, match="assistants"):
        litellm.Router(model_list(server), assistants_config={"a": 1})
