"""A client of the proxy that loses its stream, and takes it up again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import aiohttp
from msgspec.structs import replace

from aiollm.testing import ProviderServer
from tests.proxy.serving import Proxy, config

KEY, OTHER = "sk-of-a-caller", "sk-of-another"
WORDS = [f"word{number} " for number in range(40)]
ID = re.compile(r"^id: (\S+)$", re.MULTILINE)


def resumable(provider: ProviderServer, **settings: Any) -> Any:
    base = config(provider)
    return replace(base, aiollm=replace(base.aiollm, resumable_streams=True, **settings))


def text_of(events: str) -> str:
    """Return the text that a client has put together of the frames that it got."""
    data = [line.removeprefix("data: ") for line in events.splitlines() if line.startswith("data: {")]
    return "".join(json.loads(item)["choices"][0]["delta"].get("content") or "" for item in data)


async def read_until(reply: aiohttp.ClientResponse, enough: Callable[[str], bool]) -> str:
    """Return whole frames, as many as are enough."""
    got = b""
    async for piece in reply.content.iter_any():
        got += piece
        whole = got[: got.rfind(b"\n\n") + 2].decode()
        if enough(whole):
            return whole
    return got.decode()


def last_id(events: str) -> str:
    return ID.findall(events)[-1]


def get(proxy: Proxy, id: str, key: str = KEY) -> Any:
    """Return the context of a GET of the stream of an event, from there on."""
    headers = {"authorization": f"Bearer {key}", "last-event-id": id}
    return proxy.client.get(f"{proxy.url}/v1/streams/{id.partition('-')[0]}", headers=headers)


def post(proxy: Proxy, id: str, key: str = KEY) -> Any:
    """Return the context of the same request once more."""
    body = {"model": "fast", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    return proxy.post("/v1/chat/completions", body, key=key, headers={"last-event-id": id})
