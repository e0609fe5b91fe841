"""Where a request goes, and what the provider there wants done to the body first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

__all__ = ["BodyQuirk", "Endpoint"]

BodyQuirk = Callable[[dict[str, Any]], dict[str, Any]]
"""A pure change of a request body (a JSON object in the dialect's own shape)."""


class Endpoint(msgspec.Struct, frozen=True):
    """One chat endpoint of one provider, as a dialect's `encode` needs it. It holds no secret.

    Attributes:
        provider: the provider's name, for messages.
        url: the full URL that a chat request is posted to.
        stream_url: the full URL for a request that streams, where that is another one; else "".
        headers: fixed headers besides authentication.
        members: members of the body that the environment gives; the caller's are over them.
        renames: OpenAI's parameter name -> the provider's.
        unsupported: OpenAI parameters that the provider does not take; asked for, they raise unless dropped.
        quirks: changes of the finished body, applied in order.
        takes_stream_options: whether `stream_options` may be sent; where not, it is left out without a word.
        asks_usage: whether to ask for usage even when the caller did not, so that `stream.usage` is there.
    """

    provider: str
    url: str
    stream_url: str = ""
    headers: Mapping[str, str] = {}
    members: Mapping[str, str] = {}
    renames: Mapping[str, str] = {}
    unsupported: frozenset[str] = frozenset()
    quirks: tuple[BodyQuirk, ...] = ()
    takes_stream_options: bool = True
    asks_usage: bool = False

    def url_for(self, *, stream: bool) -> str:
        """Return the URL that a request is posted to."""
        return (self.stream_url or self.url) if stream else self.url
