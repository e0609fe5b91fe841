"""One piece of a streamed answer."""

from typing import Any, ClassVar, SupportsIndex

import msgspec

from aiollm.types.logprobs import ChoiceLogprobs
from aiollm.types.origin import Origin
from aiollm.types.record import Nested, Record
from aiollm.types.recovery import Recovery
from aiollm.types.shape import JSON
from aiollm.types.tools import ChatCompletionDeltaToolCall, FunctionCall
from aiollm.types.usage import Usage

__all__ = ["Delta", "ModelResponseStream", "NoChoices", "StreamingChoices"]


class Delta(Record, kw_only=True, gc=False):
    """What a chunk adds to a choice. The role comes once, with a choice's first chunk."""

    _nested: ClassVar[Nested] = {
        "tool_calls": ChatCompletionDeltaToolCall,
        "function_call": FunctionCall,
    }
    _always: ClassVar[frozenset[str]] = frozenset({"content", "role", "tool_calls", "function_call", "audio"})

    content: str | None = None
    role: str | None = None
    tool_calls: list[ChatCompletionDeltaToolCall] | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    function_call: FunctionCall | None = None
    audio: Any = None
    reasoning: str | None = None
    images: Any = None
    annotations: Any = None
    thinking_blocks: Any = None
    provider_specific_fields: dict[str, Any] | None = None

    @classmethod
    def _coerce(cls, name: str, value: JSON) -> Any:
        if name == "tool_calls" and isinstance(value, list):
            value = [_numbered(call, position) for position, call in enumerate(value)]
        return super()._coerce(name, value)

    @classmethod
    def _own_part(cls, payload: dict[str, Any]) -> Any:
        return payload["choices"][0].get("delta") or {}


def _numbered(call: JSON, position: int) -> Any:
    """Give a piece of a tool call its position for an index, where it has none."""
    return {**call, "index": position} if isinstance(call, dict) and call.get("index") is None else call


class StreamingChoices(Record, kw_only=True, gc=False):
    """One choice of a chunk. `finish_reason` comes once, with a choice's last chunk."""

    _nested: ClassVar[Nested] = {"delta": Delta, "logprobs": ChoiceLogprobs}
    _always: ClassVar[frozenset[str]] = frozenset({"finish_reason", "index", "delta", "logprobs"})

    finish_reason: str | None = None
    index: int = 0
    delta: Delta = msgspec.field(default_factory=Delta)
    logprobs: ChoiceLogprobs | None = None

    @classmethod
    def _own_part(cls, payload: dict[str, Any]) -> Any:
        # Perplexity repeats the whole answer so far beside each delta.
        return {name: value for name, value in payload["choices"][0].items() if name not in ("message", "text")}


class NoChoices(list[StreamingChoices]):
    """The choices of the usage chunk: none. It has length 0, iterates nothing and serialises as `[]`.

    Indexing it gives a choice with an empty delta, because much code reads `chunk.choices[0]` of every chunk.
    """

    def __getitem__(self, index: Any) -> Any:
        if not self and isinstance(index, SupportsIndex) and index.__index__() in (0, -1):
            return StreamingChoices()
        return super().__getitem__(index)


class ModelResponseStream(Record, kw_only=True, gc=False):
    """One chunk of a streamed answer. `id`, `created` and `model` are the same on every chunk of a stream.

    Where an answer broke off and was taken up again (`mid_stream`), a chunk without choices says so in `recovery`.
    After it, `model` is that of who goes on; and where the answer began again, `id` and `created` are the new one's.
    """

    _nested: ClassVar[Nested] = {"choices": StreamingChoices, "usage": Usage, "recovery": Recovery}
    _always: ClassVar[frozenset[str]] = frozenset({"id", "created", "model", "object", "system_fingerprint", "choices"})

    # The first four are the same on every chunk of a stream, and set by its decoder: under names that no JSON has, the
    # payload's own are skipped, not decoded (0.15 us).
    id: str | None = msgspec.field(default=None, name=" id")
    created: int | None = msgspec.field(default=None, name=" created")
    model: str | None = msgspec.field(default=None, name=" model")
    object: str | None = msgspec.field(default="chat.completion.chunk", name=" object")
    system_fingerprint: str | None = None
    choices: list[StreamingChoices] = msgspec.field(default_factory=NoChoices)
    usage: Usage | None = None
    service_tier: str | None = None
    provider_specific_fields: dict[str, Any] | None = None
    _error: Any = msgspec.field(default=None, name="error")
    _origin: Origin | None = msgspec.field(default=None, name=" origin")
    recovery: Recovery | None = msgspec.field(default=None, name=" recovery")

    @classmethod
    def _coerce(cls, name: str, value: JSON) -> Any:
        return NoChoices() if name == "choices" and value == [] else super()._coerce(name, value)

    @classmethod
    def _own_part(cls, payload: dict[str, Any]) -> Any:
        return {name: value for name, value in payload.items() if name != "error"}

    @property
    def _hidden_params(self) -> dict[str, Any]:
        return self._origin.hidden_params(self.usage) if self._origin else {}

    def _names(self) -> list[str]:
        names = Record._names(self)
        if self.usage is None and self._origin and self._origin.includes_usage:
            names.append("usage")
        return names
