"""LiteLLM's documented ways to hear of calls."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from aiollm.compat import litellm
from aiollm.compat.litellm.integrations.custom_logger import CustomLogger
from aiollm.testing import ProviderServer, role, stall, status, tokens

MODEL = "openai/gpt-4o"
MESSAGES = [{"role": "user", "content": "Hello!"}]


class Logger(CustomLogger):
    def __init__(self) -> None:
        self.heard: list[tuple[str, Any]] = []
        self.failed = threading.Event()  # which may be told on the loop's own thread

    def log_pre_api_call(self, model: str, messages: Any, kwargs: dict[str, Any]) -> None:
        self.heard.append(("pre", model))

    def log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self.heard.append(("success", response_obj.choices[0].message.content))

    def log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self.heard.append(("failure", type(kwargs["exception"]).__name__))
        self.failed.set()


@pytest.mark.parametrize("stream", [True, False])
def test_functions_hear_of_success_with_the_cost(stream: bool, server: ProviderServer) -> None:
    heard: list[tuple[Any, ...]] = []

    def track_cost(kwargs: Any, completion_response: Any, start_time: Any, end_time: Any) -> None:
        text = completion_response.choices[0].message.content
        heard.append((kwargs["model"], text, start_time <= end_time, kwargs["response_cost"]))

    server.reply("Fine, thanks!", usage={"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12})
    litellm.success_callback = [track_cost]
    usage = {"stream_options": {"include_usage": True}} if stream else {}
    answer = litellm.completion(MODEL, MESSAGES, stream=stream, **usage)
    if stream:
        list(answer)
    ((model, text, in_order, cost),) = heard
    assert (text, in_order) == ("Fine, thanks!", True)
    assert "gpt-4o" in model
    assert cost > 0


def test_functions_hear_of_failure(server: ProviderServer) -> None:
    heard: list[Any] = []
    litellm.failure_callback.append(lambda kwargs, response, start, end: heard.append(kwargs["exception"]))
    server.script(status(400))
    with pytest.raises(litellm.BadRequestError) as caught:
        litellm.completion(MODEL, MESSAGES)
    assert heard == [caught.value]


def test_a_custom_logger_hears_of_all_that_becomes_of_calls(server: ProviderServer) -> None:
    logger = Logger()
    litellm.callbacks = [logger]
    litellm.success_callback = [logger]  # which is not told twice
    litellm.completion(MODEL, MESSAGES)
    server.script(status(401))
    with pytest.raises(litellm.AuthenticationError):
        litellm.completion(MODEL, MESSAGES)
    kinds = [kind for kind, _ in logger.heard]
    assert kinds == ["pre", "success", "pre", "failure"]
    assert logger.heard[1][1] == "Fine, thanks!"


async def test_asynchronous_methods_are_awaited() -> None:
    heard: list[str] = []

    class Asynchronous(CustomLogger):
        async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
            heard.append(response_obj.choices[0].message.content)

    logger = Asynchronous()
    litellm.callbacks = [logger]
    await litellm.acompletion(MODEL, MESSAGES, mock_response="made up")
    await logger.drain()
    assert heard == ["made up"]


def test_a_stream_that_is_left_is_told(server: ProviderServer) -> None:
    logger = Logger()
    litellm.callbacks = [logger]
    server.script([role(), tokens("one two"), stall()])
    for _ in litellm.completion(MODEL, MESSAGES, stream=True):
        break
    assert logger.failed.wait(30)
    assert ("failure", "StreamCancelled") in logger.heard


def test_a_router_tells_too(server: ProviderServer) -> None:
    logger = Logger()
    litellm.callbacks = [logger]
    place = {"model": MODEL, "api_base": server.base_url, "api_key": "none"}
    litellm.Router([{"model_name": "fast", "litellm_params": place}]).completion("fast", MESSAGES)
    assert ("success", "Fine, thanks!") in logger.heard


def test_the_name_of_a_service_is_refused() -> None:
    litellm.success_callback = ["langfuse"]
    with pytest.raises(TypeError, match="langfuse"):
        litellm.completion(MODEL, MESSAGES, mock_response="yes")
