from __future__ import annotations

import pytest

from aiollm.dialects.unreadable import invalid_event, invalid_reply, reply_json
from aiollm.exceptions import APIResponseValidationError

ASKED = {"provider": "acme", "model": "m"}


def test_an_event_is_quoted_from_its_beginning() -> None:
    error = invalid_event(b"x" * 500 + b"\xff", "it is no object", **ASKED)
    assert error.message == f"acme sent an event that cannot be read: it is no object; it begins {'x' * 120!r}"
    assert (error.llm_provider, error.model, error.phase) == ("acme", "m", "stream")


def test_a_reply_is_too() -> None:
    error = invalid_reply(b"\xff{", "without `choices`", **ASKED)
    assert error.message == "acme answered without `choices`; the body begins '\ufffd{'"
    assert (error.llm_provider, error.model) == ("acme", "m")


def test_the_json_of_a_reply() -> None:
    assert reply_json(b'{"a": NaN}', **ASKED)["a"] != 0


def test_a_reply_that_is_no_json_has_no_internal_error_behind_it() -> None:
    with pytest.raises(APIResponseValidationError, match="acme answered with a body that is not JSON") as caught:
        reply_json(b"<html>", **ASKED)
    assert caught.value.__context__ is None
