"""Which route a method and a path mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from types import MappingProxyType

from aiollm.integrations import web
from aiollm.proxy.route import Route

__all__ = ["RouteTable"]

_PLACE = r"\{(\w+)(?::([^{}]+))?\}"
_NAMES_NOTHING: Mapping[str, str] = MappingProxyType({})

Methods = dict[str, Route]


class RouteTable:
    """Routes by their paths. A path is all or nothing: what has no route of just its form is not there.

    Args:
        routes: the routes.
        further: gives others, which are asked for once a path is none of the first.
    """

    def __init__(self, routes: Iterable[Route], further: Callable[[], Iterable[Route]] = tuple) -> None:
        self._plain: dict[str, Methods] = {}
        self._patterns: dict[str, Methods] = {}
        self._further: Callable[[], Iterable[Route]] | None = further
        self._add(routes)

    def _add(self, routes: Iterable[Route]) -> None:
        for route in routes:
            for path in route.paths:
                self._methods_at(path)[route.method] = route

    def _methods_at(self, path: str) -> Methods:
        return (self._patterns if "{" in path else self._plain).setdefault(path, {})

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        """Return the route of a request, and what its path names.

        Args:
            method: the request's.
            path: the request's, without the query, and with no percent sign but in %2F and %25.

        Raises:
            HTTPNotFound: there is none.
            HTTPMethodNotAllowed: there is, but for other methods only.
        """
        methods, named = self._plain.get(path), _NAMES_NOTHING
        if methods is None:
            methods, named = self._matching(path)
        route = methods.get(method)
        if route is None:
            raise web.HTTPMethodNotAllowed(method, methods)
        return route, named

    def _matching(self, path: str) -> tuple[Methods, Mapping[str, str]]:
        for pattern, methods in self._patterns.items():
            if found := _pattern(pattern).fullmatch(path):
                return methods, {name: _unquoted(value) for name, value in found.groupdict().items()}
        if self._further is None:
            raise web.HTTPNotFound
        further, self._further = self._further, None
        self._add(further())
        plain = self._plain.get(path)
        return self._matching(path) if plain is None else (plain, _NAMES_NOTHING)


@cache
def _pattern(path: str) -> re.Pattern[str]:
    """Return the pattern of a path; what it names is one part of a path, where it does not say what else.

    It is made when a path is first looked for among patterns, which is after the start: that has better to do.
    """
    parts: list[str] = []
    end = 0
    for place in re.finditer(_PLACE, path):
        name, form = place.groups()
        parts += [re.escape(path[end : place.start()]), f"(?P<{name}>{form or '[^{}/]+'})"]
        end = place.end()
    return re.compile("".join([*parts, re.escape(path[end:])]))


def _unquoted(text: str) -> str:
    return text.replace("%2F", "/").replace("%25", "%")
