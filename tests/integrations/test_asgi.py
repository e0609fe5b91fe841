"""What only ASGI has: a response that is Starlette's too, FastAPI's own events, and plain ASGI without either."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from fastapi import BackgroundTasks, FastAPI, Request
from starlette.responses import Response

import aiollm
from aiollm.integrations.asgi import lifespan, stream_response
from aiollm.testing import ProviderServer, cut, done, finish, role, stall, tokens
from tests.examples import chat_fastapi
from tests.integrations.services import asking, uvicorn_serving
from tests.programs import run


@pytest.fixture
async def provider(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        yield server


async def test_cookies_and_background_tasks_of_fastapi_are_kept(provider: ProviderServer) -> None:
    provider.script([role(), tokens("hi"), finish(), done()])
    app = FastAPI(lifespan=lifespan(aiollm.Client))
    ended = asyncio.Event()

    async def chat(request: Request, tasks: BackgroundTasks) -> Any:
        async def note() -> None:
            ended.set()

        tasks.add_task(note)
        response = stream_response(asking(request.state.client, provider))
        assert isinstance(response, Response)
        response.set_cookie("seen", "yes")
        return response

    chat.__annotations__.update(request=Request, tasks=BackgroundTasks)
    app.get("/chat")(chat)
    async with uvicorn_serving(app) as port, aiohttp.ClientSession() as client:
        async with client.get(f"http://127.0.0.1:{port}/chat") as reply:
            assert (await reply.text()).endswith("data: [DONE]\n\n")
            assert reply.cookies["seen"].value == "yes"
        await asyncio.wait_for(ended.wait(), timeout=20)


async def test_fastapis_own_response_sends_the_events_of_a_stream(provider: ProviderServer) -> None:
    provider.script([role(), tokens("so far"), cut()])
    async with (
        uvicorn_serving(chat_fastapi.app) as port,
        aiohttp.ClientSession() as client,
        client.get(f"http://127.0.0.1:{port}/events", params={"prompt": "hi"}) as reply,
    ):
        text = await reply.text()
    *events, end = text.rstrip("\n").split("\n\n")
    assert end.splitlines()[0] == "event: end"
    payloads = [json.loads(event.removeprefix("data: ")) for event in events]
    assert payloads[-1]["error"]["code"] == "upstream_interrupted"
    said = (payload["choices"][0]["delta"].get("content") or "" for payload in payloads[:-1])
    assert "".join(said) == "so far"


async def test_a_client_that_leaves_fastapis_own_response_ends_the_request(provider: ProviderServer) -> None:
    provider.script([role(), tokens("so far"), stall()])
    async with uvicorn_serving(chat_fastapi.app) as port, aiohttp.ClientSession() as client:
        async with client.get(f"http://127.0.0.1:{port}/events", params={"prompt": "hi"}) as reply:
            await reply.content.readany()
            reply.close()
        request = await provider.wait_for_disconnect(0, timeout=20)
    assert request.disconnected_by == "client"


async def test_a_server_that_raises_for_a_client_that_is_gone_ends_the_request(provider: ProviderServer) -> None:
    """As ASGI 2.4 asks of servers, before the message of the end comes."""
    provider.script([role(), tokens("so far"), stall()])
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        sent.append(message["type"])
        if message["type"] == "http.response.body":
            raise OSError("gone")

    await stream_response(asking(aiollm, provider))({"type": "http"}, receive, send)
    assert sent == ["http.response.start", "http.response.body"]
    assert (await provider.wait_for_disconnect(0, timeout=20)).disconnected_by == "client"


def test_plain_asgi_needs_no_framework() -> None:
    program = """
    from aiollm.integrations.asgi import stream_response

    async def main():
        async with ProviderServer() as server:
            server.script([role(), tokens("hi"), finish(), done()])
            sent = []

            async def receive():
                await asyncio.Event().wait()

            async def send(message):
                sent.append(message)

            call = aiollm.acompletion(api_base=server.base_url, stream=True, **CALL)
            await stream_response(call)({"type": "http"}, receive, send)
        start, *bodies = sent
        assert start["status"] == 200 and (b"cache-control", b"no-cache") in start["headers"]
        assert b"".join(body["body"] for body in bodies).endswith(b"data: [DONE]\\n\\n")
        assert [body.get("more_body", False) for body in bodies][-1] is False
        print(sorted({"starlette", "fastapi"} & {*sys.modules}))

    asyncio.run(main())
    """
    assert run(program) == "[]"
