"""Content parts in OpenAI's shape, as Converse's content blocks.

Nothing is fetched: what is not embedded has to lie in S3. Source of the kinds and formats: the service's model in
botocore.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from aiollm.dialects.body import misplaced
from aiollm.dialects.data_uri import DataURI, data_uri
from aiollm.types.shape import JSON

__all__ = ["Block", "cache_point", "content_blocks"]

Block = dict[str, Any]

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9\-()\[\] ]+")

_FORMATS = {
    "image": {"png": "png", "jpeg": "jpeg", "jpg": "jpeg", "gif": "gif", "webp": "webp"},
    "document": {
        "pdf": "pdf",
        "csv": "csv",
        "msword": "doc",
        "doc": "doc",
        "docx": "docx",
        "vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
        "xls": "xls",
        "vnd.ms-excel": "xls",
        "xlsx": "xlsx",
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
        "html": "html",
        "txt": "txt",
        "plain": "txt",
        "md": "md",
        "markdown": "md",
    },
    "video": {
        "mkv": "mkv",
        "x-matroska": "mkv",
        "mov": "mov",
        "quicktime": "mov",
        "mp4": "mp4",
        "webm": "webm",
        "flv": "flv",
        "x-flv": "flv",
        "mpeg": "mpeg",
        "mpg": "mpg",
        "wmv": "wmv",
        "x-ms-wmv": "wmv",
        "3gpp": "three_gp",
        "3gp": "three_gp",
    },
    "audio": {
        name: name
        for name in ("mp3", "opus", "wav", "aac", "flac", "ogg", "mka", "x-aac", "m4a", "mpga", "pcm", "mpeg", "webm")
    }
    | {"x-wav": "wav"},
}
"""Kind of block -> the second half of a media type, or the end of a file's name -> Converse's name of the format."""


def content_blocks(content: Any, place: str) -> list[Block]:
    """Return the content of a message as blocks, without those of empty text, which the API refuses.

    Args:
        content: text, a list of parts in OpenAI's shape, or None.
        place: where the content is, for messages.

    Raises:
        BadRequestError: a part is of no kind that Converse has, or lacks what its kind needs.
    """
    if content is None:
        return []
    parts: Iterable[Any] = [content] if isinstance(content, str) else content
    blocks: list[Block] = []
    for position, part in enumerate(parts):
        blocks += _part_blocks(part, f"{place}[{position}]")
    return blocks


def cache_point(control: JSON) -> list[Block]:
    """Return the block that ends a cached prefix, for a `cache_control`; nothing for none."""
    if not isinstance(control, Mapping):
        return []
    ttl = {"ttl": control["ttl"]} if control.get("ttl") else {}
    return [{"cachePoint": {"type": "default", **ttl}}]


def _part_blocks(part: JSON, place: str) -> list[Block]:
    if isinstance(part, str):
        return [{"text": part}] if part.strip() else []
    if not isinstance(part, Mapping):
        raise misplaced(place, "must be a dict with a type")
    block = _block(part, place)
    return [*([block] if block else []), *cache_point(part.get("cache_control"))]


def _block(part: Mapping[str, Any], place: str) -> Block | None:
    match part.get("type"):
        case "text" | "refusal" as kind:
            text = part.get(kind) or ""
            return {"text": text} if text.strip() else None
        case "guarded_text":
            return {"guardContent": {"text": {"text": part.get("text") or ""}}}
        case "image_url" | "video_url" as kind:
            return _by_url(part.get(kind), kind.removesuffix("_url"), f"{place}.{kind}")
        case "input_audio":
            return _audio(part.get("input_audio"), f"{place}.input_audio")
        case "file":
            return _file(part.get("file"), f"{place}.file")
        case None if len(part) == 1:
            return dict(part)  # a block of Converse's own
        case kind:
            raise misplaced(place, f"is of type {kind!r}, which Bedrock's Converse does not take")


def _by_url(value: JSON, kind: str, place: str) -> Block:
    url = value.get("url") if isinstance(value, Mapping) else value
    given = value.get("format") if isinstance(value, Mapping) else None
    if not isinstance(url, str) or not url:
        raise misplaced(place, "must have a url")
    return _media(kind, url, given, place)


def _media(kind: str, url: str, media_type: str | None, place: str) -> Block:
    """Return a block of what a `data:` or `s3:` URI holds."""
    if url.startswith("s3://"):
        return {kind: {"format": _format(kind, media_type, url, place), "source": _in_s3(url)}}
    found = data_uri(url)
    if found is None or not found.is_base64:
        raise misplaced(
            place, f"must be a data: URI with base64 data, or an s3:// URI: Bedrock fetches no {kind} from the web"
        )
    return {kind: {"format": _format(kind, media_type or found.media_type, "", place), "source": {"bytes": found.data}}}


def _audio(audio: JSON, place: str) -> Block:
    if not isinstance(audio, Mapping) or not audio.get("data"):
        raise misplaced(place, "must have data, and its format")
    kind = _format("audio", f"audio/{audio.get('format')}", "", place)
    return {"audio": {"format": kind, "source": {"bytes": audio["data"]}}}


def _file(file: JSON, place: str) -> Block:
    """Return a document, an image or a video; LiteLLM's `file_id` may be a URI, and its `format` is the media type."""
    if not isinstance(file, Mapping):
        raise misplaced(place, "must be a dict with file_data or file_id")
    uri = file.get("file_data") or file.get("file_id")
    if not isinstance(uri, str) or not uri:
        raise misplaced(place, "has neither file_data nor file_id")
    name = file.get("filename") or ""
    found = data_uri(uri)
    media_type = file.get("format") or (found.media_type if found else "")
    kind = media_type.partition("/")[0]
    if kind in ("image", "video", "audio"):
        return _media(kind, uri, media_type, place)
    if found is None and not uri.startswith("s3://"):
        found = DataURI("", True, uri)
    source = {"bytes": found.data} if found and found.is_base64 else _in_s3(uri)
    document: Block = {
        "format": _format("document", media_type, name or uri, place),
        "name": _name(name or PurePosixPath(uri).name if uri.startswith("s3://") else name),
        "source": source,
    }
    if file.get("citations"):
        document["citations"] = file["citations"]
    return {"document": document}


def _in_s3(uri: str) -> Block:
    return {"s3Location": {"uri": uri}}


def _format(kind: str, media_type: str | None, name: str, place: str) -> str:
    """Return Converse's name of a format, told by the media type, or by the end of a file's name."""
    formats = _FORMATS[kind]
    for told in ((media_type or "").partition("/")[2], name.rpartition(".")[2]):
        if told.lower() in formats:
            return formats[told.lower()]
    known = ", ".join(dict.fromkeys(formats.values()))
    raise misplaced(place, f"is {media_type or 'of an unknown format'}; Bedrock takes as {kind}: {known}")


def _name(filename: str) -> str:
    """Return a document's name as Bedrock takes it; without one it is "document", which says nothing to the model."""
    stem = filename.rpartition(".")[0] or filename
    return " ".join(_NOT_IN_NAMES.sub(" ", stem).split())[:200] or "document"
