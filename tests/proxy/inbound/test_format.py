"""Each format reads a request, and writes the answer, the stream and the error of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm import exceptions as e
from aiollm.proxy import inbound as formats
from aiollm.proxy.inbound.failure import failure_of
from aiollm.proxy.inbound.format import Format
from tests.proxy.inbound.answers import payloads, streamed, whole, written

MESSAGES = [{"role": "user", "content": "hi"}]
BY_CHAT: dict[str, tuple[Format, dict[str, Any]]] = {
    "chat": (formats.CHAT, {"messages": MESSAGES}),
    "completion": (formats.COMPLETION, {"prompt": "hi"}),
    "message": (formats.MESSAGE, {"messages": MESSAGES, "max_tokens": 9}),
    "claude": (formats.MESSAGE_FOR_CLAUDE, {"messages": MESSAGES, "max_tokens": 9}),
    "response": (formats.RESPONSE_BY_CHAT, {"input": "hi"}),
}


@pytest.mark.parametrize(("kind", "body"), BY_CHAT.values(), ids=BY_CHAT)
def test_a_format_carries_a_chat_there_and_back(kind: Format, body: dict[str, Any]) -> None:
    asked = kind.parse({"model": "alias", "stream": True, **body})
    assert (asked.call, asked.stream, asked.arguments["messages"]) == ("chat", True, MESSAGES)
    told = json.loads(kind.whole(whole(content="an answer"), asked))
    assert told["model"] == "alias"
    assert "an answer" in json.dumps(told)
    assert kind.writer is not None
    assert "an answer" in json.dumps(payloads(written(kind.writer(asked), streamed({"content": "an answer"}))))
    error = json.loads(kind.error(failure_of(e.RateLimitError("slow down"))))
    assert error["error"]["code"] == "rate_limit_exceeded"


def test_embeddings_do_not_stream() -> None:
    assert formats.EMBEDDING.writer is None
    assert formats.EMBEDDING.parse({"model": "m", "input": "hi"}).call == "embedding"


def test_the_responses_api_has_a_call_of_its_own() -> None:
    assert formats.RESPONSE.parse({"model": "m", "input": "hi"}).call == "responses"
