"""The failure catalogue as data: what the server does, and what the caller must see of it."""

from __future__ import annotations

from typing import Any

import aiollm
from aiollm.testing import (
    EXPECTED_TOOL_CALLS,
    TOOL_SHAPES,
    bad_json,
    bom,
    bomb,
    bytewise,
    chunk,
    close_delimited,
    comment,
    content_length,
    cr,
    crlf,
    cut,
    cut_at,
    deflate,
    delta,
    done,
    empty200,
    error_event,
    event,
    fin,
    finish,
    giant,
    gzip,
    headers,
    html200,
    http10,
    id_only,
    informational,
    json200,
    linger_after_done,
    multiline,
    no_content,
    raw,
    reply,
    retry_only,
    role,
    rst,
    split,
    stall,
    status,
    tokens,
    tool_deltas,
    trailers,
    unterminated,
    usage,
    wire,
)
from tests.faults.case import TEXT, Case
from tests.faults.refusals import CONNECTIONS, STATUSES, WAITS


def _whole(*steps: Any) -> list[Any]:
    return [*steps, role(), tokens(TEXT), finish(), done()]


def _words_event(word: str) -> dict[str, Any]:
    return {"id": "x", "created": 1, "model": "m", "choices": [{"index": 0, "delta": {"content": word}}]}


_MEGABYTE = 1024 * 1024
_CUT_EVENT = b'data: {"choices": [{"del'
_ONE_LINE_EVENTS = b'data: {"choices":[{"index":0,"delta":{"content":"one"}}]}\n'
_UNICODE = "a\u2028b\u2029c\u0085d\u000be\u000cf"

ENDINGS = [
    Case("finish, marker, clean", _whole(), TEXT),
    Case("finish, no marker, clean", [role(), tokens(TEXT), finish(), fin()], TEXT),
    Case("finish, no marker, cut", [role(), tokens(TEXT), finish(), cut()], TEXT),
    Case("finish, no marker, reset", [role(), tokens(TEXT), finish(), stall(0.05), rst()], TEXT),
    Case("finish, no marker, connection closed", [close_delimited(), role(), tokens(TEXT), finish(), fin()], TEXT),
    Case("finish, marker, reset", [role(), tokens(TEXT), finish(), done(), stall(0.02), rst()], TEXT),
    Case("finish, marker, lingering", [role(), tokens(TEXT), finish(), linger_after_done()], TEXT),
    Case("no finish, marker, clean", [role(), tokens(TEXT), done()], TEXT, finish_reason=None, inferred=True),
    Case(
        "no finish, marker, reset",
        [role(), tokens(TEXT), done(), stall(0.02), rst()],
        TEXT,
        finish_reason=None,
        inferred=True,
    ),
    Case(
        "A01 no finish, no marker, clean",
        [role(), tokens(TEXT), fin()],
        TEXT,
        aiollm.StreamTruncated,
        503,
        "without a finish reason",
    ),
    Case(
        "A01 no finish, no marker, connection closed",
        [close_delimited(), role(), tokens(TEXT), fin()],
        TEXT,
        aiollm.StreamTruncated,
        503,
        "without a finish reason",
    ),
    Case(
        "A02 no finish, no marker, reset",
        [role(), tokens(TEXT), stall(0.05), rst()],
        TEXT,
        aiollm.StreamInterrupted,
        503,
        "broke in the middle",
        retryable=False,
    ),
    Case(
        "A02 no finish, no marker, cut",
        [role(), tokens(TEXT), cut()],
        TEXT,
        aiollm.StreamInterrupted,
        503,
        "broke in the middle",
    ),
    Case(
        "A02 cut inside an event",
        [role(), tokens(TEXT), raw(_CUT_EVENT), cut()],
        TEXT,
        aiollm.StreamInterrupted,
        503,
    ),
    Case(
        "A02 cut inside a chunk of HTTP",
        [role(), tokens(TEXT), wire(b"ff\r\ndata: "), cut()],
        TEXT,
        aiollm.StreamInterrupted,
        503,
    ),
    Case(
        "A02 a broken chunk size",
        [role(), tokens(TEXT), stall(0.05), wire(b"zz\r\n"), stall(0.2)],
        TEXT,
        aiollm.StreamInterrupted,
        503,
    ),
    Case(
        "A02 a body shorter than announced",
        [headers(length=100_000), role(), tokens(TEXT), fin()],
        TEXT,
        aiollm.StreamInterrupted,
        503,
    ),
    Case(
        "reset before any content",
        [headers(), role(), stall(0.05), rst()],
        error=aiollm.StreamInterrupted,
        phase="first_token",
        retryable=True,
    ),
    Case(
        "reset right after the head",
        [headers(), stall(0.05), rst()],
        error=aiollm.StreamInterrupted,
        phase="first_token",
        retryable=True,
    ),
    Case(
        "clean end before any content",
        [headers(), role(), fin()],
        error=aiollm.StreamTruncated,
        phase="first_token",
        retryable=True,
    ),
]
"""The table of how a stream ends, cell by cell, and the ways to be cut."""

