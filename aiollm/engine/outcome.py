"""How a stream ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from aiollm.engine.stats import StreamStats
from aiollm.types.origin import Origin
from aiollm.types.usage import Usage

__all__ = ["Ended", "Outcome"]

Ended = Literal["complete", "closed", "failed"]


class Outcome(msgspec.Struct, frozen=True):
    """How a stream ended.

    Attributes:
        ended: "complete", "closed" (by the reader, before the end) or "failed".
        error: the error, when it failed.
        usage: the tokens the provider counted, or None.
        finish_reason: of the first choice, or None.
        chunks: how many chunks were decoded, read or not.
        first_token: seconds from the start of the call to the first content, or None.
        elapsed: seconds from the start of the call to the end of the stream.
        origin: where the answer came from; its `cost(usage)` prices it.
    """

    ended: Ended
    error: BaseException | None
    usage: Usage | None
    finish_reason: str | None
    chunks: int
    first_token: float | None
    elapsed: float
    origin: Origin
    _partial: Callable[[], Any]
    _stats: Callable[[], StreamStats | None] = lambda: None

    @property
    def response(self) -> Any:
        """The answer, whole or as far as it came, put together when this is asked for; None when nothing came.

        Of a stream it has what `APIError.partial` would have. It is nobody else's, but for an answer that came whole.
        """
        return self._partial()

    @property
    def stats(self) -> StreamStats | None:
        """How the stream came; None for an answer of an API that does not stream."""
        return self._stats()

    def __repr__(self) -> str:
        told = ((name, getattr(self, name)) for name in self.__struct_fields__ if name[0] != "_")
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in told)})"
