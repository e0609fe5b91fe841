"""Chunks back into a whole answer.

The merge rules are LiteLLM's (`stream_chunk_builder`), with what it loses kept: log probabilities, citations, thinking
blocks without a signature, and the finish reason of every choice. One pass, linear.
"""

# What users do not see of an answer, the fields its class does not know, is carried over here.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import base64
from io import StringIO
from typing import Any

from aiollm.dialects.growing_text import GrowingText
from aiollm.types.chunk import Delta, ModelResponseStream, StreamingChoices
from aiollm.types.logprobs import ChatCompletionTokenLogprob, ChoiceLogprobs
from aiollm.types.response import Choices, Message, ModelResponse
from aiollm.types.shape import is_array, is_object
from aiollm.types.tools import ChatCompletionDeltaToolCall, ChatCompletionMessageToolCall, Function, FunctionCall
from aiollm.types.usage import Usage

__all__ = ["Assembler", "merge_usage"]


class Assembler:
    """Adds up the chunks of one stream."""

    def __init__(self) -> None:
        self._head = ModelResponse()
        self._extra: dict[str, Any] = {}
        self._choices: dict[int, _ChoiceParts] = {}
        self.usage: Usage | None = None

    def choice(self, index: int) -> _ChoiceParts:
        """Return the parts of a choice, opening it if need be."""
        if index not in self._choices:
            self._choices[index] = _ChoiceParts()
        return self._choices[index]

    def add(self, chunk: ModelResponseStream) -> None:
        """Add one chunk."""
        self.add_head(chunk)
        self.usage = merge_usage(self.usage, chunk.usage)
        for choice in chunk.choices:
            self.choice(choice.index).add(choice)

    def add_head(self, chunk: ModelResponseStream) -> None:
        """Add what a chunk says beside its choices and its usage."""
        head = self._head
        head.id = head.id or chunk.id
        head.created = head.created or chunk.created
        head.system_fingerprint = head.system_fingerprint or chunk.system_fingerprint
        head.service_tier = chunk.service_tier or head.service_tier
        if chunk.model:
            head.model = chunk.model
        for name, value in chunk._extra().items():
            if value is not None:
                self._extra[name] = value
        if chunk.provider_specific_fields:
            _merge_specific(self._extra.setdefault("provider_specific_fields", {}), chunk.provider_specific_fields)

    def response(self, *, default_finish: str | None = "stop") -> ModelResponse | None:
        """Return the whole answer, or None when no choice was ever opened.

        Args:
            default_finish: the finish reason of a choice that has none.
        """
        if not self._choices:
            return None
        head = self._head
        return ModelResponse(
            id=head.id,
            created=head.created,
            model=head.model,
            system_fingerprint=head.system_fingerprint,
            service_tier=head.service_tier,
            choices=[self._choices[index].whole(index, default_finish) for index in sorted(self._choices)],
            usage=self.usage,
            **self._extra,
        )

    def text(self) -> str:
        """Return all content and reasoning so far."""
        return "".join(parts.content.getvalue() + parts.reasoning.getvalue() for parts in self._choices.values())


def merge_usage(earlier: Usage | None, later: Usage | None) -> Usage | None:
    """Return the later counts; a count that it leaves at zero is taken from the earlier ones."""
    if earlier is None or later is None:
        return later or earlier
    merged = later.model_copy()
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        if not getattr(merged, name):
            setattr(merged, name, getattr(earlier, name))
    for name, value in earlier.items():
        if merged.get(name) is None:
            merged[name] = value
    return merged


