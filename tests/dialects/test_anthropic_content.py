"""Content parts in OpenAI's shape, as Anthropic's blocks."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from aiollm.dialects.anthropic_content import blocks_of
from aiollm.exceptions import BadRequestError

PDF = "JVBERi0="
CACHED = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}


def block(part: Any) -> dict[str, Any]:
    (one,) = blocks_of([part], "here")
    return one


def fault(part: Any) -> str:
    with pytest.raises(BadRequestError) as caught:
        blocks_of([part], "messages[3].content")
    assert (caught.value.param or "").startswith("messages[3].content[0]")
    return str(caught.value)


def test_text_is_one_block() -> None:
    assert blocks_of("Hello", "here") == [{"type": "text", "text": "Hello"}]


@pytest.mark.parametrize("content", [None, "", " \n", [], [{"type": "text", "text": ""}]])
def test_text_without_a_letter_is_left_out(content: Any) -> None:
    assert blocks_of(content, "here") == []


@pytest.mark.parametrize("image", ["https://h/a.png", {"url": "https://h/a.png", "detail": "high"}])
def test_an_image_by_url_stays_one(image: Any) -> None:
    assert block({"type": "image_url", "image_url": image}) == {
        "type": "image",
        "source": {"type": "url", "url": "https://h/a.png"},
    }


def test_an_image_of_data_says_its_type() -> None:
    part = {"type": "image_url", "image_url": {"url": "data:image/webp;base64,UklGRg=="}, **CACHED}
    source = {"type": "base64", "media_type": "image/webp", "data": "UklGRg=="}
    assert block(part) == {"type": "image", "source": source, **CACHED}


@pytest.mark.parametrize(
    "file",
    [
        {"file_data": f"data:application/pdf;base64,{PDF}", "filename": "a.pdf"},
        {"file_data": PDF, "format": "application/pdf", "filename": "a.pdf"},
        {"file_data": PDF, "filename": "a.pdf"},
    ],
)
def test_a_pdf_is_a_document(file: dict[str, Any]) -> None:
    source = {"type": "base64", "media_type": "application/pdf", "data": PDF}
    assert block({"type": "file", "file": file}) == {"type": "document", "source": source, "title": "a.pdf"}


def test_a_file_of_text_is_a_document_of_text() -> None:
    data = base64.b64encode("Grüße".encode()).decode()
    source = {"type": "text", "media_type": "text/plain", "data": "Grüße"}
    part = {"type": "file", "file": {"file_data": f"data:text/markdown;charset=utf-8;base64,{data}"}}
    assert block(part) == {"type": "document", "source": source}


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ({"file_id": "file_1"}, {"type": "document", "source": {"type": "file", "file_id": "file_1"}}),
        (
            {"file_id": "file_1", "format": "image/png"},
            {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
        ),
        ({"file_id": "https://h/a.pdf"}, {"type": "document", "source": {"type": "url", "url": "https://h/a.pdf"}}),
        ({"file_data": "https://h/a.pdf"}, {"type": "document", "source": {"type": "url", "url": "https://h/a.pdf"}}),
    ],
)
def test_a_file_elsewhere_is_named(file: dict[str, Any], expected: dict[str, Any]) -> None:
    assert block({"type": "file", "file": file}) == expected


@pytest.mark.parametrize("own", [{"type": "document", "source": {}}, {"type": "search_result", "title": "t", **CACHED}])
def test_a_block_of_anthropics_own_stays_as_it_is(own: dict[str, Any]) -> None:
    assert block(own) == own


@pytest.mark.parametrize("kind", ["input_audio", "video_url", "audio"])
def test_sound_and_films_are_refused_and_not_dropped(kind: str) -> None:
    assert kind in fault({"type": kind})


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"type": "image_url", "image_url": {}}, "must have a url"),
        ({"type": "image_url", "image_url": "data:image/png,raw"}, "base64"),
        ({"type": "file", "file": {}}, "neither file_data nor file_id"),
        ({"type": "file"}, "must be a dict"),
        ({"type": "file", "file": {"file_data": "data:text/plain;base64,/w=="}}, "UTF-8"),
        ({"type": "file", "file": {"file_data": "data:application/zip;base64,UEs="}}, "application/zip"),
        (3, "must be a dict with a type"),
    ],
)
def test_a_part_that_lacks_something_is_refused_with_its_place(part: Any, words: str) -> None:
    assert words in fault(part)
