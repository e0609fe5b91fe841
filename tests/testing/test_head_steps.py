from __future__ import annotations

import json

import aiohttp
import pytest

from aiollm.testing import (
    ProviderServer,
    ScriptError,
    bytewise,
    close_delimited,
    content_length,
    cut,
    empty200,
    gzip,
    headers,
    html200,
    http10,
    informational,
    no_content,
    raw,
    redirect,
    stall,
    status,
    tokens,
)
from tests.testing.raw_client import CHAT, answer_to, connected, request_bytes


async def test_a_body_without_a_head_step_is_a_chunked_event_stream() -> None:
    answer = await answer_to(raw(b"x"))
    assert answer.data == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
    )


async def test_headers_sets_status_reason_and_fields_in_order() -> None:
    answer = await answer_to(headers([("X-A", "1"), ("X-B", "2")], status=201, reason="Fine", content_type="a/b"))
    assert answer.head.split("\r\n")[:4] == ["HTTP/1.1 201 Fine", "X-A: 1", "X-B: 2", "Content-Type: a/b"]
    assert answer.ended_cleanly


async def test_a_given_field_replaces_the_servers_own() -> None:
    answer = await answer_to(headers({"content-type": "text/plain"}))
    assert answer.fields["content-type"] == "text/plain"
    assert answer.head.lower().count("content-type") == 1


async def test_headers_alone_are_sent_before_what_follows() -> None:
    async with ProviderServer() as server:
        server.script([headers({"X-Early": "yes"}), stall()])
        async with connected(server) as connection:
            connection.send(request_bytes())
            assert b"X-Early: yes" in await connection.until(b"\r\n\r\n")


async def test_a_declared_length_is_sent_true_or_not() -> None:
    answer = await answer_to(headers(length=10), raw(b"short"), cut())
    assert answer.fields["content-length"] == "10"
    assert "transfer-encoding" not in answer.fields
    assert answer.payload == b"short"


async def test_a_body_shorter_than_declared_ends_in_a_close() -> None:
    async with ProviderServer() as server:
        server.script([headers(length=10), raw(b"short")])
        async with connected(server) as connection:
            connection.send(request_bytes())
            answer = await connection.answer()
    assert answer.payload == b"short"


async def test_a_true_length_keeps_the_connection() -> None:
    async with ProviderServer() as server, aiohttp.ClientSession() as client:
        server.script([headers(length=5), raw(b"whole")])
        for _ in range(2):
            async with client.post(server.base_url, json=CHAT) as response:
                assert await response.read() == b"whole"
        assert server.connections == 1


async def test_content_length_counts_the_body_and_keeps_its_pieces_and_events() -> None:
    async with ProviderServer() as server:
        server.script(content_length(bytewise(raw(b"abc")), stall(0.01), tokens("x y")))
        async with connected(server) as connection:
            connection.send(request_bytes(head="Connection: close\r\n"))
            answer = await connection.answer()
        assert server.log[0].events_written == 2
    assert int(answer.fields["content-length"]) == len(answer.payload)
    assert answer.reads[1:4] == [b"a", b"b", b"c"]


async def test_content_length_holds_a_compressed_body() -> None:
    answer = await answer_to(content_length(gzip(tokens("a b"))))
    assert answer.fields["content-encoding"] == "gzip"
    assert int(answer.fields["content-length"]) == len(answer.payload)
    assert [delta["content"] for delta in answer.deltas] == ["a", " b"]


async def test_content_length_inside_another_step_is_an_error() -> None:
    with pytest.raises(ScriptError, match="must stand around the other steps"):
        await answer_to(bytewise(content_length(raw(b"x"))))


async def test_a_close_delimited_body_has_neither_length_nor_chunks() -> None:
    async with ProviderServer() as server:
        server.script([close_delimited(), raw(b"all of it")])
        async with connected(server) as connection:
            connection.send(request_bytes())
            answer = await connection.answer()
        assert server.log[0].disconnected_by == "server"
        assert server.log[0].finished_at is not None
    assert answer.fields["connection"] == "close"
    assert not {"content-length", "transfer-encoding"} & set(answer.fields)
    assert answer.payload == b"all of it"


