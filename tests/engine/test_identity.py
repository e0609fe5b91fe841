"""A call to a cloud: credentials first, a signature last, over a real socket."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import threading
from datetime import datetime
from typing import Any

import pytest

import aiollm
from aiollm.credentials import aws
from aiollm.credentials.keeper import Keeper, Lease
from aiollm.providers.identity import AwsKeys
from aiollm.providers.sigv4 import sign
from aiollm.testing import LoggedRequest, ProviderServer, Step, cut, headers, raw, stall, status
from aiollm.types.secret import HiddenText
from aiollm.wire.http import HttpRequest
from tests.engine.calling import collected, text_of
from tests.security.canary import listen, places
from tests.wire.event_messages import event, exception

KEY_ID, SECRET, TOKEN = "AKIACANARY0123", "s3cr3t-canary-0123456789", "t0k3n-canary-0123456789"
IDENTITY = {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET, "aws_session_token": TOKEN}
MODEL = "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0"
MESSAGES = [{"role": "user", "content": "Say something."}]
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-x"


def stream_of(*messages: bytes) -> list[Step]:
    return [headers(content_type="application/vnd.amazon.eventstream"), *map(raw, messages)]


ANSWER = (
    event("messageStart", b'{"role":"assistant","p":"abc"}'),
    event("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":"Hel"},"p":"ab"}'),
    event("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":"lo"},"p":"ab"}'),
    event("contentBlockStop", b'{"contentBlockIndex":0}'),
    event("messageStop", b'{"stopReason":"end_turn"}'),
    event("metadata", b'{"usage":{"inputTokens":3,"outputTokens":2,"totalTokens":5},"metrics":{"latencyMs":9}}'),
)
WHOLE = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5},
}


GENERATION = {"generation": "Hello", "prompt_token_count": 3, "generation_token_count": 2, "stop_reason": "stop"}


def arguments(server: ProviderServer, **options: Any) -> dict[str, Any]:
    given = {"model": MODEL, "messages": MESSAGES, "aws_bedrock_runtime_endpoint": server.url}
    return {**given, "aws_region_name": "eu-west-1", **options}


async def test_a_stream_comes_with_its_usage_and_gives_its_connection_back() -> None:
    async with ProviderServer() as server:
        server.script(stream_of(*ANSWER))
        for _ in range(2):
            call = arguments(server, stream=True, stream_options={"include_usage": True}, **IDENTITY)
            chunks, error = await collected(await aiollm.acompletion(**call))
            assert error is None
            assert text_of(chunks) == "Hello"
            assert chunks[-2].choices[0].finish_reason == "stop"
            assert chunks[-1].usage.total_tokens == 5
        assert {request.connection for request in server.log} == {0}
        assert server.log[0].target == "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream"


async def test_a_whole_answer_comes() -> None:
    async with ProviderServer() as server:
        server.script(status(200, body=WHOLE))
        response = await aiollm.acompletion(**arguments(server, **IDENTITY))
        assert response.choices[0].message.content == "Hello"
        assert response.usage.prompt_tokens == 3
        assert server.log[0].target.endswith("/converse")


async def test_a_whole_answer_to_a_call_that_streams_is_made_chunks() -> None:
    async with ProviderServer() as server:
        server.script(status(200, body=WHOLE))
        call = arguments(server, stream=True, stream_options={"include_usage": True}, **IDENTITY)
        chunks, error = await collected(await aiollm.acompletion(**call))
        assert (text_of(chunks), error) == ("Hello", None)
        assert [chunk.usage.total_tokens for chunk in chunks if chunk.usage] == [5]


async def test_a_model_answers_in_its_own_format() -> None:
    wrapped = json.dumps({"bytes": base64.b64encode(json.dumps(GENERATION).encode()).decode()}).encode()
    async with ProviderServer() as server:
        server.script(
            lambda request: (
                stream_of(event("chunk", wrapped)) if "stream" in request.target else status(200, body=GENERATION)
            )
        )
        call = arguments(server, model="bedrock/invoke/meta.llama3-70b-instruct-v1:0", **IDENTITY)
        chunks, error = await collected(await aiollm.acompletion(**call, stream=True))
        assert (text_of(chunks), error) == ("Hello", None)
        response = await aiollm.acompletion(**call)
        assert response.choices[0].message.content == "Hello"
        assert [request.target.rpartition("/")[2] for request in server.log] == [
            "invoke-with-response-stream",
            "invoke",
        ]


async def test_what_is_sent_is_what_was_signed() -> None:
    async with ProviderServer() as server:
        server.script(stream_of(*ANSWER))
        await collected(
            await aiollm.acompletion(**arguments(server, model=f"bedrock/{PROFILE}", stream=True, **IDENTITY))
        )
        seen = server.log[0]
    sent = dict(re.findall(r"(\w+)=([^, ]+)", seen.headers["authorization"]))
    assert sent["Credential"].split("/")[2:4] == ["eu-west-1", "bedrock"]
    assert seen.headers["x-amz-security-token"] == TOKEN
    assert "%3A" in seen.target
    assert "%2F" in seen.target
    assert sent["Signature"] == signature_of(seen)


def signature_of(seen: LoggedRequest) -> str:
    """The signature that a server computes of what it has received."""
    keys = AwsKeys(HiddenText(KEY_ID), HiddenText(SECRET), HiddenText(TOKEN))
    http = HttpRequest(
        f"http://{seen.headers['host']}{seen.target}", {"Content-Type": seen.headers["content-type"]}, seen.body
    )
    stamp = seen.headers["x-amz-date"]
    moment = datetime.strptime(stamp + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp()
    signed = sign(http, keys, region="eu-west-1", service="bedrock", now=moment)
    return signed["Authorization"].rpartition("Signature=")[2]


async def test_a_token_is_sent_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bedrock-token")
    async with ProviderServer() as server:
        server.script(status(200, body=WHOLE))
        await aiollm.acompletion(**arguments(server))
        await aiollm.acompletion(**arguments(server, api_key="given-token"))
        sent = [request.headers["authorization"] for request in server.log]
        assert sent == ["Bearer bedrock-token", "Bearer given-token"]
        assert "x-amz-date" not in server.log[0].headers


async def test_who_calls_is_never_part_of_the_body() -> None:
    async with ProviderServer() as server:
        server.script(status(200, body=WHOLE))
        await aiollm.acompletion(**arguments(server, top_k=5, **IDENTITY))
        assert server.log[0].json["additionalModelRequestFields"] == {"top_k": 5}
        assert SECRET.encode() not in server.log[0].body


async def test_who_calls_is_not_sent_to_another_provider() -> None:
    async with ProviderServer() as server:
        await aiollm.acompletion(
            model="openai/scripted", messages=MESSAGES, api_base=server.base_url, api_key="k", **IDENTITY
        )
        assert SECRET.encode() not in server.log[0].body


FAILURES: dict[str, tuple[Any, type[aiollm.APIError]]] = {
    "throttled": (
        [*stream_of(*ANSWER[:2]), raw(exception("throttlingException", b'{"message":"slow down"}'))],
        aiollm.RateLimitError,
    ),
    "throttled at once": (
        stream_of(exception("throttlingException", b'{"message":"slow down"}')),
        aiollm.RateLimitError,
    ),
    "denied": (
        status(403, body={"message": f"The security token {TOKEN} included in the request is invalid"}),
        aiollm.AuthenticationError,
    ),
    "cut": ([*stream_of(*ANSWER[:2]), cut()], aiollm.StreamInterrupted),
    "page": (status(200, body="<html>", content_type="text/html"), aiollm.APIResponseValidationError),
    "damaged": ([*stream_of(*ANSWER[:2]), raw(ANSWER[2][:-1] + b"x")], aiollm.InvalidChunk),
    "no content in time": ([headers(content_type="application/vnd.amazon.eventstream"), stall()], aiollm.Timeout),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_no_failure_shows_who_calls(name: str, caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    script, expected = FAILURES[name]
    async with ProviderServer() as server:
        server.script(script)
        error: Exception | None = None
        try:
            stream = await aiollm.acompletion(
                **arguments(server, stream=True, timeout=aiollm.Timeouts(first_token=0.3), **IDENTITY)
            )
        except aiollm.APIError as raised:
            error = raised
        else:
            _, error = await collected(stream)
    assert isinstance(error, expected), error
    assert error.llm_provider == "bedrock"
    for place, text in places(error, caplog).items():
        for secret in (SECRET, TOKEN):
            assert secret not in text, f"it is seen in: {place}"


@pytest.mark.parametrize(
    "wrong",
    [{"n": "x"}, {"aws_region_name": "no region"}, {"aws_session_name": 7}, {"messages": []}, {"model": "bedrock/"}],
)
async def test_no_wrong_argument_shows_who_calls(wrong: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    call = {"model": MODEL, "messages": MESSAGES, "aws_region_name": "eu-west-1", **IDENTITY, **wrong}
    with pytest.raises(aiollm.BadRequestError) as caught:
        await aiollm.acompletion(**call)
    for place, text in places(caught.value, caplog).items():
        for secret in (SECRET, TOKEN):
            assert secret not in text, f"it is seen in: {place}"


async def test_an_error_in_mid_stream_has_the_answer_so_far() -> None:
    async with ProviderServer() as server:
        server.script(FAILURES["throttled"][0])
        chunks, error = await collected(await aiollm.acompletion(**arguments(server, stream=True, **IDENTITY)))
    assert text_of(chunks) == "Hel"
    assert isinstance(error, aiollm.RateLimitError)
    assert error.partial.choices[0].message.content == "Hel"
    assert error.status_code == 429


class Slow:
    """A source of keys that blocks until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, wanted: Any) -> Lease[AwsKeys]:
        self.go.wait(10)
        return Lease(AwsKeys(HiddenText(KEY_ID), HiddenText(SECRET)))


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    source = Slow()
    monkeypatch.setattr(aws, "_keeper", Keeper(source))
    return source


