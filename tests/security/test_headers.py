"""A credential that the caller puts into `extra_headers` is hidden like the key."""

from __future__ import annotations

import traceback

import pytest

import aiollm
from aiollm.testing import ProviderServer, rst, status
from tests.engine.calling import arguments

CANARY = "sk-canary-in-a-header"
HEADERS = {"Authorization": f"Bearer {CANARY}", "X-Trace": "1"}


def shown(error: BaseException) -> str:
    """What a traceback that captures locals shows of our frames."""
    inside = error.__traceback__.tb_next if error.__traceback__ else None
    return "".join(traceback.TracebackException(type(error), error, inside, capture_locals=True).format())


FAILURES = {"401": status(401), "403": status(403, body=f"what is {CANARY}?"), "reset": rst()}


@pytest.mark.parametrize("script", FAILURES.values(), ids=FAILURES)
async def test_it_is_sent_and_never_shown(script) -> None:
    async with ProviderServer() as server:
        server.script(script)
        with pytest.raises(aiollm.APIError) as caught:
            await aiollm.acompletion(**arguments(server, extra_headers=HEADERS))
        assert server.log[0].headers["authorization"] == f"Bearer {CANARY}"
    assert CANARY not in shown(caught.value)
    assert CANARY not in repr(vars(caught.value))


async def test_an_invalid_argument_beside_it_does_not_show_it() -> None:
    async with ProviderServer() as server:
        with pytest.raises(aiollm.BadRequestError) as caught:
            await aiollm.acompletion(**arguments(server, extra_headers=HEADERS, temperature=float("inf")))
        assert server.log == []
    assert CANARY not in shown(caught.value)


def test_the_blocking_call_hides_it_too() -> None:
    with ProviderServer() as server:
        server.script(status(401))
        with pytest.raises(aiollm.AuthenticationError) as caught:
            aiollm.completion(**arguments(server, extra_headers=HEADERS))
    assert CANARY not in shown(caught.value)
