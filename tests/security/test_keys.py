from __future__ import annotations

import asyncio
from typing import Any

import pytest

import aiollm
from aiollm import Secret, Timeouts
from aiollm.testing import (
    LoggedRequest,
    ProviderServer,
    Step,
    bad_json,
    cut,
    empty200,
    error_event,
    fin,
    headers,
    html200,
    raw,
    redirect,
    reply,
    role,
    rst,
    stall,
    status,
    tokens,
    wire,
)
from tests.core.exchanging import free_port
from tests.engine.calling import arguments, collected
from tests.security.canary import KEY, PROMPT, listen, places

PROMPTS = [{"role": "user", "content": PROMPT}]


def _echo(code: int) -> Any:
    """Answer with the key that was sent, as careless providers do."""

    def script(request: LoggedRequest) -> Step:
        sent = request.headers["authorization"]
        message = f"Incorrect API key provided: {sent.removeprefix('Bearer ')}"
        return status(
            code, body={"error": {"message": message, "code": "invalid_api_key", "sent": sent}}, fields={"X-Sent": sent}
        )

    return script


def _echo_text(request: LoggedRequest) -> Step:
    return status(403, body=f"no: {request.headers['authorization']}")


def _echo_page(request: LoggedRequest) -> Step:
    return html200(f"<html>{request.headers['authorization']}</html>")


def _echo_in_stream(request: LoggedRequest) -> list[Step]:
    return [role(), tokens("a b"), error_event(f"bad key {KEY}", code=401)]


def _echo_in_bad_event(request: LoggedRequest) -> list[Step]:
    return [role(), tokens("a b"), bad_json(f'{{"key": "{KEY}')]


def _echo_in_redirect(request: LoggedRequest) -> Step:
    return redirect(f"https://elsewhere.invalid/?key={KEY}")


FAILURES: dict[str, Any] = {
    "401": status(401),
    "403": status(403),
    "429": status(429),
    "500": status(500),
    "401 that shows the key": _echo(401),
    "400 that shows the key": _echo(400),
    "500 that shows the key": _echo(500),
    "text that shows the key": _echo_text,
    "a page that shows the key": _echo_page,
    "an error event that shows the key": _echo_in_stream,
    "a bad event that shows the key": _echo_in_bad_event,
    "a redirect that shows the key": _echo_in_redirect,
    "reset": rst(),
    "cut": cut(),
    "reset in mid-stream": [role(), tokens("a"), stall(0.02), rst()],
    "cut in mid-stream": [role(), tokens("a"), cut()],
    "truncated": [role(), tokens("a"), fin()],
    "bad JSON": [role(), tokens("a"), bad_json()],
    "bad first JSON": bad_json(),
    "page": html200(),
    "nothing": empty200(),
    "redirect": redirect("https://elsewhere.invalid/"),
    "no HTTP": wire(b"220 smtp ready\r\n"),
    "half a head": [wire(b"HTTP/1.1 200 OK\r\nX-A: 1\r\nX"), cut()],
    "no head in time": stall(),
    "no content in time": [headers(), stall()],
    "no further content in time": [role(), tokens("a"), stall()],
    "unknown encoding": [headers({"Content-Encoding": "x"}), raw(b"x"), fin()],
    "error event": [role(), error_event("boom")],
}


async def _failure(call: dict[str, Any]) -> Exception:
    try:
        result = await aiollm.acompletion(**call)
    except Exception as error:  # noqa: BLE001
        return error
    _, error = await collected(result)
    assert error is not None
    return error


