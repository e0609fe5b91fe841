"""An HTTP request and the head of a reply, as plain values."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

__all__ = ["HttpRequest", "ReplyHead"]


class HttpRequest(msgspec.Struct, frozen=True):
    """A request ready to be sent but for its authentication.

    Attributes:
        url: absolute URL; the method is always POST.
        headers: header name -> value.
        body: the encoded body.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        # The headers may hold a key of the caller's, the body is the prompt.
        return f"<HttpRequest {self.url}: {len(self.body)} bytes>"


class ReplyHead(msgspec.Struct, frozen=True):
    """Status and headers of a reply. Header names are in lower case; of a repeated header the last one counts.

    Attributes:
        status: HTTP status code.
        headers: lower-case header name -> value.
    """

    status: int
    headers: Mapping[str, str] = {}

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case; "" when there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()
