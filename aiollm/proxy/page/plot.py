"""Plots as SVG: waits over time, and sums as bars. Colours are classes of the style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from aiollm.proxy.page.markup import Content, Markup, element

__all__ = ["Point", "bars", "quantile", "waits"]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _BOTTOM, _TOP = 560, 190, 46, 526, 24, 10
_ROW = 22


class Point(msgspec.Struct, frozen=True):
    """One wait: when it began (seconds since 1970), how long it was (seconds), and whether the call ended well."""

    time: float
    seconds: float
    good: bool


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that a share (0 to 1) of some values does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def waits(title: str, points: Sequence[Point]) -> Markup:
    """Return waits over time, on a logarithmic scale, with lines where half and 95% of them end."""
    if not points:
        return element("p", "No calls yet.", class_="quiet")
    seconds = [max(point.seconds, 0.001) for point in points]
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
    scale = _Scale(min(point.time for point in points), max(point.time for point in points), low, max(high, low + 1))
    marks = [
        element(
            "circle",
            cx=scale.x(point.time),
            cy=scale.y(point.seconds),
            r=3,
            class_="point" if point.good else "point bad",
        )
        for point in points
    ]
    lines = [_line(scale, quantile(seconds, share), name) for share, name in ((0.5, "half"), (0.95, "95%"))]
    label = f"{title}: half within {quantile(seconds, 0.5):.3g} s, 95% within {quantile(seconds, 0.95):.3g} s"
    return _drawing(_HEIGHT, label, [*scale.grid(), *lines, *marks])


class _Scale(msgspec.Struct, frozen=True):
    """Where times and waits are on the plot; `low` and `high` are powers of ten."""

    start: float
    end: float
    low: int
    high: int

    def x(self, time: float) -> float:
        share = (time - self.start) / ((self.end - self.start) or 1.0)
        return round(_LEFT + 8 + share * (_RIGHT - _LEFT - 16), 1)

    def y(self, seconds: float) -> float:
        share = (math.log10(max(seconds, 0.001)) - self.low) / (self.high - self.low)
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP), 1)

    def grid(self) -> list[Markup]:
        """Return a line for each power of ten, and the times of the first call and the last."""
        drawn: list[Markup] = []
        for power in range(self.low, self.high + 1):
            y = self.y(10.0**power)
            drawn.append(element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="grid"))
            drawn.append(element("text", f"{10.0**power:g} s", x=_LEFT - 6, y=y + 4, text_anchor="end"))
        ends = [(self.start, "start", _LEFT)] if self.start == self.end else [
            (self.start, "start", _LEFT),
            (self.end, "end", _RIGHT),
        ]  # fmt: skip
        return drawn + [element("text", _clock(time), x=x, y=_HEIGHT - 6, text_anchor=at) for time, at, x in ends]


def _line(scale: _Scale, seconds: float, name: str) -> list[Markup]:
    y = scale.y(seconds)
    told = element("text", name, x=_RIGHT + 6, y=y + 4, class_="level")
    return [element("line", x1=_LEFT, x2=_RIGHT, y1=y, y2=y, class_="level"), told]


def bars(title: str, sums: Sequence[tuple[str, float]]) -> Markup:
    """Return sums of US dollars as bars, each with its name."""
    if not sums:
        return element("p", "Nothing yet.", class_="quiet")
    most = max(value for _, value in sums) or 1.0
    drawn: list[Content] = []
    for place, (name, value) in enumerate(sums):
        y = place * _ROW
        width = round(value / most * (_WIDTH - 290), 1)
        drawn.append(element("text", _short(name), x=176, y=y + 15, text_anchor="end"))
        drawn.append(element("rect", x=184, y=y + 4, width=max(width, 1), height=14, rx=3, class_="bar"))
        drawn.append(element("text", f"${value:,.4f}", x=192 + width, y=y + 15))
    return _drawing(len(sums) * _ROW + 4, title, drawn)


def _drawing(height: int, label: str, drawn: Sequence[Content]) -> Markup:
    content = [element("title", label), *drawn]
    return element("svg", content, viewBox=f"0 0 {_WIDTH} {height}", role="img", aria_label=label)


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"


def _clock(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%d %b %H:%M:%S")
