"""Content parts of every kind, and what cannot be sent."""

from __future__ import annotations

from typing import Any

import pytest

from aiollm.dialects.gemini_parts import content_parts
from aiollm.exceptions import BadRequestError

PNG = {"inlineData": {"mimeType": "image/png", "data": "YWJj"}}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"type": "text", "text": "a"}, {"text": "a"}),
        ({"type": "refusal", "refusal": "no"}, {"text": "no"}),
        ("a", {"text": "a"}),
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64,YWJj"}}, PNG),
        ({"type": "image_url", "image_url": "data:image/png;base64,YWJj"}, PNG),
        (
            {"type": "image_url", "image_url": {"url": "https://h/a.webp?x=1"}},
            {"fileData": {"fileUri": "https://h/a.webp?x=1", "mimeType": "image/webp"}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "gs://b/a", "format": "image/jpeg"}},
            {"fileData": {"fileUri": "gs://b/a", "mimeType": "image/jpeg"}},
        ),
        ({"type": "image_url", "image_url": "https://h/files/1"}, {"fileData": {"fileUri": "https://h/files/1"}}),
        (
            {"type": "video_url", "video_url": {"url": "gs://b/a.mp4"}},
            {"fileData": {"fileUri": "gs://b/a.mp4", "mimeType": "video/mp4"}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "YWJj", "format": "wav"}},
            {"inlineData": {"mimeType": "audio/wav", "data": "YWJj"}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "YWJj", "format": "mp3"}},
            {"inlineData": {"mimeType": "audio/mp3", "data": "YWJj"}},
        ),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,YWJj", "filename": "a.pdf"}},
            {"inlineData": {"mimeType": "application/pdf", "data": "YWJj"}},
        ),
        (
            {"type": "file", "file": {"file_id": "https://h/v1beta/files/x", "filename": "a.pdf"}},
            {"fileData": {"fileUri": "https://h/v1beta/files/x", "mimeType": "application/pdf"}},
        ),
        (
            {"type": "image_url", "image_url": "data:text/plain,a%20b"},
            {"inlineData": {"mimeType": "text/plain", "data": "YSBi"}},
        ),
    ],
)
def test_a_part_goes_where_gemini_has_it(given: Any, sent: dict[str, Any]) -> None:
    assert content_parts([given], "messages[0]") == [sent]


@pytest.mark.parametrize(("content", "sent"), [(None, []), ("", []), ("a", [{"text": "a"}]), ([], [])])
def test_content_may_be_a_text_or_nothing(content: Any, sent: list[Any]) -> None:
    assert content_parts(content, "messages[0]") == sent


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ({"type": "hologram"}, "must be one of text, refusal"),
        (7, "must be one of text"),
        ({"type": "text"}, "is not of the form of a text part"),
        ({"type": "text", "text": 7}, "must hold text"),
        ({"type": "image_url", "image_url": {"url": None}}, "is not of the form of a image_url part"),
        ({"type": "image_url", "image_url": "cat.png"}, "must be a data URI, or the address of a file"),
        ({"type": "image_url", "image_url": "data:image/png"}, "it has no comma"),
        ({"type": "file", "file": {}}, "has neither file_data nor file_id"),
    ],
)
def test_a_bad_part_is_named_by_its_place(part: Any, fault: str) -> None:
    with pytest.raises(BadRequestError, match=fault) as caught:
        content_parts([{"type": "text", "text": "a"}, part], "messages[3]")
    assert caught.value.param == "messages[3].content[1]"
    assert str(caught.value).startswith("messages[3].content[1] ")
