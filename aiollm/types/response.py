"""A whole answer."""

from typing import Any, ClassVar

import msgspec

from aiollm.types.logprobs import ChoiceLogprobs
from aiollm.types.record import Nested, Record
from aiollm.types.tools import ChatCompletionMessageToolCall, FunctionCall
from aiollm.types.usage import Usage
from aiollm.types.whole_answer import WholeAnswer

__all__ = ["Choices", "Message", "ModelResponse"]


class Message(Record, kw_only=True):
    """The assistant's message. It may be put back into `messages` as it is."""

    _nested: ClassVar[Nested] = {
        "tool_calls": ChatCompletionMessageToolCall,
        "function_call": FunctionCall,
    }
    _always: ClassVar[frozenset[str]] = frozenset({"content", "role", "tool_calls", "function_call"})

    content: str | None = None
    role: str = "assistant"
    tool_calls: list[ChatCompletionMessageToolCall] | None = None
    function_call: FunctionCall | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    audio: Any = None
    images: Any = None
    annotations: Any = None
    thinking_blocks: Any = None
    reasoning: Any = None
    provider_specific_fields: dict[str, Any] | None = None

    @classmethod
    def _own_part(cls, payload: dict[str, Any]) -> Any:
        return payload["choices"][0]["message"]


class Choices(Record, kw_only=True):
    """One of the answers of a response."""

    _nested: ClassVar[Nested] = {"message": Message, "logprobs": ChoiceLogprobs}
    _always: ClassVar[frozenset[str]] = frozenset({"finish_reason", "index", "message"})

    finish_reason: str | None = "stop"
    index: int = 0
    message: Message = msgspec.field(default_factory=Message)
    logprobs: ChoiceLogprobs | None = None
    provider_specific_fields: dict[str, Any] | None = None

    @classmethod
    def _own_part(cls, payload: dict[str, Any]) -> Any:
        return payload["choices"][0]


class ModelResponse(WholeAnswer, kw_only=True):
    """A whole answer, from a call without `stream` or put together from chunks."""

    _nested: ClassVar[Nested] = {"choices": Choices, "usage": Usage}
    _always: ClassVar[frozenset[str]] = frozenset({"id", "created", "model", "object", "system_fingerprint", "choices"})

    id: str | None = None
    created: int | None = None
    model: str | None = None
    object: str | None = "chat.completion"
    system_fingerprint: str | None = None
    choices: list[Choices] = msgspec.field(default_factory=list[Choices])
    usage: Usage | None = None
    service_tier: str | None = None
    _error: Any = msgspec.field(default=None, name="error")
