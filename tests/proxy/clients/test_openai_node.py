"""openai-node, as its own pages use it: `node/openai.mjs`."""

from __future__ import annotations

import pytest

from tests.proxy.clients.node_clients import seen_by
from tests.proxy.clients.wishes import HALF, SUNNY, TEXT
from tests.proxy.serving import Proxy

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


async def test_it_sees_answers_tools_and_errors_and_leaves(proxy: Proxy) -> None:
    seen = await seen_by("openai.mjs", proxy)
    assert (seen["whole"]["text"], seen["whole"]["usage"], len(seen["whole"]["request"])) == (TEXT, 5, 32)
    assert seen["stream"] == {"text": TEXT, "usage": 5}
    assert seen["tools"] == SUNNY
    assert seen["refused"] == {"kind": "RateLimitError", "status": 429, "code": "too_many_tokens"}
    assert seen["unknown"] == {"kind": "NotFoundError", "status": 404, "code": "model_not_found"}
    assert seen["broken"]["text"] == HALF
    assert seen["broken"]["error"]["code"] == "upstream_interrupted"
    assert seen["response"] == TEXT
