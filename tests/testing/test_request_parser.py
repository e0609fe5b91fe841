from __future__ import annotations

import pytest

from aiollm.testing.request_parser import MAX_BODY_BYTES, MAX_HEAD_BYTES, MalformedRequest, RequestParser

SIZED = b"POST /v1/x?a=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: yes\r\n\r\n"
)
BARE = b"GET / HTTP/1.0\r\n\r\n"


def test_a_sized_request_gives_its_parts() -> None:
    (request,) = RequestParser().feed(SIZED)
    assert (request.method, request.target, request.version) == ("POST", "/v1/x?a=1", "1.1")
    assert request.fields == [("Host", "h"), ("Content-Length", "5")]
    assert request.body == b"hello"


def test_a_chunked_request_gives_its_body_and_trailers() -> None:
    (request,) = RequestParser().feed(CHUNKED)
    assert request.body == b"hello"
    assert request.trailers == [("X-Trailer", "yes")]


def test_requests_in_one_read_come_one_by_one() -> None:
    targets = [request.target for request in RequestParser().feed(SIZED + CHUNKED + BARE)]
    assert targets == ["/v1/x?a=1", "/c", "/"]


@pytest.mark.parametrize("data", [SIZED, CHUNKED, BARE])
def test_every_cut_gives_the_same_request(data: bytes) -> None:
    (whole,) = RequestParser().feed(data)
    for cut in range(1, len(data)):
        parser = RequestParser()
        assert [*parser.feed(data[:cut]), *parser.feed(data[cut:])] == [whole]


def test_a_client_that_waits_for_a_100_is_noticed_before_its_body() -> None:
    parser = RequestParser()
    head = b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    assert list(parser.feed(head)) == []
    assert parser.wants_continue
    (request,) = parser.feed(b"ok")
    assert request.body == b"ok"
    assert not parser.wants_continue


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"hello\r\n\r\n", "first line"),
        (b"GET / HTTP/2\r\n\r\n", "first line"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", "header line"),
        (b"GET / HTTP/1.1\r\n bad: 1\r\n\r\n", "header line"),
        (b"GET / HTTP/1.1\r\nContent-Length: many\r\n\r\n", "not a number"),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "more than"),
        (b"GET / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1), "more than"),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "not a number"),
        (b"x" * (MAX_HEAD_BYTES + 1), "more than"),
    ],
)
def test_what_is_not_a_request_says_why(data: bytes, said: str) -> None:
    with pytest.raises(MalformedRequest, match=said):
        list(RequestParser().feed(data))
