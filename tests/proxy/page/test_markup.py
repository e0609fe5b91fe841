"""HTML in which text stays text."""

from __future__ import annotations

import pytest

from aiollm.proxy.page.markup import Content, Markup, element, markup_of

HOSTILE = """<script>alert("x")</script>'&"""


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, ""),
        ("a < b & \"c\" 'd'", "a &lt; b &amp; &quot;c&quot; &#x27;d&#x27;"),
        (3, "3"),
        (0.5, "0.5"),
        (["a", [Markup("<b>"), "<b>"], None], "a<b>&lt;b&gt;"),
    ],
)
def test_only_markup_is_left_as_it_is(content: Content, expected: str) -> None:
    assert markup_of(content) == expected


def test_an_element_has_its_attributes_and_its_content() -> None:
    told = element("a", "x", element("b", "y"), href="/ui?a=1&b=2", class_="c", aria_label="l", hidden=True, id=None)
    assert told == '<a href="/ui?a=1&amp;b=2" class="c" aria-label="l" hidden>x<b>y</b></a>'


def test_elements_without_content_are_written_so() -> None:
    assert element("input", name="n", disabled=False) == '<input name="n">'
    assert element("circle", cx=1.5, r=3) == '<circle cx="1.5" r="3"/>'


def test_hostile_text_becomes_nothing_else_in_either_place() -> None:
    told = element("p", HOSTILE, title=HOSTILE)
    assert "<script" not in told
    assert told.count("<") == 2
    assert told.count('"') == 2
