"""The rows of the matrix: what the provider does, and what is right."""

from collections.abc import Iterator
from gzip import compress

from aiollm.testing import (
    ProviderServer,
    bad_json,
    bom,
    bytewise,
    chunk,
    close_delimited,
    close_on_next_request,
    comment,
    cr,
    crlf,
    cut,
    done,
    empty200,
    error_event,
    fin,
    finish,
    giant,
    gzip,
    headers,
    html200,
    id_only,
    json200,
    linger_after_done,
    multiline,
    raw,
    redirect,
    reply,
    retry_only,
    role,
    rst,
    silence,
    split,
    stall,
    status,
    tokens,
    unterminated,
    usage,
)
from benchmarks.failures.checks import memory_stays_bounded, names_the_place, no_key_leaves, upstream_is_closed
from benchmarks.failures.clients import BOUND
from benchmarks.failures.scenario import Scenario

TEXT = "one wörld 你好 end"
ANSWER = [role(), tokens(TEXT), finish(), done()]
BEGUN = [role(), tokens(TEXT)]
ENDLESS = [role(), tokens([f"{number} " for number in range(1000)], gap=0.05)]
SETTLED = stall(0.3)  # a reset destroys what the reader has not taken in yet
UNICODE = "a\u2028b\u2029c\u0085d"
MEGABYTES = 1024 * 1024
GZIP = {"Content-Encoding": "gzip"}
BOMB = compress(b"data: " + b"x" * 100 * MEGABYTES)

_EVENT = (
    b'data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":%s}]}\n'
)
_LINES = [_EVENT % b'{"role":"assistant","content":"one"}', _EVENT % b'{"content":" two"}', b"data: [DONE]\n"]
_HALVES = (
    '{"id":"x","object":"chat.completion.chunk","created":1,"model":"m",',
    '"choices":[{"index":0,"delta":{"content":"one"}}]}',
)
_NO_CHOICE = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []}
_PLAIN_ERROR = {"message": "the model crashed", "code": 500}


def framing() -> Iterator[Scenario]:
    """Right answers in every form the standard allows, and two it does not."""
    yield Scenario("byte by byte, characters cut", bytewise(*ANSWER, gap=0.0005), TEXT)
    yield Scenario("lines end in CR LF, cut between", split(7, crlf(*ANSWER), gap=0.002), TEXT)
    yield Scenario("lines end in CR", cr(*ANSWER), TEXT)
    yield Scenario("an event over several `data:` lines", [role(), multiline(*_HALVES), finish(), done()], "one")
    yield Scenario("U+2028, U+2029, U+0085 in the text", [role(), tokens([UNICODE]), finish(), done()], UNICODE)
    yield Scenario("one event of 2 MB", [role(), giant(2 * MEGABYTES), finish(), done()], "x" * 2 * MEGABYTES)
    yield Scenario("a block with only `retry:`", [retry_only(), *ANSWER], TEXT)
    yield Scenario("heartbeats after an `id:`", [id_only("7"), comment(), *BEGUN, comment(), finish(), done()], TEXT)
    yield Scenario("a byte order mark before the first text", [bom(), *ANSWER[1:]], TEXT)
    yield Scenario("the last event without a blank line", [*BEGUN, finish(), unterminated("[DONE]")], TEXT)
    yield Scenario("gzip, flushed for each event", gzip(*ANSWER), TEXT)
    yield Scenario(
        "empty `choices`, first and with the usage",
        [chunk(_NO_CHOICE), *BEGUN, finish(), usage(), done()],
        TEXT,
    )
    yield Scenario("a finish reason, no `[DONE]`", [*BEGUN, finish(), fin()], TEXT)
    yield Scenario("open for long after `[DONE]`", [*BEGUN, finish(), linger_after_done()], TEXT)
    yield Scenario("events end in a single newline", raw(b"".join(_LINES)), "one two", error=True)
    yield Scenario(
        "a whole JSON answer to a streaming call", json200(), "Hello from the scripted provider.", error=True
    )