async def test_http10_says_so_and_closes() -> None:
    async with ProviderServer() as server:
        server.script([http10(), headers({"X-A": "1"}), raw(b"old")])
        async with connected(server) as connection:
            connection.send(request_bytes())
            answer = await connection.answer()
    assert answer.status_line == "HTTP/1.0 200 OK"
    assert answer.fields["x-a"] == "1"
    assert answer.payload == b"old"


async def test_a_status_can_be_close_delimited() -> None:
    answer = await answer_to(http10(), status(503, body="gone"))
    assert answer.status_line == "HTTP/1.0 503 Service Unavailable"
    assert not {"content-length", "transfer-encoding"} & set(answer.fields)
    assert answer.payload == b"gone"


async def test_informational_answers_come_before_the_real_one() -> None:
    answer = await answer_to(informational(103, {"Link": "</a>"}), informational(102), raw(b"x"))
    assert answer.data.startswith(
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n"
    )


async def test_a_status_has_an_error_object_and_its_retry_after() -> None:
    answer = await answer_to(status(429, retry_after=1.5))
    assert answer.status_line == "HTTP/1.1 429 Too Many Requests"
    assert answer.fields["retry-after"] == "1.5"
    assert answer.fields["content-type"] == "application/json"
    assert json.loads(answer.body)["error"]["type"] == "rate_limit_error"
    assert int(answer.fields["content-length"]) == len(answer.payload)


@pytest.mark.parametrize(
    ("code", "kind"),
    [(400, "invalid_request_error"), (418, "invalid_request_error"), (500, "server_error"), (529, "overloaded_error")],
)
async def test_each_status_has_its_error_type(code: int, kind: str) -> None:
    answer = await answer_to(status(code))
    assert json.loads(answer.body)["error"]["type"] == kind


@pytest.mark.parametrize(
    ("body", "kind", "data"),
    [
        ({"a": "ü"}, "application/json", b'{"a": "\\u00fc"}'),
        ([1], "application/json", b"[1]"),
        ("no", "text/plain; charset=utf-8", b"no"),
        (b"\x00", "application/octet-stream", b"\x00"),
    ],
)
async def test_a_status_sends_any_body(body: object, kind: str, data: bytes) -> None:
    answer = await answer_to(status(500, body=body, fields={"X-Request-Id": "r1"}))  # type: ignore[arg-type]
    assert (answer.fields["content-type"], answer.payload) == (kind, data)
    assert answer.fields["x-request-id"] == "r1"


async def test_a_status_without_a_name_is_sent_without_one() -> None:
    answer = await answer_to(status(599, retry_after="Wed, 21 Oct 2026 07:28:00 GMT", content_type="a/b", body="x"))
    assert answer.status_line == "HTTP/1.1 599"
    assert answer.fields["retry-after"] == "Wed, 21 Oct 2026 07:28:00 GMT"
    assert answer.fields["content-type"] == "a/b"


async def test_no_content_has_no_body_and_no_length() -> None:
    answer = await answer_to(no_content())
    assert answer.data == b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


async def test_empty200_is_an_event_stream_of_nothing() -> None:
    answer = await answer_to(empty200())
    assert answer.status_line == "HTTP/1.1 200 OK"
    assert answer.fields["content-type"].startswith("text/event-stream")
    assert (answer.fields["content-length"], answer.payload) == ("0", b"")


async def test_html200_is_a_web_page() -> None:
    answer = await answer_to(html200("<p>blocked</p>"))
    assert answer.fields["content-type"].startswith("text/html")
    assert answer.payload == b"<p>blocked</p>"


async def test_redirect_names_its_target() -> None:
    answer = await answer_to(redirect("http://127.0.0.1:1/x", 308))
    assert answer.status_line == "HTTP/1.1 308 Permanent Redirect"
    assert answer.fields["location"] == "http://127.0.0.1:1/x"


async def test_whole_answers_keep_the_connection() -> None:
    async with ProviderServer() as server, aiohttp.ClientSession() as client:
        server.enqueue(status(429), no_content(), empty200(), html200(), redirect("/x"), status(200, body="ok"))
        for expected in (429, 204, 200, 200, 307, 200):
            async with client.post(server.base_url, json=CHAT, allow_redirects=False) as response:
                await response.read()
                assert response.status == expected
        assert server.connections == 1