class _ChoiceParts:
    """What has come of one choice."""

    def __init__(self) -> None:
        self.role: str | None = None
        self.finish_reason: str | None = None
        self.content: GrowingText = GrowingText()
        self.has_content: bool = False
        self.reasoning: GrowingText = GrowingText()
        self.refusal: StringIO = StringIO()
        self.calls: dict[int, _CallParts] = {}
        self.function_call: _CallParts | None = None
        self.thinking: list[dict[str, Any]] = []
        self.lists: dict[str, list[Any]] = {}
        self.audio: dict[str, Any] = {}
        self.logprobs: dict[str, list[ChatCompletionTokenLogprob]] = {}
        self.message_extra: dict[str, Any] = {}
        self.choice_extra: dict[str, Any] = {}

    def add(self, choice: StreamingChoices) -> None:
        """Add what one chunk has of this choice."""
        delta = choice.delta
        self.role = self.role or delta.role
        self.finish_reason = choice.finish_reason or self.finish_reason
        if delta.content is not None:
            self.has_content = True
            self.content.write(delta.content)
        if delta.reasoning_content:
            self.reasoning.write(delta.reasoning_content)
        if delta.refusal:
            self.refusal.write(delta.refusal)
        for call in delta.tool_calls or ():
            self.calls.setdefault(call.index, _CallParts()).add(call.function, call)
        if delta.function_call:
            self.function_call = self.function_call or _CallParts()
            self.function_call.add(delta.function_call)
        self._add_rare(choice, delta)

    def _add_rare(self, choice: StreamingChoices, delta: Delta) -> None:
        for block in delta.thinking_blocks or ():
            self._add_thinking(block)
        for name in ("images", "annotations"):
            if items := getattr(delta, name):
                self.lists.setdefault(name, []).extend(items)
        if delta.audio:
            self._add_audio(delta.audio)
        if choice.logprobs:
            self._add_logprobs(choice.logprobs)
        _merge(self.message_extra, delta._extra())
        if delta.provider_specific_fields:
            specific = self.message_extra.setdefault("provider_specific_fields", {})
            _merge_specific(specific, delta.provider_specific_fields)
        _merge(self.choice_extra, {name: value for name, value in choice._extra().items() if name != "message"})

    def _add_thinking(self, block: dict[str, Any]) -> None:
        """Join the text of a thinking block until its signature or another block comes; that closes the block."""
        last = self.thinking[-1] if self.thinking else {}
        is_next = block.get("index", last.get("index")) != last.get("index") or last.get("signature")
        if block.get("type") == "redacted_thinking" or "thinking" not in last or is_next:
            self.thinking.append({**block, "thinking": [block["thinking"] or ""]} if "thinking" in block else {**block})
            return
        last["thinking"].append(block.get("thinking") or "")
        if block.get("signature"):
            last["signature"] = block["signature"]

    def _add_audio(self, audio: dict[str, Any]) -> None:
        for name, value in audio.items():
            if name in ("data", "transcript"):
                self.audio.setdefault(name, []).append(value or "")
            elif value is not None:
                self.audio[name] = value

    def _add_logprobs(self, logprobs: ChoiceLogprobs) -> None:
        for name in ("content", "refusal"):
            if tokens := getattr(logprobs, name):
                self.logprobs.setdefault(name, []).extend(tokens)

    def whole(self, index: int, default_finish: str | None) -> Choices:
        calls = [call.whole() for _, call in sorted(self.calls.items()) if call.id or call.name]
        finish = self.finish_reason or default_finish
        if calls and finish == "stop":
            finish = "tool_calls"
        extra = dict(self.message_extra)
        extra.update(self.lists)
        if self.thinking:
            extra["thinking_blocks"] = [_joined(_without_index(block), "thinking") for block in self.thinking]
        if self.audio:
            extra["audio"] = _joined(self.audio, "transcript")
        if "data" in self.audio:
            extra["audio"]["data"] = _joined_base64(self.audio["data"])
        content = self.content.getvalue()
        message = Message(
            role=self.role or "assistant",
            content=content if content or self.has_content or not (calls or self.function_call) else None,
            reasoning_content=self.reasoning.getvalue() or None,
            refusal=self.refusal.getvalue() or None,
            tool_calls=calls or None,
            function_call=self.function_call.whole_function_call() if self.function_call else None,
            **extra,
        )
        tokens = self.logprobs
        logprobs = ChoiceLogprobs(content=tokens.get("content"), refusal=tokens.get("refusal")) if tokens else None
        return Choices(index=index, finish_reason=finish, message=message, logprobs=logprobs, **self.choice_extra)


class _CallParts:
    """What has come of one tool call, or of a call in OpenAI's older form."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.type: str | None = None
        self.name: str = ""
        self.arguments: StringIO = StringIO()
        self.custom_name: str = ""  # of a call to a custom tool, whose input is free text
        self.custom_input: StringIO = StringIO()
        self.extra: dict[str, Any] = {}

    def add(self, function: Function | None, call: ChatCompletionDeltaToolCall | None = None) -> None:
        if function is not None:
            self.name += function.name if function.name and function.name != self.name else ""
            self.arguments.write(function.arguments or "")
        if call is not None:
            self.id = call.id or self.id
            self.type = call.type or self.type
            extra = dict(call._extra())
            if is_object(custom := extra.pop("custom", None)):
                self.custom_name = custom.get("name") or self.custom_name
                self.custom_input.write(custom.get("input") or "")
            _merge(self.extra, extra)

    def whole(self) -> ChatCompletionMessageToolCall:
        if self.custom_name:
            call = ChatCompletionMessageToolCall(id=self.id, type=self.type or "custom", **self.extra)
            call["custom"] = {"name": self.custom_name, "input": self.custom_input.getvalue()}
            return call
        function = Function(name=self.name or None, arguments=self.arguments.getvalue() or "{}")
        return ChatCompletionMessageToolCall(id=self.id, type=self.type or "function", function=function, **self.extra)

    def whole_function_call(self) -> FunctionCall:
        return FunctionCall(name=self.name or None, arguments=self.arguments.getvalue())


def _merge(into: dict[str, Any], new: dict[str, Any]) -> None:
    """Merge fields that nobody gave a rule: lists are joined, of the rest the last value counts."""
    for name, value in new.items():
        if value is None:
            continue
        if not is_array(value):
            into[name] = value
        elif isinstance(into.get(name), list):
            into[name].extend(value)
        else:
            into[name] = list(value)


def _merge_specific(into: dict[str, Any], new: dict[str, Any]) -> None:
    """Merge `provider_specific_fields`.

    LiteLLM's `citation` of each chunk goes into `citations`, a list of lists: of a whole answer, one for each block.
    Cohere's `tool_plan` grows like a text.
    """
    _merge(into, {name: value for name, value in new.items() if name not in ("citation", "tool_plan")})
    if new.get("tool_plan"):
        into["tool_plan"] = into.get("tool_plan", "") + new["tool_plan"]
    if isinstance(citation := new.get("citation"), list):
        into.setdefault("citations", []).append(citation)
    elif citation is not None:
        into.setdefault("citations", [[]])[0].append(citation)


def _without_index(block: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if name != "index"}


def _joined(pieces: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a copy in which the pieces of one member are joined."""
    return {**pieces, name: "".join(pieces[name])} if name in pieces else {**pieces}


def _joined_base64(pieces: list[str]) -> str:
    """Join data whose pieces may each have been padded; what is not base64 is only joined."""
    try:
        return base64.b64encode(b"".join(map(base64.b64decode, pieces))).decode()
    except ValueError:
        return "".join(pieces)