FRAMING = [
    Case("A03 byte by byte", bytewise(*_whole()[:-1]), TEXT),
    Case("A03 cut in a character", [role(), split(1, tokens("wörld 你好 😀")), finish(), done()], "wörld 你好 😀"),
    Case(
        "A03 invalid UTF-8",
        [role(), raw(b'data: {"choices":[{"index":0,"delta":{"content":"a\xffb"}}]}\n\n'), finish(), done()],
        "a\ufffdb",
    ),
    Case("A04 CRLF", crlf(*_whole()), TEXT),
    Case("A04 CRLF, each byte alone", bytewise(crlf(*_whole())), TEXT),
    Case("A04 CR", cr(*_whole()), TEXT),
    Case("A04 CR, cut every 7 bytes", split(7, cr(*_whole())), TEXT),
    Case("A05 Unicode line separators", [role(), tokens([_UNICODE]), finish(), done()], _UNICODE),
    Case("A06 a line of 2 MiB", [role(), giant(2 * _MEGABYTE), finish(), done()], "x" * 2 * _MEGABYTE),
    Case(
        "A06 a line over the limit",
        [role(), tokens(TEXT), raw(b"data: "), *[raw(b"x" * _MEGABYTE)] * 17],
        TEXT,
        aiollm.EventTooLarge,
        500,
        "max_event_bytes",
    ),
    Case(
        "A07 data over several lines",
        [role(), multiline('{"choices":[{"index":0,', '"delta":{"content":"one"}}]}'), finish(), done()],
        "one",
    ),
    Case("A08 comments and blocks that are no events", [comment(), retry_only(), id_only(), *_whole()], TEXT),
    Case(
        "A08 comments between",
        [role(), tokens("one"), comment(), id_only("7"), comment(), tokens(" two"), finish()],
        "one two",
    ),
    Case("A09 byte order mark", _whole(bom()), TEXT),
    Case("A09 byte order mark, cut", [cut_at([1, 2], bom(), role(), tokens(TEXT), finish(), done())], TEXT),
    Case("A10 unterminated last event", [role(), tokens(TEXT), finish(), unterminated("[DONE]")], TEXT),
    Case(
        "A10 unterminated finish",
        [role(), tokens(TEXT), unterminated({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})],
        TEXT,
    ),
    Case(
        "A10 events that end in one newline",
        [raw(_ONE_LINE_EVENTS * 3), raw(b"data: [DONE]\n")],
        "oneoneone",
        finish_reason=None,
        inferred=True,
    ),
    Case("A10 a cut event after the finish", [role(), tokens(TEXT), finish(), raw(_CUT_EVENT), fin()], TEXT),
    Case(
        "A10 a cut event without a finish", [role(), tokens(TEXT), raw(_CUT_EVENT), fin()], TEXT, aiollm.StreamTruncated
    ),
    Case("A11 gzip", gzip(*_whole()), TEXT),
    Case("A11 gzip, byte by byte", bytewise(gzip(*_whole())), TEXT),
    Case("A11 deflate", deflate(*_whole()), TEXT),
    Case("A11 deflate without its header", deflate(*_whole(), zlib_header=False), TEXT),
    Case(
        "A11 gzip that is none",
        [headers({"Content-Encoding": "gzip"}), raw(b"data: plain\n\n"), fin()],
        error=aiollm.APIConnectionError,
        says="not valid gzip",
        phase="first_token",
    ),
    Case(
        "A11 gzip that is none from the middle on",
        [headers({"Content-Encoding": "gzip"}), gzip(role(), tokens(TEXT)), raw(b"data: plain\n\n"), fin()],
        TEXT,
        aiollm.APIConnectionError,
        says="not valid gzip",
    ),
    Case("A11 gzip, cut", [gzip(role(), tokens(TEXT)), cut()], TEXT, aiollm.StreamInterrupted, 503),
    Case("A11 a bomb", bomb(50 * _MEGABYTE), error=aiollm.EventTooLarge, says="200 times", phase="first_token"),
    Case(
        "A11 a bomb in mid-stream",
        gzip(role(), tokens(TEXT), raw(b"data: "), *[raw(b"x" * _MEGABYTE)] * 12),
        TEXT,
        aiollm.EventTooLarge,
        says="200 times",
    ),
    Case(
        "A11 an unknown encoding",
        [headers({"Content-Encoding": "x-rot13"}), tokens(TEXT), fin()],
        error=aiollm.UnexpectedContentType,
        says="'x-rot13'",
        phase="first_token",
    ),
    Case(
        "A13 an event that is no JSON",
        [role(), tokens(TEXT), bad_json(), finish(), done()],
        TEXT,
        aiollm.InvalidChunk,
        says="it begins",
    ),
    Case(
        "A13 an event that is no object",
        [role(), tokens(TEXT), event("[1, 2]"), finish(), done()],
        TEXT,
        aiollm.InvalidChunk,
    ),
    Case(
        "A13 a first event that is no JSON",
        [bad_json(), finish(), done()],
        error=aiollm.InvalidChunk,
        phase="first_token",
    ),
]

