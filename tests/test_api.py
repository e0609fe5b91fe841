from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest

import aiollm
from aiollm import Timeouts
from aiollm.testing import ProviderServer, status
from tests.engine.calling import KEY, MESSAGES, arguments, collected, text_of

BAD: list[tuple[str, dict[str, Any], str]] = [
    ("model empty", {"model": ""}, "model must be text"),
    ("model of a wrong type", {"model": 7}, "model must be text"),
    ("provider unknown", {"model": "opanai/gpt-4o"}, "openai"),
    ("messages empty", {"messages": []}, "messages is empty"),
    ("messages None", {"messages": None}, "messages must be a list of messages"),
    ("messages a text", {"messages": "hello"}, "messages must be a list of messages"),
    ("messages one message", {"messages": MESSAGES[0]}, "messages must be a list of messages"),
    ("message a text", {"messages": ["hello"]}, r"messages\[0\] must be a dict"),
    ("role unknown", {"messages": [{"role": "asistant", "content": "x"}]}, r"\['role'\].*did you mean 'assistant'"),
    ("role missing", {"messages": [*MESSAGES, {"content": "x"}]}, r"messages\[1\]\['role'\]"),
    ("content a number", {"messages": [{"role": "user", "content": 5}]}, r"\['content'\] must be text"),
    ("temperature NaN", {"temperature": math.nan}, "temperature must be a finite number.*nan"),
    ("temperature infinite", {"temperature": math.inf}, "temperature"),
    ("temperature a text", {"temperature": "hot"}, "temperature"),
    ("temperature a flag", {"temperature": True}, "temperature"),
    ("top_p above 1", {"top_p": 1.5}, "top_p"),
    ("n zero", {"n": 0}, "n must be a whole number from 1"),
    ("max_tokens a float", {"max_tokens": 1.5}, "max_tokens"),
    ("stop a number", {"stop": 5}, "stop"),
    ("tools a dict", {"tools": {}}, "tools"),
    ("response_format a text", {"response_format": "json"}, "response_format"),
    ("stream a text", {"stream": "yes"}, "stream must be True or False"),
    ("stream a number", {"stream": 1}, "stream must be True or False"),
    ("stream_options a text", {"stream_options": "usage", "stream": True}, "stream_options"),
    ("timeout zero", {"timeout": 0}, "timeout must be a number of seconds above 0"),
    ("timeout negative", {"timeout": -1}, "timeout"),
    ("timeout NaN", {"timeout": math.nan}, "timeout"),
    ("timeout a text", {"timeout": "10"}, "timeout"),
    ("stream_timeout zero", {"stream_timeout": 0, "stream": True}, "stream_timeout"),
    ("base without scheme", {"api_base": "localhost:8000/v1"}, "api_base|base_url"),
    ("base of a wrong scheme", {"api_base": "ftp://127.0.0.1/"}, "api_base|base_url"),
    ("base a number", {"api_base": 5}, "api_base|base_url"),
    ("key a number", {"api_key": 5}, "api_key must be a string"),
    ("key empty", {"api_key": " "}, "api_key is empty"),
    ("extra_headers a list", {"extra_headers": ["X: 1"]}, "extra_headers must be a dict"),
    ("extra_headers of numbers", {"extra_headers": {"X-A": 5}}, "extra_headers"),
    ("extra_headers with a line end", {"extra_headers": {"X-A": "a\r\nX-B: b"}}, "extra_headers"),
    ("extra_headers named by a number", {"extra_headers": {5: "a"}}, "extra_headers"),
    ("extra_body a text", {"extra_body": "x"}, "extra_body must be a dict"),
    ("metadata a text", {"metadata": "x"}, "metadata must be a dict"),
    ("num_retries negative", {"num_retries": -1}, "num_retries must be a whole number from 0"),
    ("drop_params a text", {"drop_params": "yes"}, "drop_params must be True or False"),
    ("additional_drop_params a text", {"additional_drop_params": "seed"}, "additional_drop_params"),
    ("additional_drop_params of numbers", {"additional_drop_params": [5]}, "additional_drop_params"),
    ("allowed_openai_params a number", {"allowed_openai_params": 5}, "allowed_openai_params"),
    ("custom_llm_provider unknown", {"custom_llm_provider": "opanai"}, "opanai"),
]