def broken() -> Iterator[Scenario]:
    """Answers that are none, or not whole: only an error is right."""
    yield Scenario("ends without finish reason and `[DONE]`", [*BEGUN, fin()], error=True)
    yield Scenario("the same, the connection closes", [close_delimited(), *BEGUN, fin()], error=True)
    yield Scenario("cut in the middle", [*BEGUN, SETTLED, cut()], error=True)
    yield Scenario("reset in the middle", [*BEGUN, SETTLED, rst()], error=True)
    yield Scenario("an error object in mid-stream", [*BEGUN, error_event("busy", type="overloaded_error")], error=True)
    yield Scenario(
        "`event: error` in mid-stream", [*BEGUN, error_event(body=_PLAIN_ERROR, named=True), fin()], error=True
    )
    yield Scenario("an event that is no JSON", [*BEGUN, bad_json(), finish(), done()], error=True)
    yield Scenario("a web page with status 200", html200(), error=True)
    yield Scenario("an empty body with status 200", empty200(), error=True)
    yield Scenario("closed before the head", cut(), error=True)
    yield Scenario("429", status(429, retry_after=7), error=True)


def silent() -> Iterator[Scenario]:
    """Providers that do not go on: the clock of a wait is right to end it, or that of the call."""
    yield Scenario("no head", silence(), error=True)
    yield Scenario("heartbeats, no first token", [headers(), role(), stall(heartbeat=0.3)], error=True)
    yield Scenario("silence in mid-stream", [*BEGUN, stall()], error=True)
    yield Scenario("heartbeats in mid-stream", [*BEGUN, stall(heartbeat=0.3)], error=True)
    yield Scenario("an event, a byte every 0.3 s", [*BEGUN, bytewise(tokens("x" * 900), gap=0.3)], error=True)


def connections(elsewhere: ProviderServer) -> Iterator[Scenario]:
    """Connections that fail, and what a library does with them."""
    yield Scenario("connection refused: it says where", reply(TEXT), error=True, place="refused", check=names_the_place)
    yield Scenario(
        "a name without an address: it says which", reply(TEXT), error=True, place="no such name", check=names_the_place
    )
    yield Scenario(
        "https to a server without TLS: it says where", reply(TEXT), error=True, place="no TLS", check=names_the_place
    )
    yield Scenario("429 with `Retry-After: 1`, one retry", ANSWER, TEXT, first=status(429, retry_after=1), retries=1)
    yield Scenario(
        "a kept connection closes, one retry", [close_on_next_request(), *ANSWER], TEXT * 2, way="twice", retries=1
    )
    yield Scenario(
        "redirected to another server, a key in `x-api-key`",
        redirect(f"{elsewhere.base_url}/chat/completions"),
        check=no_key_leaves,
    )
    yield Scenario(
        "100 kB of gzip that become 100 MB",
        [headers(GZIP), raw(BOMB)],
        check=memory_stays_bounded,
        bound=5 * BOUND,  # it is memory that is looked at, and inflating takes a busy machine long
    )
    yield Scenario("three `asyncio.run`, one client", ANSWER, TEXT, way="loops")


def leaving() -> Iterator[Scenario]:
    """Readers that leave before the end: the provider must see it."""
    yield Scenario("`break`, the function goes on", ENDLESS, way="break", check=upstream_is_closed)
    yield Scenario("`break`, the function returns", ENDLESS, way="drop", check=upstream_is_closed)
    yield Scenario("the task is cancelled", ENDLESS, way="cancel", check=upstream_is_closed)


def groups(elsewhere: ProviderServer) -> dict[str, list[Scenario]]:
    """All rows, by what they are about."""
    return {
        "Right answers": list(framing()),
        "Broken answers": list(broken()),
        "Silence": list(silent()),
        "Connections": list(connections(elsewhere)),
        "Leaving early": list(leaving()),
    }