def _assert_unseen(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    for place, text in places(error, caplog).items():
        assert KEY not in text, f"the key is seen in: {place}"


@pytest.mark.parametrize("name", FAILURES)
async def test_no_failure_shows_the_key(name: str, caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    async with ProviderServer() as server:
        server.script(FAILURES[name])
        call = arguments(
            server, api_key=KEY, messages=PROMPTS, stream=True, timeout=Timeouts(first_token=0.3, idle=0.3)
        )
        error = await _failure(call)
        assert server.log[0].headers["authorization"] == f"Bearer {KEY}"
        del call
        assert isinstance(error, aiollm.APIError)
        _assert_unseen(error, caplog)
    assert PROMPT not in caplog.text


@pytest.mark.parametrize("name", ["401", "401 that shows the key", "reset", "page", "no head in time", "nothing"])
async def test_no_failure_of_a_whole_answer_shows_the_key(name: str, caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    async with ProviderServer() as server:
        server.script(FAILURES[name])
        error = await _failure(arguments(server, api_key=KEY, messages=PROMPTS, timeout=0.3))
        assert isinstance(error, aiollm.APIError)
        _assert_unseen(error, caplog)
    assert PROMPT not in caplog.text


@pytest.mark.parametrize("name", ["401", "401 that shows the key", "reset in mid-stream", "no head in time"])
def test_no_failure_of_a_blocking_call_shows_the_key(name: str, caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    with ProviderServer() as server:
        server.script(FAILURES[name])
        try:
            list(aiollm.completion(**arguments(server, api_key=KEY, messages=PROMPTS, stream=True, timeout=0.3)))
        except aiollm.APIError as error:
            _assert_unseen(error, caplog)
        else:
            pytest.fail("nothing failed")
    assert PROMPT not in caplog.text


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_refused_connection_does_not_show_the_key(scheme: str, caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    async with free_port() as port, ProviderServer() as server:
        call = arguments(server, api_key=KEY, api_base=f"{scheme}://127.0.0.1:{port}/v1", messages=PROMPTS)
        error = await _failure(call)
    assert isinstance(error, aiollm.ConnectError)
    _assert_unseen(error, caplog)


async def test_a_name_without_address_does_not_show_the_key(caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    async with ProviderServer() as server:
        error = await _failure(arguments(server, api_key=KEY, api_base="https://nowhere.invalid/v1"))
    assert isinstance(error, aiollm.DNSError)
    _assert_unseen(error, caplog)


async def test_a_failed_handshake_does_not_show_the_key(caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    async with await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0) as server:
        base = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        async with ProviderServer() as other:
            error = await _failure(arguments(other, api_key=KEY, api_base=base))
    assert isinstance(error, aiollm.APIConnectionError)
    _assert_unseen(error, caplog)


@pytest.mark.parametrize("wrong", [f"{KEY}\nX: y", f"\r\n{KEY}\x00", f"{KEY}ü", f"{KEY} \u2028b"])
@pytest.mark.parametrize("stream", [True, False])
async def test_a_key_that_cannot_be_sent_is_refused_unseen(
    wrong: str, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    listen(caplog)
    async with ProviderServer() as server:
        error = await _failure(arguments(server, api_key=wrong, stream=stream))
        assert isinstance(error, aiollm.BadRequestError)
        assert "api_key has a" in str(error)
        assert server.connections == 0
    _assert_unseen(error, caplog)


def test_a_blocking_call_refuses_such_a_key_unseen(caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    with ProviderServer() as server, pytest.raises(aiollm.BadRequestError) as caught:
        aiollm.completion(**arguments(server, api_key=f"{KEY}\n\nx", stream=True))
    _assert_unseen(caught.value, caplog)


async def test_a_key_with_white_space_around_it_is_sent_without() -> None:
    async with ProviderServer() as server:
        await aiollm.acompletion(**arguments(server, api_key=f" {KEY}\r\n"))
        assert server.log[0].headers["authorization"] == f"Bearer {KEY}"


async def test_a_wrong_key_in_the_environment_is_refused_unseen(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    listen(caplog)
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n\nx")
    async with ProviderServer() as server:
        error = await _failure(arguments(server, api_key=None))
    assert isinstance(error, aiollm.APIError)
    assert "OPENAI_API_KEY" in str(error)
    _assert_unseen(error, caplog)


async def test_a_right_answer_shows_no_key_and_no_prompt(caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    async with ProviderServer() as server:
        server.script(reply("fine"))
        stream = await aiollm.acompletion(**arguments(server, api_key=Secret(KEY), messages=PROMPTS, stream=True))
        chunks, _ = await collected(stream)
        response = await aiollm.acompletion(**arguments(server, api_key=Secret(KEY), messages=PROMPTS))
        shown = [
            repr(stream),
            repr(vars(stream)),
            repr(vars(stream._source)),
            repr(stream._hidden_params),
            repr(chunks),
            repr(response),
        ]
        shown += [repr(response._hidden_params), *(str(chunk.model_dump()) for chunk in chunks)]
    for text in shown:
        assert KEY not in text
    assert KEY not in caplog.text
    assert PROMPT not in caplog.text


async def test_another_scripted_log_shows_no_key_either() -> None:
    async with ProviderServer() as server:
        await aiollm.acompletion(**arguments(server, api_key=KEY))
        assert KEY not in repr(server.log)
        assert KEY not in repr(server.log[0].headers)


async def test_the_redirects_target_never_sees_the_key() -> None:
    async with ProviderServer() as server, ProviderServer() as elsewhere:
        server.script(redirect(f"{elsewhere.base_url}/chat/completions"))
        for stream in (True, False):
            with pytest.raises(aiollm.BadRequestError):
                await aiollm.acompletion(**arguments(server, api_key=KEY, stream=stream))
        assert (elsewhere.connections, elsewhere.log) == (0, [])
