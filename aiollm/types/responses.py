"""A response of the Responses API, whole, and the typed events of a streamed one.

The members named here work by attribute and by item. Every other member that a server sends is kept: further down
objects are plain dicts, because a schema among them may have members of any name.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from aiollm.types.record import Nested, Record
from aiollm.types.whole_answer import WholeAnswer

__all__ = [
    "ResponseContentPart",
    "ResponseOutputItem",
    "ResponseUsage",
    "ResponsesAPIResponse",
    "ResponsesStreamEvent",
]


class ResponseUsage(Record, kw_only=True):
    """The tokens of a response, under this API's own names."""

    _nested: ClassVar[Nested] = {"input_tokens_details": Record, "output_tokens_details": Record}
    _always: ClassVar[frozenset[str]] = frozenset({"input_tokens", "output_tokens", "total_tokens"})

    input_tokens: int = 0
    input_tokens_details: Any = None
    output_tokens: int = 0
    output_tokens_details: Any = None
    total_tokens: int = 0


class ResponseContentPart(Record, kw_only=True):
    """A part of a message: `output_text` with its annotations, `refusal`; of reasoning: `summary_text`."""

    _nested: ClassVar[Nested] = {"annotations": Record}

    type: str | None = None
    text: str | None = None
    refusal: str | None = None
    annotations: Any = None
    logprobs: Any = None


class ResponseOutputItem(Record, kw_only=True):
    """One item of the output: a message, reasoning, a call of a tool; `type` says which."""

    _nested: ClassVar[Nested] = {"content": ResponseContentPart, "summary": ResponseContentPart, "action": Record}

    type: str | None = None
    id: str | None = None
    status: str | None = None
    role: str | None = None
    content: Any = None
    summary: Any = None
    call_id: str | None = None
    name: str | None = None
    arguments: Any = None
    input: Any = None
    action: Any = None
    encrypted_content: str | None = None


class ResponsesAPIResponse(WholeAnswer, kw_only=True):
    """A whole response."""

    _nested: ClassVar[Nested] = {
        "output": ResponseOutputItem,
        "usage": ResponseUsage,
        "error": Record,
        "incomplete_details": Record,
        "reasoning": Record,
    }
    _always: ClassVar[frozenset[str]] = frozenset({"id", "object", "created_at", "status", "model", "output"})

    id: str | None = None
    object: str = "response"
    created_at: float | None = None
    status: str | None = None
    model: str | None = None
    output: list[ResponseOutputItem] = msgspec.field(default_factory=list[ResponseOutputItem])
    usage: ResponseUsage | None = None
    error: Any = None
    incomplete_details: Any = None
    instructions: Any = None
    metadata: Any = None
    previous_response_id: str | None = None
    reasoning: Any = None

    @property
    def output_text(self) -> str:
        """All text of the output's messages; of a server that leaves the output out, the text that it sends instead."""
        parts = (part for item in self.output if item.type == "message" for part in item.content or ())
        text = "".join(part.text or "" for part in parts if part.type == "output_text")
        return text or self._extra().get("output_text") or ""


class ResponsesStreamEvent(Record, kw_only=True, gc=False):
    """One event of a streamed response; `type` says which, and with it which of the other members there are."""

    _nested: ClassVar[Nested] = {
        "item": ResponseOutputItem,
        "part": ResponseContentPart,
        "annotation": Record,
        "response": ResponsesAPIResponse,
    }
    _always: ClassVar[frozenset[str]] = frozenset({"type"})

    type: str = ""
    sequence_number: int | None = None
    delta: Any = None
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    logprobs: Any = None
    text: str | None = None
    arguments: str | None = None
    item: Any = None
    part: Any = None
    annotation: Any = None
    response: Any = None
    error: Any = None
