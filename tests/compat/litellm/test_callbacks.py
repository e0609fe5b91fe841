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


def test_functions_hear_that_a_call_begins(server: ProviderServer) -> None:
    heard: list[Any] = []
    litellm.input_callback = [lambda kwargs: heard.append((kwargs["model"], kwargs["messages"], len(server.log)))]
    litellm.completion(MODEL, MESSAGES)
    assert heard == [("gpt-4o", MESSAGES, 0)]


def test_a_call_may_have_callbacks_of_its_own(server: ProviderServer) -> None:
    heard: list[str] = []
    litellm.success_callback = [lambda *_: heard.append("all")]
    litellm.max_budget = 5.0
    server.reply("Fine", usage={"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12})
    litellm.completion(MODEL, MESSAGES, success_callback=[lambda *_: heard.append("one")])
    answer = litellm.completion(MODEL, MESSAGES)
    assert heard == ["all", "one", "all"]
    assert litellm._current_cost == pytest.approx(2 * litellm.completion_cost(answer))


def test_a_call_of_a_router_has_none_of_its_own() -> None:
    router = litellm.Router([{"model_name": "fast", "litellm_params": {"model": MODEL, "api_key": "none"}}])
    with pytest.raises(litellm.UnsupportedParamsError, match="those that the module has"):
        router.completion("fast", MESSAGES, callbacks=[Logger()])


def test_a_stream_that_was_not_counted_has_an_estimate_and_no_cost(server: ProviderServer) -> None:
    heard: list[Any] = []

    def track_cost(kwargs: Any, completion_response: Any, start_time: Any, end_time: Any) -> None:
        heard.append((kwargs["response_cost"], litellm.completion_cost(kwargs["complete_streaming_response"])))

    litellm.success_callback = [track_cost]
    list(litellm.completion(MODEL, MESSAGES, stream=True))
    ((known, estimate),) = heard
    assert known is None
    assert estimate > 0


@pytest.mark.parametrize("fails", [False, True])
def test_the_facts_of_a_call_have_litellms_names(fails: bool, server: ProviderServer) -> None:
    heard: list[Any] = []
    litellm.callbacks = [lambda kwargs, *_: heard.append(kwargs)]
    options: dict[str, Any] = {"metadata": {"tags": ["a"]}, "user": "u"}
    if fails:
        server.script(status(400))
        with pytest.raises(litellm.BadRequestError):
            litellm.completion(MODEL, MESSAGES, **options)
    else:
        server.reply("Fine", usage={"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12})
        litellm.completion(MODEL, MESSAGES, **options)
    (kwargs,) = heard
    facts = kwargs["standard_logging_object"]
    assert facts["status"] == ("failure" if fails else "success")
    assert (facts["request_tags"], facts["end_user"]) == (["a"], "u")
    assert facts["startTime"] <= facts["completionStartTime"] <= facts["endTime"]
    assert facts["total_tokens"] == (0 if fails else 12)
    assert facts["response_cost"] == kwargs["response_cost"]
    if fails:
        assert facts["error_information"]["error_code"] == "400"
        assert "BadRequestError" in kwargs["traceback_exception"]
