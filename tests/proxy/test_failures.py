"""The failure catalogue through the proxy, read by a client that believes nothing: no error passes for an answer.

One case is quick, all together take seconds.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio
from attrs import frozen

import aiollm
from aiollm.testing import ProviderServer
from tests.faults.catalogue import CASES, EXPECTED_TOOL_CALLS, TOOL_CALLS, Case
from tests.proxy.serving import Proxy, config, running

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

SAYABLE = [case for case in CASES if not isinstance(case.options.get("timeout"), aiollm.Timeouts)]
"""A caller says how long it waits for content, and has no word for the other clocks."""

GATEWAYS_OWN = (
    aiollm.AuthenticationError,
    aiollm.PermissionDeniedError,
    aiollm.APIConnectionError,
    aiollm.APIResponseValidationError,
    aiollm.StreamInterrupted,
)
"""What is between the gateway and its provider, and not for the caller to mend: 502, whatever the provider said."""


@frozen
class Told:
    """What a client has read.

    Attributes:
        text: of the first choice.
        calls: its calls of tools: the name of each, and its arguments, put together.
        finish: its finish reason.
        done: whether the end marker came.
        error: the error object, from a frame or from the body of a refusal.
    """

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    finish: str | None = None
    done: bool = False
    error: dict[str, Any] | None = None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def proxy(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Proxy]:
    """Return one worker for all cases: what one leaves behind would be seen in the next."""
    folder = tmp_path_factory.mktemp("proxy")
    async with ProviderServer() as provider, running(config(provider), provider, folder) as proxy:
        yield proxy


@pytest.mark.parametrize("case", SAYABLE, ids=lambda case: case.name)
async def test_a_fault_is_told_as_what_it_is(proxy: Proxy, case: Case) -> None:
    proxy.provider.script(case.script)
    asked = len(proxy.provider.log)
    async with proxy.chat(stream=True, **case.options) as reply:
        body = await reply.read()  # which fails if the body does not come to its own end
    told = _stream(body) if reply.content_type == "text/event-stream" else Told(error=json.loads(body)["error"])
    assert reply.status == _due_status(case)
    assert told.done == (case.error is None)
    assert told.text == case.text
    if case.error is None:
        assert (told.error, told.finish) == (None, case.finish_reason)
        if case in TOOL_CALLS:  # numbered as they appear, and one shape begins with the second
            calls = [(name, json.loads(arguments)) for name, arguments in told.calls]
            assert sorted(calls, reverse=True) == list(EXPECTED_TOOL_CALLS)
    else:
        _check_error(case, told, reply.headers, body)
    await _check_account(proxy, case, reply.headers["x-request-id"])
    repeats = not case.head  # a connection that was kept and breaks before the head has gone stale: another is tried
    assert asked + 1 <= len(proxy.provider.log) <= asked + 1 + repeats


def _due_status(case: Case) -> int:
    """Return the status that is right: once content has gone out, it is 200."""
    if case.error is None or case.phase == "stream":
        return 200
    if issubclass(case.error, aiollm.Timeout):
        return 504
    if issubclass(case.error, GATEWAYS_OWN) or case.status_code in range(300, 400):
        return 502
    return case.status_code or 0


def _stream(body: bytes) -> Told:
    """Read a stream as strictly as the format allows: whole events of one line of JSON, and nothing after the end."""
    assert body.endswith(b"\n\n")
    *events, rest = body.decode().split("\n\n")
    assert rest == ""
    data = [event.removeprefix("data: ") for event in events if not event.startswith(":")]
    done = data[-1] == "[DONE]"
    chunks = [json.loads(item) for item in (data[:-1] if done else data)]
    error = chunks.pop()["error"] if "error" in chunks[-1] else None
    assert not (done and error)
    assert all(chunk["object"] == "chat.completion.chunk" and chunk["model"] == "fast" for chunk in chunks)
    choices = [choice for chunk in chunks for choice in chunk["choices"] if choice["index"] == 0]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    finish = next((choice["finish_reason"] for choice in choices if choice["finish_reason"]), None)
    return Told(text, _calls(choices), finish, done, error)


def _calls(choices: list[dict[str, Any]]) -> tuple[tuple[str, str], ...]:
    """Put calls together as clients of OpenAI's do: by their numbers."""
    calls: dict[int, tuple[str, str]] = {}
    for choice in choices:
        for piece in choice["delta"].get("tool_calls") or ():
            name, arguments = calls.get(piece["index"], ("", ""))
            said = piece["function"]
            calls[piece["index"]] = (name or said.get("name") or "", arguments + (said.get("arguments") or ""))
    return tuple(calls.values())


def _check_error(case: Case, told: Told, headers: Mapping[str, str], body: bytes) -> None:
    """An error has what programs go by, and tells nothing of the operator's."""
    assert told.error is not None
    assert isinstance(told.error["code"], str)
    assert told.error["code"]
    assert isinstance(told.error["type"], str)
    assert isinstance(told.error["retryable"], bool)
    assert told.error["message"]
    if case.retryable is not None and case.error is not aiollm.StreamInterrupted:
        assert told.error["retryable"] is case.retryable
    if case.phase != "stream":
        assert headers["x-should-retry"] == str(told.error["retryable"]).lower()
        if wait := case.facts.get("retry_after"):
            assert float(headers["retry-after"]) >= wait
    for secret in (b"127.0.0.1", b"sk-upstream-canary", b"gpt-4o-mini"):
        assert secret not in body


async def _check_account(proxy: Proxy, case: Case, request_id: str) -> None:
    """The call is over, and its row says how it ended."""
    await proxy.gateway.live.wait_empty()
    row = (await proxy.rows())[0]
    assert row.id == request_id
    assert (row.status == "success") == (case.error is None)
    assert (row.code is None) == (case.error is None)
