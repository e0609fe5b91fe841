"""What the provider does with a request: the last words of its user say it, so that each client is asked the same."""

from __future__ import annotations

from typing import Any

from aiollm.testing import LoggedRequest, Steps, cut, reply, role, stall, status, tokens

TEXT = "Hello there, caller!"
HALF = "half an"
SUNNY = "It is sunny."
CALLS = [{"id": "call_1", "name": "get_weather", "arguments": {"city": "Paris"}}]

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
"""What the tool `get_weather` takes."""

REFUSAL = {"error": {"message": "slow down", "type": "tokens", "param": None, "code": "too_many_tokens"}}

WISHES: dict[str, Steps] = {
    "say hello": reply(TEXT),
    "the weather": reply("", tool_calls=CALLS),
    "refuse": status(429, retry_after=7, body=REFUSAL),
    "break off": [role(), tokens(HALF), cut()],
    "go on": [role(), tokens("so far"), stall(30)],
    "city": reply('{"city": "Paris"}'),
}


def granted(request: LoggedRequest) -> Steps:
    """Return what a request wishes; one that brings the result of a tool is told about the weather."""
    said = request.json["messages"][-1]
    blocks = said["content"] if isinstance(said["content"], list) else []
    if said["role"] == "tool" or any(block["type"] == "tool_result" for block in blocks):
        return reply(SUNNY)
    return WISHES[_text(said["content"])]


def _text(content: str | list[dict[str, Any]]) -> str:
    return content if isinstance(content, str) else "".join(block["text"] for block in content)
