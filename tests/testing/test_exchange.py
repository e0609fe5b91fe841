from __future__ import annotations

import pytest

from aiollm.testing import Exchange, LoggedRequest, ProviderServer, Step
from aiollm.testing.exchange import Head
from tests.testing.raw_client import answer_to, ask


def test_a_head_renders_what_its_framing_needs() -> None:
    assert Head().render() == b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert Head(framing="length", length=3).render() == b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
    assert Head(framing="length").render() == b"HTTP/1.1 200 OK\r\n\r\n"
    assert Head(framing="close").render() == b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    assert Head(framing="close", version="1.0").render() == b"HTTP/1.0 200 OK\r\n\r\n"


def test_a_field_that_is_set_is_not_set_again() -> None:
    head = Head(fields=[("transfer-encoding", "chunked, x")])
    head.default("Transfer-Encoding", "chunked")
    assert head.fields == [("transfer-encoding", "chunked, x")]
    assert head.value("TRANSFER-ENCODING") == "chunked, x"
    assert head.value("Date") is None


async def test_an_empty_piece_never_ends_a_chunked_body() -> None:
    async def run(exchange: Exchange) -> None:
        await exchange.body(b"")
        await exchange.body(b"x")

    answer = await answer_to(Step("mine()", run, sends=True))
    assert answer.payload == b"1\r\nx\r\n0\r\n\r\n"


async def test_a_second_head_or_end_does_nothing() -> None:
    async def run(exchange: Exchange) -> None:
        await exchange.send_head()
        await exchange.send_head()
        await exchange.end()
        await exchange.end()

    answer = await answer_to(Step("mine()", run, sends=True, ends=True))
    assert answer.data.count(b"HTTP/1.1") == 1
    assert answer.payload == b"0\r\n\r\n"


async def test_what_is_written_after_the_close_goes_nowhere() -> None:
    went_on: list[LoggedRequest] = []

    async def run(exchange: Exchange) -> None:
        await exchange.body(b"x")
        await exchange.close("fin")
        await exchange.body(b"y")
        went_on.append(exchange.request)

    async with ProviderServer() as server:
        server.script(Step("mine()", run, sends=True, ends=True))
        answer = await ask(server)
        await server.wait_for_disconnect()
    assert answer.payload == b"1\r\nx\r\n"
    assert went_on == []


@pytest.mark.parametrize("said", ["close", "Close, x"])
async def test_a_connection_that_says_close_is_closed(said: str) -> None:
    async def run(exchange: Exchange) -> None:
        exchange.head.fields.append(("Connection", said))
        await exchange.body(b"x")

    answer = await answer_to(Step("mine()", run, sends=True))
    assert answer.head.lower().count("connection:") == 1
    assert answer.ended_cleanly