async def test_waiting_for_credentials_counts_for_the_whole_time_of_the_call(slow: Slow) -> None:
    async with ProviderServer() as server:
        with pytest.raises(aiollm.TotalTimeout, match="took longer"):
            await aiollm.acompletion(**arguments(server, timeout=0.05))
        assert not server.log
        slow.go.set()


async def test_a_call_that_is_cancelled_meanwhile_ends_at_once(slow: Slow) -> None:
    async with ProviderServer() as server:
        call = asyncio.create_task(aiollm.acompletion(**arguments(server)))
        await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert not server.log
        slow.go.set()


async def test_a_mocked_call_asks_nobody(slow: Slow) -> None:
    response = await aiollm.acompletion(MODEL, MESSAGES, mock_response="Hi", aws_region_name="eu-west-1")
    assert response.choices[0].message.content == "Hi"
    slow.go.set()


def test_a_blocking_call_is_signed_too() -> None:
    async def served() -> tuple[str, str]:
        async with ProviderServer() as server:
            server.script(status(200, body=WHOLE))
            response = await asyncio.to_thread(lambda: aiollm.completion(**arguments(server, **IDENTITY)))
            return response.choices[0].message.content, server.log[0].headers["authorization"]

    text, authorization = asyncio.run(served())
    assert text == "Hello"
    assert authorization.startswith("AWS4-HMAC-SHA256 ")
