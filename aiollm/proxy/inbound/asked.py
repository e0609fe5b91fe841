"""What a caller asks of the proxy, in the terms of the library's own calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

__all__ = ["Asked", "Call"]

Call = Literal["chat", "embedding", "responses"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request, checked for what a caller may not say. Its repr shows no word of the prompt.

    Attributes:
        call: which call it is: `acompletion`, `aembedding` or `aresponses`.
        model: what the caller calls the model.
        arguments: the keyword arguments of that call but for the model. A stream always asks for its usage.
        stream: whether the answer is to be streamed.
        verbatim: whether the events of a provider that speaks the caller's format say what the caller is to be told.
        include_usage: whether the caller wants to see the usage of a stream.
        encoding: how embeddings are wanted: "float" or "base64".
        timeout: how long the caller wants to wait, in seconds; the operator's limits are over it.
        user: whom the caller asks for, as it names them.
        metadata: the caller's own notes, for the record of the call. They mean nothing to the proxy.
    """

    call: Call
    model: str
    arguments: dict[str, Any]
    stream: bool = False
    verbatim: bool = False
    include_usage: bool = False
    encoding: Literal["float", "base64"] = "float"
    timeout: float | None = None
    user: str | None = None
    metadata: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        # The prompt and the notes may be private.
        return f"<Asked {self.call} of {self.model}>"
