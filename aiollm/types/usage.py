"""Token counts."""

from typing import Any, ClassVar

from aiollm.types.record import Nested, Record

__all__ = ["CompletionTokensDetailsWrapper", "PromptTokensDetailsWrapper", "Usage"]


class PromptTokensDetailsWrapper(Record, kw_only=True):
    """What the prompt's tokens were: cached, written to the cache, text, audio, images."""

    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_creation_tokens: int | None = None
    audio_tokens: int | None = None
    text_tokens: int | None = None
    image_tokens: int | None = None

    @classmethod
    def _own_part(cls, payload: dict[str, Any]) -> Any:
        return payload["usage"]["prompt_tokens_details"]


class CompletionTokensDetailsWrapper(Record, kw_only=True):
    """What the answer's tokens were: reasoning, text, audio, predictions."""

    reasoning_tokens: int | None = None
    text_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None
    accepted_prediction_tokens: int | None = None
    rejected_prediction_tokens: int | None = None

    @classmethod
    def _own_part(cls, payload: dict[str, Any]) -> Any:
        return payload["usage"]["completion_tokens_details"]


class Usage(Record, kw_only=True):
    """The tokens of a whole request. Further counts a provider sends are kept under its names."""

    _nested: ClassVar[Nested] = {
        "prompt_tokens_details": PromptTokensDetailsWrapper,
        "completion_tokens_details": CompletionTokensDetailsWrapper,
    }
    _always: ClassVar[frozenset[str]] = frozenset({"prompt_tokens", "completion_tokens", "total_tokens"})

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    prompt_tokens_details: PromptTokensDetailsWrapper | None = None
    completion_tokens_details: CompletionTokensDetailsWrapper | None = None
    cost: Any = None

    @classmethod
    def _own_part(cls, payload: dict[str, Any]) -> Any:
        return payload["usage"]
