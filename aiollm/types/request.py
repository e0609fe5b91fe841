"""One chat request, validated, in OpenAI's terms, before any dialect has seen it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

__all__ = ["Request"]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller asked for.

    Attributes:
        model: the model's name as the provider knows it, without our prefix.
        messages: chat messages in OpenAI's shape.
        params: OpenAI's parameters that were given, by name, and any further ones meant for the provider.
        known: the names in `params` that are OpenAI's; only these can be "unsupported" at a provider.
        stream: whether the reply is to be streamed; the wire carries the same.
        include_usage: whether the caller wants the usage chunk at the end of a stream.
        extra_headers: headers of the caller, over all others.
        extra_body: members of the body, over all others; the provider's own changes of the body come after.
        drop_params: leave out what the provider does not take, instead of raising.
        additional_drop_params: names to leave out in any case; dots reach into nested objects.
        allowed_openai_params: names to send although the provider is not known to take them.
        metadata: the caller's own notes on the call; never sent, but for the `user_id` that Anthropic takes.
        mock_response: the answer to make up instead of asking for one.
    """

    model: str
    messages: Sequence[Mapping[str, Any]]
    params: Mapping[str, Any] = {}
    known: frozenset[str] = frozenset()
    stream: bool = False
    include_usage: bool = False
    extra_headers: Mapping[str, str] = {}
    extra_body: Mapping[str, Any] = {}
    drop_params: bool = False
    additional_drop_params: tuple[str, ...] = ()
    allowed_openai_params: frozenset[str] = frozenset()
    metadata: Mapping[str, Any] = {}
    mock_response: Any = None

    def __repr__(self) -> str:
        # The messages, headers and notes may be private.
        return f"<Request {self.model}: {len(self.messages)} messages, {', '.join(self.params) or 'no parameters'}>"
