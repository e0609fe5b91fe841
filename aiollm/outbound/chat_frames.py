"""Chunks as OpenAI writes them: `finish_reason` and `logprobs` always there, usage only for those who asked.

A chunk that still holds the event it came in is sent as that event, byte for byte but for the model, which has the name
that the caller gave it: so has a whole answer's, and the operator's name for it is nobody else's business. Where an
event is not as OpenAI would write it, its payload is put into that form. Every other chunk is written: one of nothing
but text or reasoning around its text, any other member by member.
"""

# What a chunk keeps out of sight of users, its event as it came, is handed on here.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from aiollm.dialects.openai_form import events_like, is_openais_own, served_model
from aiollm.outbound.failure import Failure
from aiollm.outbound.frames import DONE, data_frame, encode
from aiollm.outbound.renaming import Renaming
from aiollm.types.chunk import Delta, ModelResponseStream, StreamingChoices
from aiollm.types.lenient import lenient_json
from aiollm.types.tools import ChatCompletionDeltaToolCall
from aiollm.wire.alike import AlikeEvents, Run

__all__ = ["ChatFrames", "chat_payload"]

_TOLD = (
    "role",
    "content",
    "refusal",
    "reasoning_content",
    "reasoning",
    "audio",
    "images",
    "annotations",
    "thinking_blocks",
    "provider_specific_fields",
)
_BESIDE_TEXT = (
    "role",
    "tool_calls",
    "refusal",
    "function_call",
    "audio",
    "reasoning",
    "images",
    "annotations",
    "thinking_blocks",
    "provider_specific_fields",
    "_rest",
)
_beside_text = attrgetter(*_BESIDE_TEXT)
_NOTHING = (None,) * len(_BESIDE_TEXT)


LOOKS = 8
"""At how many events of a stream it is looked for those like them. Where each is padded differently there are none."""


class ChatFrames:
    """Writes one stream of chat chunks.

    Args:
        model: what the client calls the model; None for what the chunks say, to a client that may also know where an
            answer was taken up again, and by whom.
        shows_usage: whether the client is to see the usage.
    """

    heartbeat: bytes = b": keep-alive\n\n"
    headers: Mapping[str, str] = {}

    def __init__(self, model: str | None = None, *, shows_usage: bool = True) -> None:
        self._model = model
        self._shows_usage = shows_usage
        self._shows_recovery = model is None
        self._renamed = Renaming(model or "", served_model)
        self._alike: AlikeEvents | None = None
        self._told: dict[AlikeEvents, AlikeEvents] = {}  # such events, and the same as the client is told them
        self._looks = LOOKS
        self._last: tuple[ModelResponseStream, bytes] | None = None  # handed on, and not looked at for others like it
        self._head: dict[str, Any] = {}
        # What comes before the text of a chunk that has nothing else, and after it.
        self._before_text = self._before_thought = self._after = b""

    def feed(self, chunk: ModelResponseStream | Run) -> bytes:
        """Return the frame of a chunk, or a run of events."""
        if type(chunk) is Run:
            return self._told[chunk.alike].written(chunk.texts)
        if not self._head:
            self._open(chunk)
        if not chunk.choices and self._is_hidden(chunk):
            return b""
        data = chunk._rest
        if type(data) is bytes:
            return self._handed_on(chunk, data)
        return self._around_text(chunk) or data_frame(self._payload(chunk))

    def _is_hidden(self, chunk: ModelResponseStream) -> bool:
        """Whether a chunk without choices says what the client is not to be told."""
        if chunk.recovery is not None:
            return not self._shows_recovery
        return chunk.usage is not None and not self._shows_usage

    def _handed_on(self, chunk: ModelResponseStream, data: bytes) -> bytes:
        """Return the frame of a chunk that holds its event."""
        if not chunk.choices:
            renamed = self._renamed(data)
            return data_frame(self._payload(chunk)) if renamed is None else b"data: %b\n\n" % renamed
        renamed = self._renamed(data) if is_openais_own(chunk, data) else None
        if renamed is None:
            return self._in_openais_form(chunk, chunk.choices[0], data)
        if self._looks:
            self._last = chunk, data
        return b"data: %b\n\n" % renamed

    @property
    def alike(self) -> AlikeEvents | None:
        """What most events are like, as far as they have come. To find it takes time: ask when a frame has gone out."""
        if self._last is not None:
            last, self._last = self._last, None
            self._looks -= 1
            self._look_for_others(*last)
        return self._alike

    def _look_for_others(self, chunk: ModelResponseStream, data: bytes) -> None:
        """Take note of what events are like this one, and how they are told."""
        alike = events_like(chunk, data)
        if alike is None:
            return
        # The old name cannot be in the text, whose quotes have backslashes before them.
        before, after = (self._renamed(part) or part for part in (alike.before, alike.after))
        self._alike, self._told[alike] = alike, AlikeEvents(alike.member, before, after)

    def _around_text(self, chunk: ModelResponseStream) -> bytes:
        """Return the frame of a chunk that has nothing but text or reasoning; b"" for any other."""
        if len(chunk.choices) != 1 or chunk.usage is not None or chunk._rest is not None:
            return b""
        choice = chunk.choices[0]
        delta = choice.delta
        if (
            choice._rest is None
            and not choice.index
            and choice.finish_reason is None
            and choice.logprobs is None
            and _beside_text(delta) == _NOTHING
        ):
            text, thought = delta.content, delta.reasoning_content
            if thought is None and text is not None:
                return b"%b%b%b" % (self._before_text, encode(text), self._after)
            if text is None and thought is not None:
                return b"%b%b%b" % (self._before_thought, encode(thought), self._after)
        return b""

    def finish(self) -> bytes:
        """Return the end marker."""
        return DONE

    def fail(self, failure: Failure) -> bytes:
        """Return the error as a last event, without an end marker."""
        return data_frame({"error": failure.members()})

    def _open(self, chunk: ModelResponseStream) -> None:
        """Take the head of all chunks from the first one."""
        if self._model is None:
            self._model = chunk.model or ""
            self._renamed = Renaming(self._model, served_model)
        self._head = {
            "id": chunk.id,
            "object": "chat.completion.chunk",
            "created": chunk.created,
            "model": self._model,
        }
        before = b'data: %b,"system_fingerprint":%b,"choices":[{"index":0,"delta":{' % (
            encode(self._head)[:-1],
            encode(chunk.system_fingerprint),
        )
        self._before_text = before + b'"content":'
        self._before_thought = before + b'"reasoning_content":'
        usage = b',"usage":null' if self._shows_usage else b""
        self._after = b'},"logprobs":null,"finish_reason":null}]%b}\n\n' % usage

    def _in_openais_form(self, chunk: ModelResponseStream, choice: StreamingChoices, data: bytes) -> bytes:
        """Write the payload of a chunk again, with what the decoder made of it in it."""
        payload = lenient_json(data)
        payload.update(self._head)
        payload.pop("usage", None)
        if self._shows_usage:
            payload["usage"] = None
        raw, delta = payload["choices"][0], choice.delta
        raw["finish_reason"] = choice.finish_reason
        raw.setdefault("index", choice.index)
        raw.setdefault("logprobs", None)
        told: dict[str, Any] | None = raw.get("delta")
        if told is None:
            told = raw["delta"] = {}
        if delta.role is not None:
            told["role"] = delta.role
        else:
            told.pop("role", None)
        if delta.content is not None:
            told["content"] = delta.content
        else:
            told.pop("content", None)
        if delta.reasoning_content is not None:
            told["reasoning_content"] = delta.reasoning_content
        return b"data: %b\n\n" % encode(payload)

    def _payload(self, chunk: ModelResponseStream) -> dict[str, Any]:
        payload = {**chat_payload(chunk), **self._head}
        if not self._shows_usage:
            payload.pop("usage", None)
        return payload


