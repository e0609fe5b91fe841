"""OpenAI's older completions, by way of a chat: a prompt in, its continuation out.

Source of the shapes: https://platform.openai.com/docs/api-reference/completions
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, ClassVar, Self

import msgspec

from aiollm.client import hidden_arguments
from aiollm.compat.litellm.calls import acompletion, completion
from aiollm.compat.litellm.exceptions import BadRequestError
from aiollm.compat.litellm.streams import CustomStreamWrapper
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.record import Nested, Record
from aiollm.types.response import ModelResponse
from aiollm.types.shape import JSON
from aiollm.types.usage import Usage

__all__ = [
    "TextChoices",
    "TextCompletionResponse",
    "TextCompletionStreamWrapper",
    "atext_completion",
    "chat_of",
    "chat_options",
    "text_completion",
    "text_of",
]

_HARMLESS: Mapping[str, tuple[Any, ...]] = {"echo": (None, False), "suffix": (None, ""), "best_of": (None, 1)}


class TextChoices(Record, kw_only=True):
    """One of the texts of a completion, or a piece of it."""

    _always: ClassVar[frozenset[str]] = frozenset({"text", "index", "finish_reason"})

    text: str = ""
    index: int = 0
    finish_reason: str | None = None
    logprobs: Any = None


class TextCompletionResponse(Record, kw_only=True):
    """A completion, or a chunk of one."""

    _nested: ClassVar[Nested] = {"choices": TextChoices, "usage": Usage}
    _always: ClassVar[frozenset[str]] = frozenset({"id", "object", "created", "model", "choices"})

    id: str | None = None
    object: str = "text_completion"
    created: int | None = None
    model: str | None = None
    choices: list[TextChoices] = msgspec.field(default_factory=list[TextChoices])
    usage: Usage | None = None


class TextCompletionStreamWrapper(CustomStreamWrapper):
    """The chunks of one completion; its loop is left as that of any stream is."""

    def __iter__(self) -> Iterator[Any]:
        return map(_text_chunk, super().__iter__())

    def __next__(self) -> Any:
        return _text_chunk(super().__next__())

    def __aiter__(self) -> AsyncIterator[Any]:
        return _TextReading(super().__aiter__())

    async def __anext__(self) -> Any:
        return _text_chunk(await super().__anext__())


class _TextReading:
    def __init__(self, chunks: AsyncIterator[ModelResponseStream]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> TextCompletionResponse:
        return _text_chunk(await anext(self._chunks))


def text_completion(prompt: Any, model: str, **options: Any) -> TextCompletionResponse | TextCompletionStreamWrapper:
    """Ask a model to go on with a prompt, and wait for it; a stream where `stream` is true.

    Raises:
        BadRequestError: the prompt is not one text, or the call asks for what a chat cannot do.
        APIError: as `completion`.
    """
    options = hidden_arguments(options)
    return text_of(completion(model, chat_of(prompt), **chat_options(options)))


async def atext_completion(
    prompt: Any, model: str, **options: Any
) -> TextCompletionResponse | TextCompletionStreamWrapper:
    """Ask a model to go on with a prompt: the twin of `text_completion`. Cancelling closes the connection."""
    options = hidden_arguments(options)
    return text_of(await acompletion(model, chat_of(prompt), **chat_options(options)))


def chat_of(prompt: JSON) -> list[dict[str, Any]]:
    """Return the messages that ask to go on with a prompt."""
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise BadRequestError(
            "prompt must be one text: several prompts, and token ids, cannot be answered by way of a chat",
            param="prompt",
            phase="request",
        )
    return [{"role": "user", "content": prompt}]


def chat_options(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a text completion as those of a chat."""
    for name, harmless in _HARMLESS.items():
        if options.pop(name, None) not in harmless:
            raise BadRequestError(
                f"{name} cannot be had here: completions are answered by way of a chat", param=name, phase="request"
            )
    count = options.pop("logprobs", None)
    return options if count is None else {**options, "logprobs": True, "top_logprobs": count}


def text_of(answer: Any) -> TextCompletionResponse | TextCompletionStreamWrapper:
    """Return the answer of a chat as one of text completions."""
    if not isinstance(answer, ModelResponse):
        return TextCompletionStreamWrapper(answer.completion_stream)
    choices = [
        TextChoices(
            text=choice.message.content or "",
            index=choice.index,
            finish_reason=choice.finish_reason,
            logprobs=choice.logprobs,
        )
        for choice in answer.choices
    ]
    return TextCompletionResponse(
        id=answer.id, created=answer.created, model=answer.model, choices=choices, usage=answer.usage
    )


def _text_chunk(chunk: ModelResponseStream) -> TextCompletionResponse:
    choices = [
        TextChoices(
            text=choice.delta.content or "",
            index=choice.index,
            finish_reason=choice.finish_reason,
            logprobs=choice.logprobs,
        )
        for choice in chunk.choices
    ]
    return TextCompletionResponse(
        id=chunk.id, created=chunk.created, model=chunk.model, choices=choices, usage=chunk.usage
    )
