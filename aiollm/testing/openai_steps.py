"""Steps in the shape of an OpenAI chat completion stream, which the tongue of the request says in its own format."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

from aiollm.testing.ending_steps import stall
from aiollm.testing.event_steps import event
from aiollm.testing.exchange import Exchange
from aiollm.testing.step import Step, call_name, require

CREATED = 1_700_000_000
"""The creation time of every scripted completion, in seconds since 1970: answers are the same on every run."""


def chunk(payload: Mapping[str, object]) -> Step:
    """Send this mapping as a chunk, exactly as it is."""
    return event(payload)


def delta(fields: Mapping[str, object], *, index: int = 0, finish_reason: str | None = None, **extra: object) -> Step:
    """Send a chunk with one choice that holds this delta. `extra` members go beside the delta, such as `logprobs`."""
    choice = {"index": index, "delta": fields, "finish_reason": finish_reason, **extra}
    return deltas(call_name("delta", fields, finish_reason=finish_reason), [choice])


def role(name: str = "assistant", *, index: int = 0) -> Step:
    """Send the first chunk of a choice: the role, and an empty content."""
    return delta({"role": name, "content": ""}, index=index)


def tokens(text: str | Sequence[str], *, gap: float = 0.0, index: int = 0) -> Step:
    """Send a text word by word, one chunk a word, `gap` seconds apart; a list of texts is sent piece by piece."""
    return _texts("tokens", "content", text, gap, index)


def reasoning(text: str | Sequence[str], *, gap: float = 0.0, index: int = 0, field: str = "reasoning_content") -> Step:
    """Send reasoning word by word; `field` is the delta's member: `reasoning_content`, or `reasoning` at others."""
    return _texts("reasoning", field, text, gap, index)


def refusal(text: str | Sequence[str], *, gap: float = 0.0, index: int = 0) -> Step:
    """Send a refusal word by word."""
    return _texts("refusal", "refusal", text, gap, index)


def interleaved(texts: Sequence[str], *, gap: float = 0.0) -> Step:
    """Send one choice a text (as `n` above 1 asks for), their words taking turns."""
    require(not isinstance(texts, str) and len(texts) > 1, "interleaved: give a list of at least two texts")
    rounds = zip_longest(*(words(text) for text in texts))
    said = [(index, word) for turn in rounds for index, word in enumerate(turn) if word is not None]
    sent = ([_choice(index, {"content": word})] for index, word in said)
    return deltas(call_name("interleaved", texts, gap=gap), *sent, gap=gap)


