"""JSON as servers really write it."""

from __future__ import annotations

import json
from typing import Any

import msgspec

__all__ = ["lenient_json"]


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
