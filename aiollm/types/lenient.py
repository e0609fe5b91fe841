"""JSON as servers really write it."""

from __future__ import annotations

import json
from typing import Any

import msgspec

__all__ = ["is_json", "lenient_json", "whole_number"]

_LARGEST = 2**63


def lenient_json(data: bytes) -> Any:
    """Decode JSON, and what Python's own encoder and cut text make of it: `NaN`, half a character.

    A broken character becomes U+FFFD, as in a browser: it must not cost the answer.

    Raises:
        ValueError: the data is not JSON all the same.
    """
    try:
        return msgspec.json.decode(data)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:
        try:
            # An escape of half a surrogate pair is found where the text is decoded, and replaced when it is encoded.
            written = json.dumps(json.loads(data.decode("utf-8", "replace")), ensure_ascii=False)
            return json.loads(written.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        except (ValueError, RecursionError):
            raise ValueError(str(error)) from None


def is_json(text: str | bytes) -> bool:
    """Whether the text is JSON by the letter, and not nested too deeply to be read."""
    try:
        msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def whole_number(value: Any) -> int:
    """Return a count or a time that a server sent; 0 for what is none: no number, below 0, or over 64 bits."""
    return int(value) if isinstance(value, int | float) and 0 < value < _LARGEST else 0