def tool_call(
    name: str, arguments: str, *, id: str = "call_1", index: int = 0, pieces: int = 3, gap: float = 0.0, choice: int = 0
) -> Step:
    """Send a tool call as OpenAI does: id, name and empty arguments first, then the arguments in pieces."""
    require(pieces > 0, f"tool_call: pieces is a number above 0, not {pieces!r}")
    size = max(1, -(-len(arguments) // pieces))
    first = {"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}
    rest = [arguments[start : start + size] for start in range(0, len(arguments), size)]
    calls = [first, *({"index": index, "function": {"arguments": piece}} for piece in rest)]
    sent = ([_choice(choice, {"tool_calls": [call]})] for call in calls)
    return deltas(call_name("tool_call", name, arguments, id=id, index=index), *sent, gap=gap)


def finish(reason: str = "stop", *, index: int = 0) -> Step:
    """Send the chunk that ends a choice: an empty delta and the finish reason."""
    return delta({}, index=index, finish_reason=reason)


def usage(prompt_tokens: int = 5, completion_tokens: int = 3, **details: object) -> Step:
    """Send the usage chunk: no choices, and the counts; `details` are further members of the usage object."""
    counts = usage_counts(prompt_tokens, completion_tokens, **details)

    async def run(exchange: Exchange) -> None:
        await say(exchange, {**envelope(exchange), "choices": [], "usage": counts})

    return Step(call_name("usage", prompt_tokens, completion_tokens), run, sends=True)


def done() -> Step:
    """Send what ends the stream: `[DONE]`, or what the wire format has in its place."""

    async def run(exchange: Exchange) -> None:
        for piece in exchange.tongue.end():
            await exchange.event(piece)

    return Step("done()", run, sends=True)


def linger_after_done(seconds: float | None = None) -> Step:
    """Send `[DONE]` and keep the body open for some seconds, or until the client leaves."""
    marker, waiting = done(), stall(seconds)

    async def run(exchange: Exchange) -> None:
        await marker.run(exchange)
        await waiting.run(exchange)

    return Step(call_name("linger_after_done", seconds), run, sends=True)


def giant(length: int) -> Step:
    """Send one chunk whose content is a text of this many bytes, on one line."""
    require(length > 0, f"giant: the length is a number of bytes above 0, not {length!r}")
    return deltas(f"giant({length})", [_choice(0, {"content": "x" * length})])


def error_event(
    message: str = "The server had an error (scripted)",
    *,
    type: str = "server_error",
    code: str | int | None = None,
    body: str | Mapping[str, object] | None = None,
    named: bool = False,
) -> Step:
    """Send an error in the middle of the stream, in the wire format's own form, or `body` in its place.

    With `named` the event is called `error`, as some OpenAI-compatible providers do.
    """
    if body is not None or named:
        payload = body or {"error": {"message": message, "type": type, "param": None, "code": code}}
        return event(payload, event="error" if named else None)

    async def run(exchange: Exchange) -> None:
        await exchange.event(exchange.tongue.error(message, type, code))

    return Step(call_name("error_event", message, code=code), run, sends=True)


def envelope(exchange: Exchange) -> dict[str, Any]:
    """The members every chunk of an answer has."""
    return {
        "id": completion_id(exchange),
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": exchange.tongue.model,
    }


def completion_id(exchange: Exchange) -> str:
    """The id of an answer: the number of the request it answers."""
    return f"chatcmpl-scripted-{exchange.request.index}"


async def say(exchange: Exchange, payload: Mapping[str, Any]) -> None:
    """Send a chunk in the wire format of the request."""
    for piece in exchange.tongue.chunk(payload):
        await exchange.event(piece)


def usage_counts(prompt_tokens: int, completion_tokens: int, **details: object) -> dict[str, object]:
    """A usage object."""
    total = prompt_tokens + completion_tokens
    return {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens, "total_tokens": total, **details}


def words(text: str | Sequence[str]) -> list[str]:
    """The pieces a text is sent in, white space with the word it leads to; together they are the text."""
    return re.findall(r"\s*\S+|\s+", text) if isinstance(text, str) else list(text)


def deltas(name: str, *chunks: Sequence[Mapping[str, object]], gap: float = 0.0) -> Step:
    """A step that sends chunks with these choices, `gap` seconds apart."""
    require(gap >= 0, f"{name}: the gap is 0 seconds or more, not {gap!r}")

    async def run(exchange: Exchange) -> None:
        common = envelope(exchange)
        tail = {"usage": None} if exchange.tongue.counts else {}
        for position, choices in enumerate(chunks):
            if position and gap:
                await exchange.wait(gap)
            await say(exchange, {**common, "choices": choices, **tail})

    return Step(name, run, sends=True)


def _choice(index: int, fields: Mapping[str, object]) -> dict[str, object]:
    return {"index": index, "delta": fields, "finish_reason": None}


def _texts(function: str, member: str, text: str | Sequence[str], gap: float, index: int) -> Step:
    pieces: list[Any] = words(text)
    right = bool(pieces) and all(isinstance(piece, str) for piece in pieces)
    require(right, f"{function}: give a text or a list of texts, not {text!r}")
    sent = ([_choice(index, {member: piece})] for piece in pieces)
    return deltas(call_name(function, text, gap=gap, index=index), *sent, gap=gap)
