"""A path means one route or none, and what it names is told as it was written."""

from __future__ import annotations

import pytest
from aiohttp import web

from aiollm.proxy.caller import Caller
from aiollm.proxy.gateway import Gateway
from aiollm.proxy.request import Request
from aiollm.proxy.route import Route
from aiollm.proxy.table import RouteTable


async def nothing(gateway: Gateway, request: Request, caller: Caller) -> web.StreamResponse:
    return web.Response()


LIST = Route("GET", ("/models", "/v1/models"), "call", nothing)
ONE = Route("GET", ("/models/{model:.+}",), "call", nothing)
MAKE = Route("POST", ("/models",), "admin", nothing)
RENEW = Route("POST", ("/key/{key}/renew",), "admin", nothing)
HELP = Route("GET", ("/help",), "public", nothing)
TABLE = RouteTable([LIST, ONE, MAKE, RENEW])


@pytest.mark.parametrize(
    ("method", "path", "route", "named"),
    [
        ("GET", "/models", LIST, {}),
        ("GET", "/v1/models", LIST, {}),
        ("POST", "/models", MAKE, {}),
        ("GET", "/models/a/b", ONE, {"model": "a/b"}),
        ("GET", "/models/a%2Fb%25", ONE, {"model": "a/b%"}),
        ("POST", "/key/sk.1/renew", RENEW, {"key": "sk.1"}),
    ],
)
def test_a_path_means_its_route(method: str, path: str, route: Route, named: dict[str, str]) -> None:
    assert TABLE.find(method, path) == (route, named)


@pytest.mark.parametrize(
    "path", ["", "*", "/", "/models/", "//models", "/Models", "/key/a/b/renew", "/keyXa/renew", "/v1/models/a"]
)
def test_a_path_of_another_form_means_nothing(path: str) -> None:
    with pytest.raises(web.HTTPNotFound):
        TABLE.find("GET", path)


def test_further_routes_are_asked_for_once_a_path_is_none_of_the_first() -> None:
    asked: list[None] = []

    def further() -> list[Route]:
        asked.append(None)
        return [RENEW, HELP]

    table = RouteTable([LIST, ONE], further)
    assert table.find("GET", "/models/a") == (ONE, {"model": "a"})
    assert asked == []
    assert table.find("GET", "/help") == (HELP, {})
    assert table.find("POST", "/key/sk.1/renew") == (RENEW, {"key": "sk.1"})
    with pytest.raises(web.HTTPNotFound):
        table.find("GET", "/elsewhere")
    assert asked == [None]


def test_another_method_is_told_which_there_are() -> None:
    with pytest.raises(web.HTTPMethodNotAllowed) as refused:
        TABLE.find("HEAD", "/models")
    assert refused.value.allowed_methods == {"GET", "POST"}
