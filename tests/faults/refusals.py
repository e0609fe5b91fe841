"""The failure catalogue, continued: statuses, and connections that break or are silent."""

from __future__ import annotations

import aiollm
from aiollm.testing import (
    close_delimited,
    cut,
    gzip,
    headers,
    raw,
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
        "a status with Retry-After and an id",
        status(429, retry_after=2, fields={"x-request-id": "req-9"}),
        error=aiollm.RateLimitError,
        status_code=429,
        phase="first_token",
        facts={"retry_after": 2.0, "request_id": "req-9", "type": "rate_limit_error"},
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
        phase="first_token",
    ),
]

CONNECTIONS = [
    Case(
        "closed before the head",
        cut(),
        error=aiollm.APIConnectionError,
        phase="headers",
        retryable=True,
        says="broke before it answered",
    ),
    Case("reset before the head", rst(), error=aiollm.APIConnectionError, phase="headers", retryable=True),
    Case(
        "cut inside the head",
        [wire(b"HTTP/1.1 200 OK\r\nContent-Ty"), cut()],
        error=aiollm.APIConnectionError,
        phase="headers",
        retryable=True,
    ),
    Case(
        "no head in time",
        stall(),
        error=aiollm.FirstTokenTimeout,
        status_code=408,
        phase="first_token",
        retryable=True,
        options={"timeout": 0.2},
    ),
    Case(
        "a head, and no content in time",
        [headers(), role(), stall(heartbeat=0.05)],
        error=aiollm.FirstTokenTimeout,
        status_code=408,
        phase="first_token",
        options={"timeout": 0.2},
    ),
    Case(
        "no further content in time",
        [role(), tokens(TEXT), stall(heartbeat=0.05)],
        TEXT,
        aiollm.IdleTimeout,
        408,
        "Timeouts.idle",
        options={"timeout": 0.2},
    ),
    Case(
        "no further content in time, connection closed at the end",
        [close_delimited(), role(), tokens(TEXT), stall(heartbeat=0.05)],
        TEXT,
        aiollm.IdleTimeout,
        408,
        options={"timeout": 0.2},
    ),
    Case(
        "longer than the total",
        [role(), tokens(TEXT), stall(0.1), tokens(" " + TEXT, gap=0.1)],
        None,
        aiollm.TotalTimeout,
        408,
        "Timeouts.total",
        options={"timeout": aiollm.Timeouts(total=0.25)},
    ),
]
