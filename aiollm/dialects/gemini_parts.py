"""The content of OpenAI's messages as the parts of Gemini's.

A part's fields are those of google-genai's `types.Part`. Whatever is given as a data URI goes inline; anything else is
named by its address, and fetched by Google: the bytes of a public URL are never fetched here.
"""

from __future__ import annotations

import base64
from mimetypes import guess_type
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from aiollm.dialects.body import misplaced
from aiollm.dialects.data_uri import data_uri
from aiollm.types.shape import is_object

__all__ = ["content_parts", "inline_part"]

_AUDIO_TYPES = {"mp3": "audio/mp3", "m4a": "audio/mp4"}


def content_parts(content: Any, place: str) -> list[dict[str, Any]]:
    """Return the parts of a message's content: text, a list of OpenAI's content parts, or None.

    Raises:
        BadRequestError: a part cannot be sent; the error names it.
    """
    if content is None:
        return []
    if isinstance(content, str):
        return [{"text": content}] if content else []
    return [_part(part, f"{place}.content[{position}]") for position, part in enumerate(content)]


def inline_part(uri: str, place: str) -> dict[str, Any]:
    """Return the part for a data URI."""
    found = data_uri(uri)
    if found is None:
        raise misplaced(place, "is no data URI: it has no comma")
    data = found.data if found.is_base64 else base64.b64encode(unquote_to_bytes(found.data)).decode()
    return {"inlineData": {"mimeType": found.media_type or "text/plain", "data": data}}


def _part(part: Any, place: str) -> dict[str, Any]:
    if isinstance(part, str):
        return {"text": part}
    kind = part.get("type") if is_object(part) else None
    if not isinstance(kind, str) or kind not in _READERS:
        raise misplaced(place, f"must be one of {', '.join(_READERS)}; its type is {str(kind)[:40]!r}")
    try:
        return _READERS[kind](part, place)
    except (AttributeError, KeyError, TypeError) as error:
        raise misplaced(place, f"is not of the form of a {kind} part ({type(error).__name__}: {error})") from None


def _text(part: dict[str, Any], place: str) -> dict[str, Any]:
    text = part["refusal"] if part["type"] == "refusal" else part["text"]
    if not isinstance(text, str):
        raise misplaced(place, "must hold text")
    return {"text": text}


def _url(part: dict[str, Any], place: str) -> dict[str, Any]:
    """Read an image or a video: `{"url": ..., "format": ...}`, or the URL alone."""
    given = part[part["type"]]
    given = {"url": given} if isinstance(given, str) else given
    return _file(given["url"], given.get("format"), place)


def _input_audio(part: dict[str, Any], place: str) -> dict[str, Any]:
    audio = part["input_audio"]
    data, kind = audio["data"], audio.get("format") or "wav"
    if data.startswith("data:"):
        return inline_part(data, place)
    return {"inlineData": {"mimeType": _AUDIO_TYPES.get(kind) or f"audio/{kind}", "data": data}}


def _any_file(part: dict[str, Any], place: str) -> dict[str, Any]:
    given = part["file"]
    kind = given.get("format") or _type_of(given.get("filename") or "")
    if address := given.get("file_data") or given.get("file_id"):
        return _file(address, kind, place)
    raise misplaced(place, "has neither file_data nor file_id")


def _file(address: str, kind: str | None, place: str) -> dict[str, Any]:
    if address.startswith("data:"):
        return inline_part(address, place)
    if not urlsplit(address).scheme:
        raise misplaced(place, "must be a data URI, or the address of a file: https://..., gs://..., or a file's URI")
    kind = kind or _type_of(urlsplit(address).path)
    return {"fileData": {"fileUri": address, **({"mimeType": kind} if kind else {})}}


def _type_of(name: str) -> str | None:
    return guess_type(name, strict=False)[0]


_READERS = {
    "text": _text,
    "refusal": _text,
    "image_url": _url,
    "video_url": _url,
    "input_audio": _input_audio,
    "file": _any_file,
}
