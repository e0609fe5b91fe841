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


async def test_several_groups_are_asked_at_once() -> None:
    async with ProviderServer() as server:
        router = litellm.Router(model_list(server))
        answers = await router.abatch_completion(models=["fast", "large"], messages=MESSAGES)
        assert [answer.model for answer in answers] == ["a", "b"]
        table = await router.abatch_completion(models=["fast", "nobody"], messages=[MESSAGES, MESSAGES])
        kinds = [[type(answer) for answer in row] for row in table]
        assert kinds == [[litellm.ModelResponse, type(table[0][1])]] * 2
        assert isinstance(table[0][1], litellm.BadRequestError)
        many = await router.abatch_completion_one_model_multiple_requests("large", [MESSAGES, MESSAGES])
        assert [answer.model for answer in many] == ["b", "b"]
        fastest = await router.abatch_completion_fastest_response(model="nobody, large", messages=MESSAGES)
        assert fastest.model == "b"
        assert (await router.schedule_acompletion("fast", MESSAGES, priority=0)).model == "a"


def test_a_group_goes_on_with_a_prompt(server: ProviderServer) -> None:
    router = litellm.Router(model_list(server))
    assert router.text_completion("fast", "Say").choices[0].text == "Fine, thanks!"


async def test_a_group_goes_on_with_a_prompt_asynchronously() -> None:
    async with ProviderServer() as server:
        server.reply("Fine, thanks!")
        router = litellm.Router(model_list(server))
        assert (await router.atext_completion(model="fast", prompt="Say")).choices[0].text == "Fine, thanks!"


def test_what_a_router_has_is_told(server: ProviderServer) -> None:
    router = litellm.Router(model_list(server))
    assert [entry["model_name"] for entry in router.model_list] == ["fast", "large"]
    assert router.get_available_deployment(model="fast", messages=MESSAGES)["litellm_params"]["model"] == "openai/a"


def test_a_deployment_fails_as_its_mock_says(server: ProviderServer) -> None:
    first, second = model_list(server)
    first["litellm_params"]["mock_response"] = "litellm.InternalServerError"
    router = litellm.Router([first, second], num_retries=0, fallbacks=[{"fast": ["large"]}])
    assert router.completion("fast", MESSAGES).model == "b"


def test_a_group_fails_where_a_test_of_its_fallbacks_wants_it(server: ProviderServer) -> None:
    router = litellm.Router(model_list(server), fallbacks=[{"fast": ["large"]}])
    assert router.completion("fast", MESSAGES, mock_testing_fallbacks=True).model == "b"
    with pytest.raises(litellm.UnsupportedParamsError, match="calls of a Router have it"):
        litellm.completion("openai/a", MESSAGES, mock_testing_fallbacks=True)
