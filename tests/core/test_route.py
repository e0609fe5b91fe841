"""Where requests go, and the head that they have there."""

from __future__ import annotations

import asyncio
from base64 import b64encode

import aiohttp
import pytest

from aiollm.core.proxies import Proxy
from aiollm.core.route import Route
from aiollm.types.secret import HiddenText


def route(url: str, proxy: Proxy | None = None) -> Route:
    return Route(url, proxy, asyncio.get_running_loop())


async def test_a_head_has_what_every_request_says_and_what_this_one_says() -> None:
    head = route("http://host:81/v1/chat?a=b#part").head({"Content-Type": "application/json", "x-name": "ü"}, 12)
    assert head.decode().split("\r\n") == [
        "POST /v1/chat?a=b HTTP/1.1",
        "accept: */*",
        "user-agent: aiollm",
        "host: host:81",
        "content-type: application/json",
        "x-name: ü",
        "content-length: 12",
        "",
        "",
    ]


async def test_a_header_takes_the_place_of_the_usual_one_and_of_one_before_it() -> None:
    head = route("http://host/").head({"Host": "other", "X-A": "1", "USER-AGENT": "mine", "x-a": "2"}, 0)
    assert head == (
        b"POST / HTTP/1.1\r\naccept: */*\r\nuser-agent: mine\r\nhost: other\r\nx-a: 2\r\ncontent-length: 0\r\n\r\n"
    )


async def test_what_is_percent_encoded_stays_as_it_is() -> None:
    head = route("http://host/model/a%3Ab%2fc:stream").head({}, 0)
    assert head.startswith(b"POST /model/a%3Ab%2fc:stream HTTP/1.1\r\n")
    assert route("http://host/model/é b").head({}, 0).startswith(b"POST /model/%C3%A9%20b HTTP/1.1\r\n")


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0"])
@pytest.mark.parametrize("field", [("x-a{}x-b", "1"), ("x-a", "1{}x-b: 2")])
async def test_a_header_that_would_be_two_is_refused(field: tuple[str, str], end: str) -> None:
    name, value = (part.format(end) for part in field)
    with pytest.raises(ValueError, match="has the end of a line in it"):
        route("http://host/").head({name: value}, 0)


async def test_credentials_in_the_address_are_sent_as_a_header() -> None:
    way = route("http://me:p%40ss@host/v1")
    assert f"authorization: Basic {b64encode(b'me:p@ss').decode()}\r\n".encode() in way.head({}, 0)
    assert b"me:" not in way.head({}, 0)


async def test_credentials_in_the_address_beside_a_header_of_them_are_refused() -> None:
    with pytest.raises(ValueError, match="a user name and a password") as caught:
        route("http://me:canary@host/").head({"Authorization": HiddenText("Bearer canary")}, 0)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_is_told_the_whole_address_where_it_reads_the_request(scheme: str) -> None:
    head = route(f"{scheme}://host/v1?a=b#part", Proxy("http://proxy:1", ("me", "secret"))).head({}, 0)
    seen = scheme == "http"  # a request over TLS goes through a tunnel
    assert head.startswith(b"POST %b HTTP/1.1\r\n" % (b"http://host/v1?a=b" if seen else b"/v1?a=b"))
    assert (b"\r\nproxy-authorization: Basic " in head) == seen


@pytest.mark.parametrize(("url", "error"), [("ftp://host/", aiohttp.NonHttpUrlClientError), ("http:///v1", ValueError)])
async def test_what_is_no_address_of_http_is_refused(url: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        route(url)


async def test_a_head_like_the_one_before_it_differs_in_the_length_alone() -> None:
    way = route("http://host/")
    heads = [way.head({"x-a": value}, length) for value, length in (("1", 1), ("1", 22), ("2", 22))]
    assert [head.partition(b"x-a")[2] for head in heads] == [
        b": 1\r\ncontent-length: 1\r\n\r\n",
        b": 1\r\ncontent-length: 22\r\n\r\n",
        b": 2\r\ncontent-length: 22\r\n\r\n",
    ]


async def test_the_length_is_that_of_the_body_whatever_the_headers_say() -> None:
    assert route("http://host/").head({"Content-Length": "5"}, 12).count(b"content-length: 12\r\n") == 1
