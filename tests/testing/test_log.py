from __future__ import annotations

import pytest

from aiollm.testing.log import Headers, LoggedRequest

KEY = "sk-very-secret-1234"


def logged(*, target: str = "/v1/x", body: bytes = b"{}") -> LoggedRequest:
    return LoggedRequest(
        index=0,
        connection=0,
        method="POST",
        target=target,
        version="1.1",
        headers=Headers([("Authorization", f"Bearer {KEY}")]),
        body=body,
        received_at=1.0,
    )


def test_headers_are_read_without_regard_to_case() -> None:
    headers = Headers([("X-One", "1"), ("x-two", "2"), ("X-ONE", "3")])
    assert headers["x-one"] == "1, 3"
    assert "X-TWO" in headers
    assert headers.get("missing") is None
    assert dict(headers) == {"x-one": "1, 3", "x-two": "2"}
    assert len(headers) == 2
    assert headers.raw == [("X-One", "1"), ("x-two", "2"), ("X-ONE", "3")]


@pytest.mark.parametrize(
    "name", ["Authorization", "api-key", "X-Api-Key", "x-goog-api-key", "Cookie", "X-Amz-Security-Token"]
)
def test_a_credential_is_kept_and_never_shown(name: str) -> None:
    headers = Headers([(name, KEY), ("Host", "h")])
    assert headers[name] == KEY
    assert KEY not in repr(headers)
    assert "'Host': 'h'" in repr(headers)


def test_a_key_in_the_query_is_kept_and_never_shown() -> None:
    request = logged(target=f"/v1/x?alt=sse&key={KEY}")
    assert request.query == {"alt": "sse", "key": KEY}
    assert request.path == "/v1/x"
    assert KEY not in repr(request)
    assert "alt=sse" in repr(request)


def test_the_body_is_read_as_json() -> None:
    request = logged(body=b'{"model": "m"}')
    assert request.json == {"model": "m"}
    assert request.member("model") == "m"
    assert request.member("n", 1) == 1


@pytest.mark.parametrize("body", [b"", b"not json", b"[1]"])
def test_a_body_that_is_no_object_has_no_members(body: bytes) -> None:
    assert logged(body=body).member("model", "none") == "none"


def test_a_body_that_is_no_json_says_so() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        _ = logged(body=b"").json


def test_the_repr_tells_how_it_ended() -> None:
    request = logged()
    assert "open after 0 events" in repr(request)
    request.disconnected_by, request.disconnected_how = "client", "fin"
    assert "unfinished after 0 events, fin by client" in repr(request)
    request.finished_at = 2.0
    assert "answered after 0 events, fin by client" in repr(request)
