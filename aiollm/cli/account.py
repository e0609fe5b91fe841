"""The line after an answer: its pace and size, as far as they are known. Pure."""

from __future__ import annotations

from attrs import frozen

from aiollm.types.usage import Usage

__all__ = ["Account"]

SHORTEST_SPAN = 0.01
"""Seconds. Over less, as when an answer comes in one piece, a rate says nothing about the model."""

_ENDINGS = {"length": "cut at the token limit", "content_filter": "stopped by the provider's content filter"}


@frozen(kw_only=True)
class Account:
    """What is known about one answer.

    Attributes:
        first_token: seconds from the start of the call to the first content.
        span: seconds from the first piece of text to the last.
        pieces: how many chunks had text in them, reasoning included.
        reasoned: whether reasoning came as text.
        usage: the tokens the provider counted.
        finish_reason: why the answer ended.
    """

    first_token: float | None
    span: float
    pieces: int
    reasoned: bool
    usage: Usage | None
    finish_reason: str | None

    def __str__(self) -> str:
        parts = (self._first_token(), self._rate(), self._usage(), self._ending())
        return ", ".join(part for part in parts if part)

    def _first_token(self) -> str | None:
        if self.first_token is None:
            return None
        return f"first token {self.first_token:.{2 if self.first_token >= 0.1 else 3}f} s"

    def _rate(self) -> str | None:
        """Say the rate after the first token or chunk, in tokens only where the provider counted them."""
        tokens = self._streamed_tokens()
        count, unit = (tokens, "tokens") if tokens > 1 else (self.pieces, "chunks")
        if count < 2 or self.span < SHORTEST_SPAN:
            return None
        return f"{(count - 1) / self.span:.1f} {unit}/s"

    def _streamed_tokens(self) -> int:
        if self.usage is None:
            return 0
        tokens, details = self.usage.completion_tokens, self.usage.completion_tokens_details
        # Reasoning that the provider keeps to itself is counted, but was over before the first token.
        hidden = 0 if self.reasoned or details is None else details.reasoning_tokens or 0
        return tokens - hidden

    def _usage(self) -> str | None:
        if self.usage is None:
            return None
        return f"{self.usage.prompt_tokens} prompt + {self.usage.completion_tokens} answer tokens"

    def _ending(self) -> str | None:
        if self.finish_reason in _ENDINGS:
            return _ENDINGS[self.finish_reason]
        return None if self.pieces else "no text in the answer"
