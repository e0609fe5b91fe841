"""The Vercel AI SDK, as its own pages use it: `node/ai.mjs`, with each of its three ways to speak to an OpenAI API."""

from __future__ import annotations

import pytest

from tests.proxy.clients.node_clients import seen_by
from tests.proxy.clients.wishes import HALF, SUNNY, TEXT
from tests.proxy.serving import Proxy

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def test_it_sees_answers_tools_and_errors_and_leaves(proxy: Proxy) -> None:
    seen = await seen_by("ai.mjs", proxy)
    assert {*seen} == {"compatible", "chat", "responses"}
    for way in seen.values():
        assert (way["whole"], way["stream"], way["usage"], way["finish"]) == (TEXT, TEXT, 5, "stop")
        assert way["tools"] == SUNNY
        assert way["refused"] == {"kind": "AI_APICallError", "status": 429, "retryable": True}
        assert way["broken"]["text"] == HALF
        assert way["broken"]["error"]
