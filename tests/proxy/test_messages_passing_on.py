"""Streams of Claude for a client of Anthropic's format: handed on as they come, and accounted for all the same."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from aiollm.providers.environment import Environment
from aiollm.proxy.config import parse_config
from aiollm.proxy.config.reader import Source
from aiollm.testing import ProviderServer, Step, cut, finish, raw, role, stall, tokens
from tests.dialects.test_anthropic_stream import begin, call, closed, delta, end, event, opened, text, thinking
from tests.proxy.serving import MASTER, MESSAGES, Proxy, running

CONFIG = """
model_list:
  - model_name: smart
    litellm_params: {model: anthropic/claude-sonnet-4-5, api_base: "%s", api_key: sk-upstream-canary}
router_settings:
  num_retries: 0
general_settings:
  master_key: %s
"""


@pytest.fixture
async def claude(provider: ProviderServer, tmp_path: Path) -> AsyncIterator[Proxy]:
    """A proxy whose model "smart" is Claude."""
    settings = parse_config([Source("config.yaml", CONFIG % (provider.url, MASTER))], Environment({})).require()
    async with running(settings, provider, tmp_path) as proxy:
        yield proxy


async def got(proxy: Proxy, *steps: Step, **members: Any) -> bytes:
    proxy.provider.script([*steps])
    asked = {"model": "smart", "max_tokens": 50, "messages": MESSAGES, "stream": True, **members}
    async with proxy.post("/v1/messages", asked) as reply:
        assert reply.status == 200
        data: bytes = await reply.read()
    return data


def renamed(*events: bytes) -> bytes:
    return b"".join(events).replace(b'"model": "claude-x-1"', b'"model": "smart"')


CITED = delta(0, "citations", citation={"type": "page_location", "cited_text": "so", "document_index": 0})
SEARCH = opened(1, "server_tool_use", id="s1", name="web_search", input={}) + delta(1, "input_json", partial_json="{}")
FOUND = opened(2, "web_search_tool_result", tool_use_id="s1", content=[{"type": "web_search_result", "url": "u"}])
STREAMS = {
    "text": [text(0, "Why", ' "so"?', "\n", " 🎉"), closed(0), end()],
    "thinking, then text": [thinking(0, "hm", " so"), text(1, "well"), closed(1), end()],
    "a call of a tool": [call(0, '{"a', '":1}'), end("tool_use")],
    "what only Anthropic has": [text(0, "a"), CITED, closed(0), SEARCH, closed(1), FOUND, closed(2), end()],
    "an event of the future": [text(0, "a"), event("new_kind", more=[1]), closed(0), end(stop_sequence="x")],
}


@pytest.mark.parametrize("events", STREAMS.values(), ids=STREAMS)
async def test_what_goes_in_comes_out_byte_for_byte_but_for_the_name_of_the_model(
    claude: Proxy, events: list[bytes]
) -> None:
    assert await got(claude, raw(begin() + b"".join(events))) == renamed(begin(), *events)
    (row,) = await claude.rows()
    assert (row.status, row.prompt_tokens, row.completion_tokens, row.usage_source) == ("success", 3, 9, "provider")


async def test_an_end_that_the_provider_leaves_out_is_sent_after_a_whole_answer(claude: Proxy) -> None:
    whole = begin() + text(0, "all") + closed(0) + end()
    stop = b"event: message_stop\n"
    assert await got(claude, raw(whole.partition(stop)[0])) == renamed(whole).replace(
        b'{"type": "message_stop"}', b'{"type":"message_stop"}'
    )


async def test_what_breaks_off_has_all_that_came_and_then_an_error(claude: Proxy) -> None:
    came = begin() + text(0, "as", " far")
    data = await got(claude, raw(came), stall(0.02), cut())
    assert data.startswith(renamed(came) + b"event: error\n")
    assert json.loads(data.rpartition(b"data: ")[2])["error"]["code"] == "upstream_interrupted"
    assert b"message_stop" not in data


async def test_an_error_of_the_provider_is_told_in_our_words(claude: Proxy) -> None:
    came = begin() + text(0, "as far")
    error = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
    data = await got(claude, raw(came), stall(0.02), raw(error))
    told = json.loads(data.removeprefix(renamed(came)).rpartition(b"data: ")[2])
    assert data.count(b"event: error") == 1
    assert (told["error"]["type"], told["error"]["retryable"]) == ("overloaded_error", True)


async def test_an_answer_by_a_schema_hides_the_tool_that_it_may_have_come_by(claude: Proxy) -> None:
    form = {"format": {"type": "json_schema", "schema": {"type": "object"}}}
    data = await got(claude, raw(begin() + text(0, "{}") + closed(0) + end()), output_config=form)
    assert data != renamed(begin(), text(0, "{}"), closed(0), end())
    assert data.rstrip().endswith(b'data: {"type":"message_stop"}')


async def test_a_provider_of_another_format_is_written_in_the_clients(proxy: Proxy) -> None:
    proxy.provider.script([role(), tokens("hello"), finish("stop")])
    asked = {"model": "fast", "max_tokens": 50, "messages": MESSAGES, "stream": True}
    async with proxy.post("/v1/messages", asked) as reply:
        data = await reply.read()
    assert data.startswith(b"event: message_start\n")
    assert b'"text":"hello"' in data
    assert data.rstrip().endswith(b'data: {"type":"message_stop"}')


async def test_a_client_that_leaves_ends_the_request(claude: Proxy) -> None:
    claude.provider.script([raw(begin() + text(0, "as far")), stall()])
    asked = {"model": "smart", "max_tokens": 50, "messages": MESSAGES, "stream": True}
    async with claude.post("/v1/messages", asked) as reply:
        await reply.content.readany()
    assert (await claude.provider.wait_for_disconnect(timeout=5)).disconnected_by == "client"
    await claude.gateway.live.wait_empty()
    (row,) = await claude.rows()
    assert row.status == "cancelled"
