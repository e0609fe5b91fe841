"""The frame of every page, and the headers that keep it to itself."""

from __future__ import annotations

from pathlib import Path

from aiollm.integrations import web
from aiollm.proxy.page.markup import Content, Markup, element, markup_of

__all__ = ["HEADERS", "SCRIPT", "STYLE", "document", "page_response", "section", "table"]

SCRIPT = (Path(__file__).parent / "script.js").read_bytes()
STYLE = (Path(__file__).parent / "style.css").read_bytes()

HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

_LONG = 20  # characters that a cell has room for, whatever they are

_PLACES = (("/ui", "Overview"), ("/ui/keys", "Keys"), ("/ui/playground", "Playground"))


def page_response(body: Markup, status: int = 200) -> web.Response:
    """Return markup as a response."""
    return web.Response(status=status, text=body, content_type="text/html", charset="utf-8", headers=HEADERS)


def document(title: str, *content: Content, token: str | None = None) -> Markup:
    """Return a whole page.

    Args:
        title: its title.
        content: what is below it.
        token: of the forms; None where nobody is signed in.
    """
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{title} · aiollm"),
        element("link", rel="stylesheet", href="/ui/style.css"),
        element("script", src="/ui/script.js", defer=True),
    )
    top = element("header", element("strong", "aiollm"), _places(title, token) if token else None)
    body = element("body", top, element("main", element("h1", title), content))
    return Markup(f"<!doctype html>\n{element('html', head, body, lang='en')}")


def _places(title: str, token: str) -> Markup:
    links = [element("a", name, href=path, aria_current="page" if name == title else None) for path, name in _PLACES]
    leave = element(
        "form",
        element("input", type="hidden", name="token", value=token),
        element("button", "Sign out", class_="plain"),
        method="post",
        action="/ui/leave",
    )
    return markup_of([element("nav", links), leave])


def section(title: str, *content: Content, **attributes: str) -> Markup:
    """Return a part of a page, under a title."""
    return element("section", element("h2", title), content, **attributes)


def table(heads: list[str], rows: list[list[Content]], none: str) -> Markup:
    """Return a table, or what is said where it has no rows."""
    if not rows:
        return element("p", none, class_="quiet")
    head = element("thead", element("tr", [element("th", name) for name in heads]))
    body = element("tbody", [element("tr", map(_cell, row)) for row in rows])
    return element("div", element("table", head, body), class_="wide")


def _cell(content: Content) -> Markup:
    """Return a cell; the style cuts long texts short, so the whole one is told where the pointer rests on it."""
    long = isinstance(content, str) and not isinstance(content, Markup) and len(content) > _LONG
    return element("td", content, title=str(content) if long else None)
