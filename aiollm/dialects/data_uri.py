"""`data:` URIs, in which chat messages bring images and files along (RFC 2397)."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DataURI", "data_uri"]


class DataURI(NamedTuple):
    """What a URI holds.

    Attributes:
        media_type: as in "image/png"; "" where it has none.
        is_base64: whether the data is base64; else it is percent-encoded.
        data: as it stands in the URI.
    """

    media_type: str
    is_base64: bool
    data: str


def data_uri(text: str) -> DataURI | None:
    """Return what a `data:` URI holds, or None for any other text."""
    head, comma, data = text.partition(",")
    if not (comma and head.startswith("data:")):
        return None
    media_type, *options = head.removeprefix("data:").split(";")
    return DataURI(media_type, "base64" in options, data)
