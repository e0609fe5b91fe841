"""The body of a request, within limits."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aiollm.exceptions import BadRequestError
from aiollm.proxy.inbound.body import MOST_LEVELS, asked_model, flag, listed, read_body, text


def nested(levels: int) -> bytes:
    return b'{"a":' * (levels - 1) + b"{}" + b"}" * (levels - 1)


def test_a_body_is_an_object() -> None:
    assert read_body(b'{"model": "m"}') == {"model": "m"}
    for data in (b"", b"[1]", b'"x"', b"{", b'{"a": NaN}', b"\xff"):
        with pytest.raises(BadRequestError) as caught:
            read_body(data)
        assert (caught.value.status_code, caught.value.code) == (400, "invalid_json")


def test_a_body_is_not_nested_deeper_than_it_may() -> None:
    assert read_body(nested(MOST_LEVELS))
    for levels in (MOST_LEVELS + 1, 100_000):
        with pytest.raises(BadRequestError, match="nested more than 64 levels deep"):
            read_body(nested(levels))


def test_a_wide_body_is_no_deep_one() -> None:
    assert len(read_body(json.dumps({"messages": [{"role": "user"}] * 500}).encode())["messages"]) == 500


@pytest.mark.parametrize(
    ("read", "body", "param"),
    [
        (asked_model, {}, "model"),
        (asked_model, {"model": ""}, "model"),
        (lambda body: flag(body, "stream"), {"stream": 1}, "stream"),
        (lambda body: text(body, "user"), {"user": 1}, "user"),
        (lambda body: listed(body, "messages"), {}, "messages"),
        (lambda body: listed(body, "messages"), {"messages": [0] * 10_001}, "messages"),
    ],
)
def test_a_member_of_another_kind_is_refused_by_its_name(read: Any, body: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequestError) as caught:
        read(body)
    assert caught.value.param == param
