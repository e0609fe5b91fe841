from __future__ import annotations

import pytest

from aiollm import AuthenticationError, PermissionDeniedError
from aiollm.engine.redaction import redact
from aiollm.testing import ProviderServer, status
from tests.engine.calling import answered

KEY = "sk-0123456789"


def test_the_key_is_replaced_wherever_an_error_shows_it() -> None:
    error = AuthenticationError(
        f"bad key {KEY}",
        hint=f"not {KEY}",
        code=401,
        body={"error": {"keys": [f"Bearer {KEY}", 7, None]}, KEY: True},
        headers={"x-sent": f"Bearer {KEY}", "x-other": "kept"},
    )
    redact(error, [KEY])
    assert str(error) == "bad key *** (not ***)"
    assert error.args == ("bad key ***",)
    assert error.code == 401
    assert error.body == {"error": {"keys": ["Bearer ***", 7, None]}, "***": True}
    assert error.headers == {"x-sent": "Bearer ***", "x-other": "kept"}
    assert KEY not in repr(vars(error))


@pytest.mark.parametrize("key", [None, "none"])
async def test_a_placeholder_is_a_word_like_any_other(key: str | None) -> None:
    async with ProviderServer() as server:
        server.script(status(401, body="none of the keys is right"))
        with pytest.raises(AuthenticationError, match="none of the keys is right"):
            await answered(server, model="lm_studio/x", api_key=key)


async def test_a_credential_among_the_callers_headers_is_replaced_too() -> None:
    async with ProviderServer() as server:
        server.script(status(403, body=f"{KEY} may not do this, says {KEY}"))
        with pytest.raises(PermissionDeniedError, match=r"\*\*\* may not do this, says \*\*\*"):
            await answered(server, extra_headers={"X-Api-Key": f"Bearer {KEY}"})


def test_the_internal_frames_are_dropped() -> None:
    try:
        raise AuthenticationError("bad")
    except AuthenticationError as caught:
        error = caught
    redact(error, [])
    assert error.__traceback__ is None