@pytest.mark.parametrize(("options", "says"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
async def test_a_bad_argument_is_named_and_nothing_is_sent(options: dict[str, Any], says: str) -> None:
    async with ProviderServer() as server:
        with pytest.raises(aiollm.BadRequestError, match=says):
            await aiollm.acompletion(**arguments(server) | options)
        assert server.connections == 0


@pytest.mark.parametrize(("options", "says"), [BAD[3][1:], BAD[28][1:]], ids=["messages", "timeout"])
def test_a_bad_argument_is_named_by_the_blocking_function_too(options: dict[str, Any], says: str) -> None:
    with ProviderServer() as server:
        with pytest.raises(aiollm.BadRequestError, match=says):
            aiollm.completion(**arguments(server) | options)
        assert server.connections == 0


async def test_a_missing_key_names_its_variables_and_nothing_is_sent() -> None:
    async with ProviderServer() as server:
        with pytest.raises(aiollm.AuthenticationError, match="OPENAI_API_KEY") as caught:
            await aiollm.acompletion("openai/gpt-4o", MESSAGES, api_base=server.base_url)
        assert caught.value.llm_provider == "openai"
        assert server.connections == 0


async def test_a_model_that_is_served_here_has_no_address() -> None:
    with pytest.raises(aiollm.BadRequestError, match=r'have no api_base.*"llama_cpp/smollm2"'):
        await aiollm.acompletion("local/smollm2", MESSAGES, api_base="http://127.0.0.1:9/v1")


async def test_the_key_and_the_base_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async with ProviderServer() as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-from-environment")
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        response = await aiollm.acompletion("gpt-4o", MESSAGES)
        assert response.choices[0].message.content
        assert server.log[0].headers["authorization"] == "Bearer sk-from-environment"
        assert server.log[0].json["model"] == "gpt-4o"


async def test_base_url_wins_over_api_base() -> None:
    async with ProviderServer() as server, ProviderServer() as other:
        await aiollm.acompletion(**arguments(other, base_url=server.base_url))
        assert (len(server.log), len(other.log)) == (1, 0)


async def test_messages_may_be_objects() -> None:
    async with ProviderServer() as server:
        response = await aiollm.acompletion(**arguments(server))
        await aiollm.acompletion(**arguments(server, messages=(*MESSAGES, response.choices[0].message)))
        sent = server.log[1].json["messages"]
        assert sent[1]["role"] == "assistant"
        assert sent[1]["content"] == response.choices[0].message.content
        assert None not in sent[1].values()


async def test_arguments_are_not_changed() -> None:
    async with ProviderServer() as server:
        messages = [{"role": "user", "content": "hi"}]
        options = {"include_usage": True}
        headers = {"X-A": "1"}
        await collected(
            await aiollm.acompletion(
                **arguments(server, messages=messages, stream_options=options, extra_headers=headers, stream=True)
            )
        )
        assert messages == [{"role": "user", "content": "hi"}]
        assert (options, headers) == ({"include_usage": True}, {"X-A": "1"})


@pytest.mark.parametrize("stream", [True, False])
async def test_timeouts_may_be_given_one_by_one(stream: bool) -> None:
    async with ProviderServer() as server:
        timeout = Timeouts(connect=1, first_token=2, idle=3, total=4)
        result = await aiollm.acompletion(**arguments(server, timeout=timeout, stream=stream))
        if stream:
            assert (await collected(result))[1] is None


@pytest.mark.parametrize("stream", [None, False])
async def test_without_stream_a_whole_answer_comes(stream: bool | None) -> None:
    async with ProviderServer() as server:
        assert isinstance(await aiollm.acompletion(**arguments(server, stream=stream)), aiollm.ModelResponse)


async def test_retries_are_accepted_and_notes_are_not_sent() -> None:
    async with ProviderServer() as server:
        await aiollm.acompletion(**arguments(server, num_retries=2, max_retries=3, metadata={"user_id": "u1"}))
        assert server.log[0].json.keys() == {"model", "messages"}


async def test_calls_from_many_tasks_are_independent() -> None:
    async with ProviderServer() as server:
        server.reply("same")
        streams = await asyncio.gather(*(aiollm.acompletion(**arguments(server, stream=True)) for _ in range(20)))
        results = await asyncio.gather(*(collected(stream) for stream in streams))
        assert [text_of(chunks) for chunks, _ in results] == ["same"] * 20


async def test_the_key_may_be_a_secret() -> None:
    async with ProviderServer() as server:
        await aiollm.acompletion(**arguments(server, api_key=aiollm.Secret(KEY)))
        assert server.log[0].headers["authorization"] == f"Bearer {KEY}"


async def test_function_tools_of_a_model_that_reasons_go_by_way_of_the_responses_api(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Seen by a proxy, since it is so at OpenAI's own hosts only."""
    tool = {"type": "function", "function": {"name": "f"}}
    async with ProviderServer() as server:
        monkeypatch.setenv("HTTP_PROXY", server.base_url.removesuffix("/v1"))
        server.script(status(500))
        for options in ({}, {"tools": [tool]}, {"tools": [tool], "reasoning_effort": "none"}):
            with pytest.raises(aiollm.InternalServerError):
                await aiollm.acompletion(
                    "openai/gpt-5.4",
                    MESSAGES,
                    api_base="http://api.openai.com/v1",
                    api_key=KEY,
                    num_retries=0,
                    **options,
                )
        paths = [request.target.rpartition("/v1")[2] for request in server.log]
        assert paths == ["/chat/completions", "/responses", "/chat/completions"]
