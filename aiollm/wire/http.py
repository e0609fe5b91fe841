"""An HTTP request and the head of a reply, as plain values."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen

__all__ = ["HttpRequest", "ReplyHead"]


@frozen
class HttpRequest:
    """A request ready to be sent but for its authentication.

    Attributes:
        url: absolute URL; the method is always POST.
        headers: header name -> value.
        body: the encoded body.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=lambda body: f"<{len(body)} bytes>")


@frozen
class ReplyHead:
    """Status and headers of a reply. Header names are in lower case; of a repeated header the last one counts.

    Attributes:
        status: HTTP status code.
        headers: lower-case header name -> value.
    """

    status: int
    headers: Mapping[str, str] = field(factory=dict)

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case; "" when there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()