CONTENT_TYPES = [
    Case("A12 a whole JSON answer", json200(), "Hello from the scripted provider."),
    Case(
        "A12 a web page",
        html200(),
        error=aiollm.UnexpectedContentType,
        status_code=502,
        says="<!DOCTYPE html>",
        hint="api_base is wrong",
        phase="first_token",
        retryable=True,
    ),
    Case(
        "A12 a web page that says it is a stream",
        [headers(), raw(b"\n <html>no</html>"), fin()],
        error=aiollm.UnexpectedContentType,
        says="<html>no</html>",
        phase="first_token",
    ),
    Case(
        "A12 plain text",
        status(200, body="Upstream is not ready"),
        error=aiollm.UnexpectedContentType,
        says="Upstream is not ready",
        phase="first_token",
    ),
    Case("A12 a stream without its type", [headers(content_type="text/plain"), *_whole()], TEXT),
    Case("A12 a stream called JSON", [headers(content_type="application/json"), *_whole()], TEXT),
    Case(
        "A12 nothing", empty200(), error=aiollm.UnexpectedContentType, says="empty", phase="first_token", retryable=True
    ),
    Case("A12 status 204", no_content(), error=aiollm.UnexpectedContentType, says="204", phase="first_token"),
    Case(
        "A12 white space only",
        [headers(), raw(b"\n\n  \n"), fin()],
        error=aiollm.UnexpectedContentType,
        says="empty",
        phase="first_token",
    ),
    Case(
        "A12 a JSON error with status 200",
        status(200, body={"error": {"message": "no such model", "type": "invalid_request_error", "code": 404}}),
        error=aiollm.NotFoundError,
        status_code=404,
        says="no such model",
        phase="first_token",
    ),
    Case(
        "A12 JSON that is no answer",
        status(200, body={"hello": "world"}),
        error=aiollm.APIResponseValidationError,
        says="choices",
        phase="first_token",
    ),
]

_OVERLOADED = {"error": {"message": "busy", "type": "overloaded_error"}, "type": "error"}

