"""One chat request, validated, in OpenAI's terms, before any dialect has seen it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import field, frozen

__all__ = ["Request"]


@frozen(kw_only=True)
class Request:
    """What the caller asked for.

    Attributes:
        model: the model's name as the provider knows it, without our prefix.
        messages: chat messages in OpenAI's shape.
        params: OpenAI's parameters that were given, by name, and any further ones meant for the provider.
        known: the names in `params` that are OpenAI's; only these can be "unsupported" at a provider.
        stream: whether the reply is to be streamed; the wire carries the same.
        include_usage: whether the caller wants the usage chunk at the end of a stream.
        extra_headers: headers of the caller, over all others.
        extra_body: members merged into the body last.
        drop_params: leave out what the provider does not take, instead of raising.
        additional_drop_params: names to leave out in any case; dots reach into nested objects.
        allowed_openai_params: names to send although the provider is not known to take them.
        metadata: the caller's own notes on the call; never sent.
        mock_response: the answer to make up instead of asking for one.
    """

    model: str
    messages: Sequence[Mapping[str, Any]] = field(repr=lambda messages: f"<{len(messages)} messages>")
    params: Mapping[str, Any] = field(factory=dict)
    known: frozenset[str] = frozenset()
    stream: bool = False
    include_usage: bool = False
    extra_headers: Mapping[str, str] = field(factory=dict, repr=False)
    extra_body: Mapping[str, Any] = field(factory=dict)
    drop_params: bool = False
    additional_drop_params: tuple[str, ...] = ()
    allowed_openai_params: frozenset[str] = frozenset()
    metadata: Mapping[str, Any] = field(factory=dict, repr=False)
    mock_response: Any = field(default=None, repr=False)
