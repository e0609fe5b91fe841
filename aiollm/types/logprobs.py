"""Log probabilities of tokens."""

from typing import ClassVar

import msgspec

from aiollm.types.record import Nested, Record

__all__ = ["ChatCompletionTokenLogprob", "ChoiceLogprobs", "TopLogprob"]


class TopLogprob(Record, kw_only=True):
    """One of the likeliest tokens at a position."""

    token: str = ""
    logprob: float = 0.0
    bytes: list[int] | None = None


class ChatCompletionTokenLogprob(Record, kw_only=True):
    """A token of the answer with its log probability."""

    _nested: ClassVar[Nested] = {"top_logprobs": TopLogprob}

    token: str = ""
    logprob: float = 0.0
    bytes: list[int] | None = None
    top_logprobs: list[TopLogprob] = msgspec.field(default_factory=list[TopLogprob])


class ChoiceLogprobs(Record, kw_only=True):
    """The log probabilities of a choice's content and refusal."""

    _nested: ClassVar[Nested] = {
        "content": ChatCompletionTokenLogprob,
        "refusal": ChatCompletionTokenLogprob,
    }

    content: list[ChatCompletionTokenLogprob] | None = None
    refusal: list[ChatCompletionTokenLogprob] | None = None
