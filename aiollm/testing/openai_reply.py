"""A right chat completion, whole or streamed as the request asks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from aiollm.testing import openai_steps as openai
from aiollm.testing.exchange import Exchange
from aiollm.testing.head_steps import status
from aiollm.testing.step import Step, call_name, require
from aiollm.types.shape import JSON, is_mapping

_PROMPTS = ("messages", "contents", "input", "system", "systemInstruction", "instructions")
"""Where the wire formats have the texts of a request."""

TEXT = "Hello from the scripted provider."
"""What is said where a script leaves it open."""


def reply(
    text: str | None = "",
    *,
    finish_reason: str | None = None,
    usage: Mapping[str, Any] | None = None,
    tool_calls: Sequence[Mapping[str, Any]] = (),
    reasoning: str | None = None,
    refusal: str | None = None,
    gap: float = 0.0,
) -> Step:
    """Answer with a right chat completion: chunks when the request says `stream`, one JSON object when not.

    Args:
        text: the content; None or "" for none.
        finish_reason: by default "tool_calls" with tool calls and "stop" without.
        usage: the usage object; by default counts of words. Streams carry it when `include_usage` asks for it.
        tool_calls: mappings with `name` and `arguments` (a JSON text or a mapping) and perhaps `id`.
        reasoning: the reasoning before the content.
        refusal: a refusal in place of the content.
        gap: seconds between the words of a stream.

    Each of the request's `n` choices gets the same answer.
    """
    calls = tuple(_tool_call(position, call) for position, call in enumerate(tool_calls))
    reason = finish_reason or ("tool_calls" if calls else "stop")
    answer = _Answer(text or None, reason, usage, calls, reasoning, refusal, gap)

    async def run(exchange: Exchange) -> None:
        if exchange.tongue.streams:
            for step in answer.streamed(exchange):
                await step.run(exchange)
        else:
            await status(200, body=exchange.tongue.whole(answer.whole(exchange))).run(exchange)
        await exchange.end()

    return Step(call_name("reply", text, finish_reason=finish_reason), run, sends=True, ends=True)


def json200(completion: Mapping[str, object] | None = None) -> Step:
    """Answer 200 with a whole JSON object, whether or not a stream was asked for; by default a short completion."""
    if completion is not None:
        return status(200, body=completion)
    answer = _Answer(TEXT, "stop", None, (), None, None, 0.0)

    async def run(exchange: Exchange) -> None:
        await status(200, body=exchange.tongue.whole(answer.whole(exchange))).run(exchange)

    return Step("json200()", run, sets_head=True, sends=True, ends=True)


@frozen
class _ToolCall:
    id: str
    name: str
    arguments: str


@frozen
class _Answer:
    text: str | None
    finish_reason: str
    usage: Mapping[str, Any] | None
    tool_calls: tuple[_ToolCall, ...]
    reasoning: str | None
    refusal: str | None
    gap: float

    def streamed(self, exchange: Exchange) -> Iterator[Step]:
        """The steps that send it in chunks."""
        for index in range(_choices(exchange)):
            yield openai.role(index=index)
            if self.reasoning:
                yield openai.reasoning(self.reasoning, gap=self.gap, index=index)
            if self.text:
                yield openai.tokens(self.text, gap=self.gap, index=index)
            if self.refusal:
                yield openai.refusal(self.refusal, gap=self.gap, index=index)
            for position, call in enumerate(self.tool_calls):
                yield openai.tool_call(
                    call.name, call.arguments, id=call.id, index=position, gap=self.gap, choice=index
                )
            yield openai.finish(self.finish_reason, index=index)
        if exchange.tongue.counts:
            yield openai.usage(**self._counts(exchange))
        yield openai.done()

    def whole(self, exchange: Exchange) -> dict[str, object]:
        """The chat completion object."""
        message: dict[str, object] = {"role": "assistant", "content": self.text, "refusal": self.refusal}
        if self.reasoning:
            message["reasoning_content"] = self.reasoning
        if self.tool_calls:
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in self.tool_calls
            ]
        choice = {"message": message, "logprobs": None, "finish_reason": self.finish_reason}
        return {
            **openai.envelope(exchange),
            "object": "chat.completion",
            "choices": [{"index": index, **choice} for index in range(_choices(exchange))],
            "usage": openai.usage_counts(**self._counts(exchange)),
        }

    def _counts(self, exchange: Exchange) -> dict[str, Any]:
        if self.usage is not None:
            return {name: value for name, value in self.usage.items() if name != "total_tokens"}
        said = [self.text, self.reasoning, self.refusal, *(call.arguments for call in self.tool_calls)]
        return {
            "prompt_tokens": sum(_prompt_words(exchange.request.member(name)) for name in _PROMPTS),
            "completion_tokens": sum(len(openai.words(text)) for text in said if text) * _choices(exchange),
        }


def _choices(exchange: Exchange) -> int:
    n = exchange.request.member("n")
    return n if isinstance(n, int) and 1 <= n <= 128 else 1


def _prompt_words(prompt: JSON) -> int:
    """Words in the texts of a prompt: a count that is stable and easy to foresee in a test."""
    match prompt:
        case str():
            return len(prompt.split())
        case list():
            return sum(map(_prompt_words, prompt))
        case dict():
            return sum(_prompt_words(prompt.get(name)) for name in ("content", "parts", "text"))
        case _:
            return 0


def _tool_call(position: int, call: Any) -> _ToolCall:
    shape = "reply: a tool call is a mapping with 'name', 'arguments' and perhaps 'id'"
    require(is_mapping(call) and isinstance(call.get("name"), str), f"{shape}, not {call!r}")
    require(set(call) <= {"id", "name", "arguments"}, f"{shape}; unknown members {sorted(set(call))}")
    arguments = call.get("arguments", {})
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return _ToolCall(call.get("id", f"call_{position + 1}"), call["name"], text)
