"""Content parts in OpenAI's shape, as Anthropic's content blocks."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from aiollm.dialects.body import misplaced
from aiollm.dialects.data_uri import data_uri
from aiollm.types.shape import JSON

__all__ = ["blocks_of", "is_blank"]

Block = dict[str, Any]

_NOT_TAKEN = frozenset({"audio", "input_audio", "input_video", "video_url"})


def blocks_of(content: Any, place: str) -> list[Block]:
    """Return the content of a message as blocks, without those of empty text, which the API refuses.

    Args:
        content: text, a list of parts in OpenAI's shape or of Anthropic's own blocks, or None.
        place: where the content is, for messages.

    Raises:
        BadRequestError: a part is of no kind that Claude takes, or lacks what its kind needs.
    """
    if content is None:
        return []
    parts: Iterable[Any] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    blocks = (_block(part, f"{place}[{position}]") for position, part in enumerate(parts))
    return [block for block in blocks if not is_blank(block)]


def is_blank(block: Block) -> bool:
    """Whether a block is text without a letter in it."""
    return block.get("type") == "text" and not (block.get("text") or "").strip()


def _block(part: JSON, place: str) -> Block:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, Mapping):
        raise misplaced(place, "must be a dict with a type")
    kind = part.get("type")
    if kind in _NOT_TAKEN:
        raise misplaced(place, f"is of type {kind!r}, which Claude does not take")
    if kind == "text":
        block = {name: part[name] for name in ("type", "text", "citations") if part.get(name) is not None}
    elif kind == "refusal":
        block = {"type": "text", "text": part.get("refusal") or ""}
    elif kind == "image_url":
        block = _image(part.get("image_url"), f"{place}.image_url")
    elif kind == "file":
        block = _file(part.get("file"), f"{place}.file")
    else:
        return dict(part)  # a block of Anthropic's own: document, image, search_result...
    if part.get("cache_control"):
        block["cache_control"] = part["cache_control"]
    return block


def _image(image: JSON, place: str) -> Block:
    url = image.get("url") if isinstance(image, Mapping) else image
    if not isinstance(url, str) or not url:
        raise misplaced(place, "must have a url")
    given = image.get("format") if isinstance(image, Mapping) else None
    if not url.startswith("data:"):
        return {"type": "image", "source": {"type": "url", "url": url}}
    media_type, data = _data(url, place)
    media_type = given or media_type or "image/jpeg"
    return _embedded(media_type, data, place)


def _file(file: JSON, place: str) -> Block:
    """Return a document or an image; LiteLLM's `file_id` may be a URL, and its `format` is the media type."""
    if not isinstance(file, Mapping):
        raise misplaced(place, "must be a dict with file_data or file_id")
    title = {"title": file["filename"]} if file.get("filename") else {}
    given = file.get("format") or ""
    if isinstance(file_data := file.get("file_data"), str) and file_data:
        if file_data.startswith(("http://", "https://")):
            return {"type": "document", "source": {"type": "url", "url": file_data}, **title}
        media_type, data = _data(file_data, place) if file_data.startswith("data:") else ("", file_data)
        block = _embedded(given or media_type or "application/pdf", data, place)
        return block | title if block["type"] == "document" else block
    file_id = file.get("file_id")
    if not isinstance(file_id, str) or not file_id:
        raise misplaced(place, "has neither file_data nor file_id")
    kind = "image" if given.startswith("image/") else "document"
    is_url = file_id.startswith(("http://", "https://"))
    source = {"type": "url", "url": file_id} if is_url else {"type": "file", "file_id": file_id}
    return {"type": kind, "source": source, **(title if kind == "document" else {})}


def _embedded(media_type: str, data: str, place: str) -> Block:
    """Return the block of embedded data, which is base64."""
    if media_type.startswith("image/"):
        return {"type": "image", "source": {"type": "base64", "media_type": media_type, "data": data}}
    if media_type.startswith("text/"):
        try:
            text = base64.b64decode(data).decode()
        except ValueError:
            raise misplaced(place, "is neither base64 nor UTF-8") from None
        return {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": text}}
    if media_type != "application/pdf":
        raise misplaced(place, f"is {media_type}; Claude takes images, PDF and text")
    return {"type": "document", "source": {"type": "base64", "media_type": media_type, "data": data}}


def _data(uri: str, place: str) -> tuple[str, str]:
    """Return the media type and the base64 data of a `data:` URI."""
    found = data_uri(uri)
    if found is None or not found.is_base64:
        raise misplaced(place, "must be a data: URI with a media type and base64 data")
    return found.media_type, found.data