def chat_payload(chunk: ModelResponseStream) -> dict[str, Any]:
    """Return a chunk as the plain object that OpenAI's own server would send."""
    payload: dict[str, Any] = {
        "id": chunk.id,
        "object": "chat.completion.chunk",
        "created": chunk.created,
        "model": chunk.model,
        "system_fingerprint": chunk.system_fingerprint,
    }
    for name in ("service_tier", "provider_specific_fields"):
        if (value := getattr(chunk, name)) is not None:
            payload[name] = value
    if chunk.recovery is not None:
        payload["recovery"] = chunk.recovery.model_dump()
    payload["choices"] = [_choice(choice) for choice in chunk.choices]
    payload["usage"] = chunk.usage and chunk.usage.model_dump(exclude_none=True)
    return {**payload, **chunk._extra()} if chunk._rest else payload


def _choice(choice: StreamingChoices) -> dict[str, Any]:
    told = {
        "index": choice.index,
        "delta": _delta(choice.delta),
        "logprobs": choice.logprobs and choice.logprobs.model_dump(),
        "finish_reason": choice.finish_reason,
    }
    return {**told, **choice._extra()} if choice._rest else told


def _delta(delta: Delta) -> dict[str, Any]:
    told = {name: value for name in _TOLD if (value := getattr(delta, name)) is not None}
    if delta.tool_calls is not None:
        told["tool_calls"] = [_call(call) for call in delta.tool_calls]
    if delta.function_call is not None:
        told["function_call"] = delta.function_call.model_dump(exclude_none=True)
    if told.keys() == {"role"}:
        told["content"] = ""  # as OpenAI opens a choice
    return {**told, **delta._extra()} if delta._rest else told


def _call(call: ChatCompletionDeltaToolCall) -> dict[str, Any]:
    function = call.function
    if call._rest or function is None or function._rest:
        return call.model_dump(exclude_none=True)
    told: dict[str, Any] = {"index": call.index}
    if call.id is not None:
        told["id"] = call.id
    if call.type is not None:
        told["type"] = call.type
    named = {} if function.name is None else {"name": function.name}
    return {**told, "function": {**named, "arguments": function.arguments}}