ERROR_EVENTS = [
    Case(
        "A14 an error event before content",
        [role(), error_event("busy", type="overloaded_error"), done()],
        error=aiollm.OverloadedError,
        status_code=529,
        says="busy",
        phase="first_token",
        retryable=True,
    ),
    Case(
        "A14 an error event and nothing else",
        error_event("slow down", code=429),
        error=aiollm.RateLimitError,
        status_code=429,
        phase="first_token",
    ),
    Case(
        "A14 an error event after content",
        [role(), tokens(TEXT), error_event("slow down", code=429), done()],
        TEXT,
        aiollm.RateLimitError,
        429,
        "slow down",
        retryable=True,
    ),
    Case(
        "A14 a server error after content",
        [role(), tokens(TEXT), error_event("boom"), done()],
        TEXT,
        aiollm.InternalServerError,
        500,
        "boom",
        facts={"type": "server_error"},
    ),
    Case(
        "A14 an event called error without an error member",
        [role(), tokens(TEXT), error_event(body={"message": "odd", "code": 503}, named=True)],
        TEXT,
        aiollm.ServiceUnavailableError,
        503,
        "odd",
    ),
    Case(
        "A14 an event called error that is text",
        [role(), tokens(TEXT), error_event(body="it broke", named=True)],
        TEXT,
        aiollm.InternalServerError,
        500,
        "it broke",
    ),
    Case(
        "A14 Anthropic's shape",
        [role(), tokens(TEXT), event(_OVERLOADED, event="error")],
        TEXT,
        aiollm.OverloadedError,
        529,
        "busy",
    ),
    Case(
        "A14 a finish reason that is a failure",
        [role(), tokens(TEXT), finish("error"), done()],
        TEXT,
        aiollm.InternalServerError,
        502,
        "broke off",
    ),
]

SHAPES = [
    Case("A44 content-length", content_length(*_whole()), TEXT),
    Case("A44 connection closed at the end", [close_delimited(), *_whole()], TEXT),
    Case("A44 HTTP/1.0", [http10(), *_whole()], TEXT),
    Case("A44 HTTP/1.0, cut", [http10(), role(), tokens(TEXT), fin()], TEXT, aiollm.StreamTruncated),
    Case("A44 trailers", [role(), tokens(TEXT), finish(), trailers({"x-checksum": "1"})], TEXT),
    Case("A44 100 and 103 first", [informational(100), informational(103, {"link": "</x>"}), *_whole()], TEXT),
    Case("A45 the end marker twice", [role(), tokens(TEXT), finish(), done(), done()], TEXT),
    Case("A45 content after the end marker", [role(), tokens(TEXT), finish(), done(), tokens("more")], TEXT),
    Case("A46 choices empty first", [chunk({"choices": [], "prompt_filter_results": []}), *_whole()], TEXT),
    Case("A46 a null delta", [role(), chunk({"choices": [{"index": 0, "delta": None}]}), *_whole()[1:]], TEXT),
    Case("A46 a usage chunk", [role(), tokens(TEXT), finish(), usage(7, 3), done()], TEXT),
    Case("A46 choices null", [role(), chunk({"choices": None}), *_whole()[1:]], TEXT),
    Case(
        "a head that is no HTTP",
        wire(b"SSH-2.0-OpenSSH_9.2\r\n"),
        error=aiollm.APIResponseValidationError,
        phase="headers",
        says="did not answer in HTTP",
        hint="api_base",
        head=False,
    ),
    Case(
        "content filter", [role(), tokens(TEXT), finish("content_filter"), done()], TEXT, finish_reason="content_filter"
    ),
    Case("length", [role(), tokens(TEXT), finish("length"), done()], TEXT, finish_reason="length"),
]

TOOL_CALLS = [
    Case(f"A15 {shape}", [role(), tool_deltas(shape), finish("tool_calls"), done()], finish_reason="tool_calls")
    for shape in TOOL_SHAPES
]
"""All of the same two calls: `EXPECTED_TOOL_CALLS`."""

BROKEN_TOOL_CALL = Case(
    "A15 arguments that are not whole",
    [
        role(),
        delta(
            {
                "tool_calls": [
                    {
                        "index": 0,
                        "id": "a",
                        "type": "function",
                        "function": {"name": "get_weather", "arguments": '{"city": "Par'},
                    }
                ]
            }
        ),
        finish("tool_calls"),
        done(),
    ],
    error=aiollm.ToolCallIncomplete,
    says="get_weather",
)

CASES = [
    *ENDINGS,
    *FRAMING,
    *CONTENT_TYPES,
    *ERROR_EVENTS,
    *SHAPES,
    *STATUSES,
    *WAITS,
    *CONNECTIONS,
    *TOOL_CALLS,
    BROKEN_TOOL_CALL,
    Case("a right answer", reply(TEXT), TEXT),
]

__all__ = ["CASES", "ENDINGS", "EXPECTED_TOOL_CALLS", "TEXT", "TOOL_CALLS", "Case"]
