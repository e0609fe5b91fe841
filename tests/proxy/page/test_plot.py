"""Plots that say what they show."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from aiollm.proxy.page.plot import Point, bars, quantile, waits


def drawn(svg: str) -> ET.Element:
    return ET.fromstring(svg)


def test_a_quantile_is_the_least_value_that_enough_do_not_exceed() -> None:
    assert [quantile([3, 1, 2, 4], share) for share in (0, 0.5, 0.95, 1)] == [1, 2, 4, 4]


def test_waits_are_points_in_the_order_of_time_and_length() -> None:
    points = [Point(10, 0.1, good=True), Point(20, 1.0, good=False), Point(30, 10.0, good=True)]
    picture = drawn(waits("Waits", points))
    circles = picture.findall("circle")
    assert [float(circle.get("cx", "")) for circle in circles] == sorted(float(c.get("cx", "")) for c in circles)
    heights = [float(circle.get("cy", "")) for circle in circles]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.2)  # powers of ten
    assert [circle.get("class") for circle in circles] == ["point", "point bad", "point"]
    assert picture.findtext("title") == "Waits: half within 1 s, 95% within 10 s"


@pytest.mark.parametrize("seconds", [[0.0], [1.0], [0.2, 0.2], [0.0, 1e6]])
def test_every_point_is_inside_of_the_plot(seconds: list[float]) -> None:
    picture = drawn(waits("Waits", [Point(5, one, good=True) for one in seconds]))
    _, _, width, height = map(float, picture.get("viewBox", "").split())
    for circle in picture.findall("circle"):
        assert 0 <= float(circle.get("cx", "")) <= width
        assert 0 <= float(circle.get("cy", "")) <= height


def test_sums_are_bars_of_their_length() -> None:
    picture = drawn(bars("Spend", [("a", 4.0), ("<b> & a name that is longer than there is room", 1.0), ("c", 0.0)]))
    widths = [float(bar.get("width", "")) for bar in picture.findall("rect")]
    assert (widths[0] / widths[1], widths[2]) == (pytest.approx(4, abs=0.1), 1)
    texts = [text.text for text in picture.findall("text")]
    assert texts == ["a", "$4.0000", "<b> & a name that is lo…", "$1.0000", "c", "$0.0000"]


def test_without_anything_to_draw_it_says_so() -> None:
    assert "No calls yet" in waits("Waits", [])
    assert "Nothing yet" in bars("Spend", [])
