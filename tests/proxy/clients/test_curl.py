"""curl, with the very command of LiteLLM's page on streaming, but for the address."""

from __future__ import annotations

import asyncio
import json
import os
import shutil

import pytest

from tests.missing import do_without
from tests.proxy.clients.wishes import HALF, TEXT
from tests.proxy.serving import MASTER, Proxy

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMMAND = """
curl ADDRESS/v1/chat/completions \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer $OPENAI_API_KEY" \\
  -d '{
    "model": "fast",
    "messages": [
      {
        "role": "system",
        "content": "You are a helpful assistant."
      },
      {
        "role": "user",
        "content": "WISH"
      }
    ],
    "stream": true,
    "stream_options": {"include_usage": true}
  }'
"""


async def start(proxy: Proxy, wish: str) -> asyncio.subprocess.Process:
    if shutil.which("curl") is None:
        do_without("curl is not on PATH")
    return await asyncio.create_subprocess_shell(
        COMMAND.replace("ADDRESS", proxy.url).replace("WISH", wish).replace("curl", "exec curl -sSN", 1),
        env={**os.environ, "OPENAI_API_KEY": MASTER},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def printed(proxy: Proxy, wish: str) -> list[str]:
    """Return the data of the events that curl prints; it must have nothing to complain of."""
    curl = await start(proxy, wish)
    told, complaints = await asyncio.wait_for(curl.communicate(), timeout=20)
    assert (curl.returncode, complaints) == (0, b"")
    return [line.removeprefix("data: ") for line in told.decode().splitlines() if line]


async def test_the_command_prints_the_answer_its_usage_and_the_end(proxy: Proxy) -> None:
    *events, end = await printed(proxy, "say hello")
    *chunks, usage = map(json.loads, events)
    assert end == "[DONE]"
    assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks) == TEXT
    assert all(chunk["usage"] is None for chunk in chunks)
    assert (usage["choices"], usage["usage"]["total_tokens"]) == ([], 10)


async def test_a_broken_answer_ends_with_the_error_and_no_end_marker(proxy: Proxy) -> None:
    *chunks, last = map(json.loads, await printed(proxy, "break off"))
    assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks) == HALF
    assert last["error"]["code"] == "upstream_interrupted"


async def test_killing_it_closes_the_connection_to_the_provider(proxy: Proxy) -> None:
    asked = len(proxy.provider.log)
    curl = await start(proxy, "go on")
    assert curl.stdout is not None
    assert await curl.stdout.readline()
    curl.kill()
    await curl.communicate()
    await proxy.provider.wait_for_disconnect(asked)
