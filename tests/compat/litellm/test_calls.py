from __future__ import annotations

import time

import pytest

import aiollm
from aiollm.compat import litellm
from aiollm.testing import ProviderServer, embeddings, reply, role, stall, status, tokens

MODEL = "openai/gpt-4o"
MESSAGES = [{"role": "user", "content": "Hello!"}]


def test_a_completion_is_a_response(server: ProviderServer) -> None:
    response = litellm.completion(MODEL, MESSAGES, temperature=0.5)
    assert isinstance(response, litellm.ModelResponse)
    assert response["choices"][0]["message"]["content"] == "Fine, thanks!"
    assert server.log[0].member("temperature") == 0.5


async def test_an_awaited_completion_streams(server: ProviderServer) -> None:
    stream = await litellm.acompletion(model=MODEL, messages=MESSAGES, stream=True)
    assert isinstance(stream, litellm.CustomStreamWrapper)
    assert "".join([chunk.choices[0].delta.content or "" async for chunk in stream]) == "Fine, thanks!"


def test_settings_stand_for_arguments_that_are_not_given(server: ProviderServer) -> None:
    litellm.num_retries = 0
    litellm.headers = {"x-team": "red"}
    server.enqueue(status(500))
    with pytest.raises(litellm.InternalServerError):
        litellm.completion(MODEL, MESSAGES)
    assert litellm.completion(MODEL, MESSAGES, extra_headers={"x-team": "blue"})
    assert [request.headers["x-team"] for request in server.log] == ["red", "blue"]


def test_parameters_that_a_provider_lacks_are_dropped_where_the_module_says_so(
    server: ProviderServer,
) -> None:
    asked = {
        "model": "anthropic/claude-3-haiku",
        "messages": MESSAGES,
        "api_key": "none",
        "api_base": server.url,
        "logit_bias": {"1": 2},
    }
    with pytest.raises(litellm.UnsupportedParamsError):
        litellm.completion(**asked)
    litellm.drop_params = True
    assert litellm.completion(**asked)
    with pytest.raises(aiollm.UnsupportedParamsError):  # it is no setting of aiollm's
        aiollm.completion(**asked)
    assert server.log[0].member("logit_bias") is None


def test_an_argument_without_a_counterpart_says_what_to_use() -> None:
    with pytest.raises(litellm.UnsupportedParamsError, match=r"client: .* say api_base and api_key"):
        litellm.completion(MODEL, MESSAGES, client=object())


def test_texts_become_vectors(server: ProviderServer) -> None:
    server.script(embeddings([0.5, 1.0]), path="/v1/embeddings")
    assert litellm.embedding("openai/text-embedding-3-small", ["a"]).data[0].embedding == [0.5, 1.0]


async def test_texts_become_vectors_asynchronously(server: ProviderServer) -> None:
    server.script(embeddings(), path="/v1/embeddings")
    response = await litellm.aembedding("openai/text-embedding-3-small", ["a"])
    assert len(response.data) == 1


def test_a_response_streams_events(server: ProviderServer) -> None:
    assert litellm.responses("Hello!", MODEL).output_text == "Fine, thanks!"
    events = [event.type for event in litellm.responses("Hello!", MODEL, stream=True)]
    assert events[-1] == "response.completed"


async def test_an_awaited_response_streams_events(server: ProviderServer) -> None:
    assert (await litellm.aresponses("Hello!", MODEL)).output_text == "Fine, thanks!"
    events = [event.type async for event in await litellm.aresponses("Hello!", MODEL, stream=True)]
    assert events[-1] == "response.completed"


def test_a_batch_has_errors_in_the_place_of_answers(server: ProviderServer) -> None:
    server.script(lambda request: status(400) if "bad" in request.body.decode() else reply("good"))
    questions = [[{"role": "user", "content": text}] for text in ("good", "bad", "good")]
    answers = litellm.batch_completion(MODEL, questions, max_workers=2)
    assert [isinstance(answer, litellm.BadRequestError) for answer in answers] == [False, True, False]


def test_the_first_answer_of_several_models_wins_and_the_others_are_cut_off(server: ProviderServer) -> None:
    server.script(lambda request: stall() if request.member("model") == "slow" else reply("quick"))
    answer = litellm.batch_completion_models(messages=MESSAGES, models=["openai/slow", "openai/quick"])
    assert answer.model == "quick"
    (slow,) = [request.index for request in server.log if request.member("model") == "slow"]
    assert server.run(server.wait_for_disconnect(slow)).disconnected_by == "client"


def test_models_that_all_fail_raise_the_last_error(server: ProviderServer) -> None:
    server.script(status(400))
    with pytest.raises(litellm.BadRequestError):
        litellm.batch_completion_models(messages=MESSAGES, models=["openai/a", "openai/b"])


def test_all_answers_of_several_models_come_in_order(server: ProviderServer) -> None:
    answers = litellm.batch_completion_models_all_responses(messages=MESSAGES, models=["openai/a", "openai/b"])
    assert [answer.model for answer in answers] == ["a", "b"]


def test_a_mock_delay_is_waited_for() -> None:
    began = time.monotonic()
    assert litellm.mock_completion(MODEL, MESSAGES, mock_delay=0.05).choices[0].message.content
    assert time.monotonic() - began >= 0.05


async def test_retries_are_counted_by_the_call(server: ProviderServer) -> None:
    server.enqueue(status(500, retry_after=0))
    assert await litellm.acompletion_with_retries(MODEL, MESSAGES)
    assert len(server.log) == 2
    server.script(status(400))
    with pytest.raises(litellm.BadRequestError):
        litellm.completion_with_retries(MODEL, MESSAGES)


def test_a_key_is_tried_out(server: ProviderServer) -> None:
    assert litellm.check_valid_key(MODEL, "good")
    server.script(status(401))
    assert not litellm.check_valid_key(MODEL, "bad")


def test_a_cache_answers_the_second_call(server: ProviderServer) -> None:
    litellm.cache = litellm.Cache(type="local")
    answers = [litellm.completion(MODEL, MESSAGES) for _ in range(2)]
    assert answers[1]._hidden_params["cache_hit"]
    litellm.disable_cache()
    assert litellm.cache is None
    litellm.completion(MODEL, MESSAGES)
    assert len(server.log) == 2


def test_a_budget_holds_for_all_calls(server: ProviderServer) -> None:
    litellm.max_budget = 1e-9
    with pytest.raises(litellm.BudgetExceededError):
        litellm.completion(MODEL, MESSAGES, max_tokens=100)
    assert server.log == []


async def test_leaving_a_loop_closes_the_connection() -> None:
    async with ProviderServer() as server:
        server.script([role(), tokens("a b"), stall()])
        stream = await litellm.acompletion(MODEL, MESSAGES, stream=True, api_base=server.base_url, api_key="none")
        async for _ in stream:
            break
        request = await server.wait_for_disconnect(0)
        assert request.disconnected_by == "client"
