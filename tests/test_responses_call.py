"""`aresponses` over a real socket: what is sent, what comes back, and how it ends."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

import aiollm
from aiollm import EventStream, Timeouts
from aiollm.testing import ProviderServer, cut, event, raw, rst, stall, status
from tests.dialects.test_responses_stream import CREATED, USAGE, completed, message, text
from tests.engine.calling import KEY, pool_facts

WHOLE = {"id": "resp_1", "model": "m", "status": "completed", "output": [message("Hello")], "usage": USAGE}


def steps(*events: dict[str, Any]) -> list[Any]:
    return [event(one, event=one["type"]) for one in (CREATED, *events)]


def options(server: ProviderServer, **more: Any) -> dict[str, Any]:
    return {"model": "openai/m", "api_base": server.base_url, "api_key": KEY, "input": "Hi"} | more


async def opened(server: ProviderServer, **more: Any) -> EventStream:
    return await aiollm.aresponses(stream=True, num_retries=0, **options(server, **more))


async def collected(stream: EventStream) -> tuple[list[Any], Exception | None]:
    events: list[Any] = []
    try:
        async for one in stream:
            events.append(one)  # noqa: PERF401  # those before an error are kept
    except Exception as error:  # noqa: BLE001  # it is what the test looks at
        return events, error
    return events, None


async def test_events_are_streamed_and_accounted_for() -> None:
    async with ProviderServer() as server:
        server.script(steps(text("Hel"), text("lo"), completed(message("Hello"))))
        stream = await opened(server, max_output_tokens=20, store=None)
        outcomes: list[aiollm.Outcome] = []
        stream.on_close(outcomes.append)
        events, error = await collected(stream)
        assert error is None
        assert [one.type.rpartition(".")[2] for one in events] == ["created", "delta", "delta", "completed"]
        assert events[-1].response.output_text == "Hello"
        assert events[-1]["response"]["usage"]["input_tokens"] == 9
        assert (stream.usage.total_tokens, stream.finish_reason) == (14, "stop")
        assert [(outcome.ended, outcome.chunks) for outcome in outcomes] == [("complete", 4)]
        assert repr(stream) == "<EventStream openai/m ended, 4 chunks>"
        request = server.log[0]
        assert request.path == "/v1/responses"
        assert request.json == {"model": "m", "input": "Hi", "max_output_tokens": 20, "stream": True}
        assert pool_facts()["idle"] == 1


async def test_a_whole_response() -> None:
    async with ProviderServer() as server:
        server.script([raw(json.dumps(WHOLE).encode())])
        response = await aiollm.aresponses(**options(server))
        assert (response.output_text, response.status) == ("Hello", "completed")
        assert server.log[0].json == {"model": "m", "input": "Hi"}


async def test_the_items_of_an_output_go_back_in() -> None:
    async with ProviderServer() as server:
        server.script([raw(json.dumps(WHOLE).encode())])
        first = await aiollm.aresponses(**options(server))
        again = [{"role": "user", "content": "Hi"}, *first.output, {"role": "user", "content": "And?"}]
        await aiollm.aresponses(**options(server, input=again))
        assert server.log[1].json["input"] == [again[0], message("Hello"), again[2]]


async def test_a_class_with_a_schema_is_a_text_format() -> None:
    class Answer:
        @staticmethod
        def model_json_schema() -> dict[str, Any]:
            return {"type": "object"}

    async with ProviderServer() as server:
        server.script([raw(json.dumps(WHOLE).encode())])
        await aiollm.aresponses(**options(server, text_format=Answer, text={"verbosity": "low"}))
        form = {"type": "json_schema", "name": "Answer", "schema": {"type": "object"}, "strict": False}
        assert server.log[0].json["text"] == {"verbosity": "low", "format": form}


@pytest.mark.parametrize(
    ("ending", "kind"),
    [([], aiollm.StreamTruncated), ([cut()], aiollm.StreamInterrupted), ([rst()], aiollm.StreamInterrupted)],
)
async def test_any_other_end_is_an_error_with_the_response_so_far(ending: list[Any], kind: type[Exception]) -> None:
    async with ProviderServer() as server:
        server.script([*steps(text("so "), text("far")), *ending])
        events, error = await collected(await opened(server))
        assert [one.delta for one in events if one.delta] == ["so ", "far"]
        assert type(error) is kind
        assert error.partial.output_text == "so far"
        assert error.partial.id == "resp_1"


async def test_a_failure_before_the_first_content_is_raised_by_the_call() -> None:
    failed = completed(status="failed", error={"code": "rate_limit_exceeded", "message": "slow"})
    async with ProviderServer() as server:
        server.enqueue(steps(failed), status(401))
        with pytest.raises(aiollm.RateLimitError, match="slow"):
            await opened(server)
        with pytest.raises(aiollm.AuthenticationError):
            await opened(server)


async def test_a_failure_after_content_is_its_event_and_then_its_error() -> None:
    failed = completed(status="failed", error={"code": "server_error", "message": "x"})
    async with ProviderServer() as server:
        server.script(steps(text("a"), failed))
        events, error = await collected(await opened(server))
        assert events[-1].type == "response.failed"
        assert type(error) is aiollm.InternalServerError
        assert error.partial.status == "failed"


async def test_leaving_the_loop_closes_the_connection() -> None:
    async with ProviderServer() as server:
        server.script([*steps(text("a"), text("b")), stall()])
        stream = await opened(server)
        async for one in stream:
            if one.delta:
                break
        await server.wait_for_disconnect(0)
        assert stream.closed


async def test_the_limits_of_a_scope_around_it_hold() -> None:
    async with ProviderServer() as server:
        server.script([*steps(text("a")), stall()])
        with aiollm.scope(idle=0.1):
            stream = await opened(server)
        _, error = await collected(stream)
        assert type(error) is aiollm.IdleTimeout
        assert "scope" in str(error)


async def test_a_scope_that_is_cancelled_leaves_the_response_so_far() -> None:
    async with ProviderServer() as server:
        server.script([*steps(text("a")), stall()])
        with aiollm.scope() as scope:
            stream = await opened(server)
        scope.cancel()
        _, error = await collected(stream)
        assert type(error) is aiollm.StreamCancelled
        assert error.partial.output_text == "a"
        await server.wait_for_disconnect(0)


async def test_a_scope_does_not_wait_for_a_token() -> None:
    asked = asyncio.Event()

    async def token() -> str:
        asked.set()
        await asyncio.Event().wait()
        return KEY

    async with ProviderServer() as server:
        with aiollm.scope() as scope:
            given = options(server, model="azure/d", api_key=None, azure_ad_token_provider=token)
            call = asyncio.ensure_future(aiollm.aresponses(stream=True, **given))
        await asked.wait()
        scope.cancel()
        with pytest.raises(aiollm.StreamCancelled):
            await call
        assert server.log == []


def test_leaving_the_loop_of_the_blocking_twin_closes_the_connection() -> None:
    with ProviderServer() as server:
        server.script([*steps(text("a"), text("b")), stall()])
        for one in aiollm.responses(stream=True, **options(server)):
            if one.delta:
                break
        request = server.run(server.wait_for_disconnect(0))
        assert request.disconnected_by == "client"


async def test_heartbeats_do_not_reset_the_idle_clock() -> None:
    async with ProviderServer() as server:
        server.script([*steps(text("a")), stall(5, heartbeat=0.01)])
        events, error = await collected(await opened(server, timeout=Timeouts(idle=0.1)))
        assert type(error) is aiollm.IdleTimeout
        assert error.partial.output_text == "a"
        assert len(events) == 2


async def test_a_whole_response_to_a_streaming_call_becomes_events() -> None:
    async with ProviderServer() as server:
        server.script([raw(json.dumps(WHOLE).encode())])
        stream = await opened(server)
        events, error = await collected(stream)
        assert "".join(one.delta or "" for one in events) == "Hello"
        assert (events[-1].type, error) == ("response.completed", None)
        assert (stream.finish_reason, stream.usage.total_tokens) == ("stop", 14)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"input": 5}, "input must be text or a list"),
        ({"input": ["x"]}, r"input\[0\] must be a dict"),
        ({"model": ""}, "model must be text"),
        ({"text_format": 5}, "text_format must be a class"),
        ({"timeout": -1}, "timeout"),
        ({"extra_headers": 5}, "extra_headers"),
        ({"stream": "yes"}, "stream must be"),
        ({"model": "local/smollm2"}, "local has no Responses API"),
    ],
)
async def test_a_wrong_argument_is_told_before_anything_is_sent(bad: dict[str, Any], words: str) -> None:
    async with ProviderServer() as server:
        with pytest.raises(aiollm.BadRequestError, match=words):
            await aiollm.aresponses(**options(server, **bad))
        assert not server.log


async def test_azure_and_other_providers_have_it_too() -> None:
    async with ProviderServer() as server:
        server.script([raw(json.dumps(WHOLE).encode())])
        home = server.base_url.removesuffix("/v1")
        await aiollm.aresponses("Hi", "azure/dep", api_base=home, api_key=KEY, api_version="2025-04-01-preview")
        await aiollm.aresponses("Hi", "hosted_vllm/m", api_base=server.base_url)
        assert [request.target for request in server.log] == [
            "/openai/responses?api-version=2025-04-01-preview",
            "/v1/responses",
        ]
        assert server.log[0].headers["api-key"] == KEY


async def test_the_blocking_twin_streams_and_answers() -> None:
    async with ProviderServer() as server:
        server.enqueue(steps(text("Hel"), text("lo"), completed()), [raw(json.dumps(WHOLE).encode())])

        def blocking() -> tuple[str, str, str]:
            stream = aiollm.responses(stream=True, **options(server))
            said = "".join(one.delta or "" for one in stream)
            return said, repr(stream), aiollm.responses(**options(server)).output_text

        assert await asyncio.to_thread(blocking) == ("Hello", "<SyncEventStream openai/m ended, 4 chunks>", "Hello")


async def test_leaving_a_blocking_loop_closes_the_connection() -> None:
    async with ProviderServer() as server:
        server.script([*steps(text("a"), text("b")), stall()])

        def blocking() -> bool:
            stream = aiollm.responses(stream=True, **options(server))
            for one in stream:
                if one.delta:
                    break
            return stream.closed

        assert await asyncio.to_thread(blocking)
        await server.wait_for_disconnect(0)
