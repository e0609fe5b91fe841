"""The failure catalogue, continued: statuses, and connections that break or are silent."""

from __future__ import annotations

import aiollm
from aiollm.testing import (
    bytewise,
    close_delimited,
    cut,
    gzip,
    headers,
    raw,
    redirect,
    role,
    rst,
    stall,
    status,
    tokens,
    wire,
)
from tests.faults.case import TEXT, Case

STATUSES = [
    Case(f"status {code}", status(code), error=error, status_code=code, phase="first_token", retryable=retryable)
    for code, error, retryable in [
        (400, aiollm.BadRequestError, False),
        (401, aiollm.AuthenticationError, False),
        (402, aiollm.BadRequestError, False),
        (403, aiollm.PermissionDeniedError, False),
        (404, aiollm.NotFoundError, False),
        (408, aiollm.Timeout, True),
        (409, aiollm.BadRequestError, True),
        (413, aiollm.BadRequestError, False),
        (418, aiollm.BadRequestError, False),
        (422, aiollm.UnprocessableEntityError, False),
        (429, aiollm.RateLimitError, True),
        (500, aiollm.InternalServerError, True),
        (502, aiollm.BadGatewayError, True),
        (503, aiollm.ServiceUnavailableError, True),
        (504, aiollm.Timeout, True),
        (529, aiollm.OverloadedError, True),
        (599, aiollm.InternalServerError, True),
    ]
] + [
    Case(
        "a status with an HTML body",
        status(502, body="<html><h1>Bad gateway</h1></html>", content_type="text/html"),
        error=aiollm.BadGatewayError,
        status_code=502,
        says="Bad gateway",
        phase="first_token",
    ),
    Case(
        "a status with a body of 1 MB",
        status(500, body="x" * 1_000_000),
        error=aiollm.InternalServerError,
        status_code=500,
        phase="first_token",
    ),
    Case(
        "a status whose body breaks off",
        [headers(status=429, fields={"Retry-After": "7"}, length=1000), raw(b'{"error": '), cut()],
        error=aiollm.RateLimitError,
        status_code=429,
        phase="first_token",
        facts={"retry_after": 7.0},
    ),
    Case(
        "a status whose body never ends",
        [headers(status=401), raw(b"no"), stall()],
        error=aiollm.AuthenticationError,
        status_code=401,
        phase="first_token",
        options={"timeout": 0.3},
    ),
    Case(
        "a wrong key",
        status(401),
        error=aiollm.AuthenticationError,
        status_code=401,
        hint="aiollm models openai",
        phase="first_token",
    ),
    Case(
        "a model that is not there",
        status(404),
        error=aiollm.NotFoundError,
        status_code=404,
        hint="the model's name",
        phase="first_token",
    ),
    Case(
        "A26 a redirect",
        redirect("http://127.0.0.1:1/v1"),
        error=aiollm.BadRequestError,
        status_code=307,
        says="http://127.0.0.1:1/v1",
        hint="set api_base",
        phase="first_token",
    ),
    Case(
        "a compressed error body",
        [
            headers({"Content-Encoding": "gzip"}, status=400, content_type="application/json"),
            gzip(raw(b'{"error": {"message": "too long", "code": "context_length_exceeded"}}')),
        ],
        error=aiollm.ContextWindowExceededError,
        status_code=400,
        says="too long",
        hint="shorten",
        phase="first_token",
    ),
]

_DATES = {"Date": "Thu, 26 Nov 2026 12:00:00 GMT", "Retry-After": "Thu, 26 Nov 2026 12:01:30 GMT"}

WAITS = [
    Case(
        f"A24 429 with {fields}",
        status(429, fields=fields),
        error=aiollm.RateLimitError,
        status_code=429,
        hint="" if seconds is None else f"wait {seconds:g} s",
        phase="first_token",
        facts={"retry_after": seconds, "type": "rate_limit_error"},
    )
    for fields, seconds in [
        ({"Retry-After": "2"}, 2.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "86400"}, 86400.0),
        ({"retry-after-ms": "250"}, 0.25),
        (_DATES, 90.0),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ]
]

CONNECTIONS = [
    Case(
        "closed before the head",
        cut(),
        error=aiollm.APIConnectionError,
        phase="headers",
        retryable=True,
        head=False,
        says="broke before it answered",
    ),
    Case("reset before the head", rst(), error=aiollm.APIConnectionError, phase="headers", retryable=True, head=False),
    Case(
        "cut inside the head",
        [wire(b"HTTP/1.1 200 OK\r\nContent-Ty"), cut()],
        error=aiollm.APIConnectionError,
        phase="headers",
        retryable=True,
        head=False,
    ),
    Case(
        "A20 no head in time",
        stall(),
        error=aiollm.FirstTokenTimeout,
        status_code=408,
        hint="Timeouts(first_token=...)",
        phase="first_token",
        retryable=True,
        head=False,
        options={"timeout": 0.2},
    ),
    Case(
        "A20 a head, and no content in time",
        [headers(), role(), stall(heartbeat=0.05)],
        error=aiollm.FirstTokenTimeout,
        status_code=408,
        phase="first_token",
        options={"timeout": 0.2},
    ),
    Case(
        "A17 silence in mid-stream",
        [role(), tokens(TEXT), stall()],
        TEXT,
        aiollm.IdleTimeout,
        408,
        "within 0.2 s",
        "Timeouts(idle=...)",
        options={"timeout": 0.2},
    ),
    Case(
        "A17 heartbeats in mid-stream",
        [role(), tokens(TEXT), stall(heartbeat=0.05)],
        TEXT,
        aiollm.IdleTimeout,
        408,
        "heartbeats not counted",
        options={"timeout": 0.2},
    ),
    Case(
        "A18 an event that comes byte by byte",
        [role(), tokens(TEXT), bytewise(tokens("x" * 900), gap=0.05)],
        TEXT,
        aiollm.IdleTimeout,
        408,
        options={"timeout": 0.2},
    ),
    Case(
        "A17 heartbeats, connection closed at the end",
        [close_delimited(), role(), tokens(TEXT), stall(heartbeat=0.05)],
        TEXT,
        aiollm.IdleTimeout,
        408,
        options={"timeout": 0.2},
    ),
    Case(
        "A18 longer than the total",
        [role(), tokens(TEXT), stall(0.1), tokens(" " + TEXT, gap=0.1)],
        None,
        aiollm.TotalTimeout,
        408,
        "longer than 0.25 s",
        "Timeouts(total=...)",
        options={"timeout": aiollm.Timeouts(total=0.25)},
    ),
]
