from __future__ import annotations

import pytest

from aiollm import AuthenticationError, Secret
from aiollm.engine.redaction import redact

KEY = "sk-0123456789"


def test_the_key_is_replaced_wherever_an_error_shows_it() -> None:
    error = AuthenticationError(
        f"bad key {KEY}",
        hint=f"not {KEY}",
        code=401,
        body={"error": {"keys": [f"Bearer {KEY}", 7, None]}, KEY: True},
        headers={"x-sent": f"Bearer {KEY}", "x-other": "kept"},
    )
    redact(error, Secret(KEY))
    assert str(error) == "bad key *** (not ***)"
    assert error.args == ("bad key ***",)
    assert error.code == 401
    assert error.body == {"error": {"keys": ["Bearer ***", 7, None]}, "***": True}
    assert error.headers == {"x-sent": "Bearer ***", "x-other": "kept"}
    assert KEY not in repr(vars(error))


@pytest.mark.parametrize("secret", [None, Secret("none")])
def test_a_placeholder_is_a_word_like_any_other(secret: Secret | None) -> None:
    error = AuthenticationError("none of the keys is right")
    redact(error, secret)
    assert str(error) == "none of the keys is right"


def test_the_internal_frames_are_dropped() -> None:
    try:
        raise AuthenticationError("bad")
    except AuthenticationError as caught:
        error = caught
    redact(error, None)
    assert error.__traceback__ is None
