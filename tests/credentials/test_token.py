"""Tokens that the caller's own function gives."""

from __future__ import annotations

import asyncio
import threading
import traceback
from functools import partial
from typing import Any

import pytest

import aiollm
from aiollm import AuthenticationError, TotalTimeout
from aiollm.credentials.token import fresh_token
from aiollm.testing import ProviderServer, status
from aiollm.types.secret import Secret
from tests.engine.calling import MESSAGES

TOKEN = "eyJ.0123456789"


async def call(server: ProviderServer, **options: Any) -> aiollm.ModelResponse:
    given = {"api_base": server.base_url, "azure_ad_token_provider": lambda: TOKEN} | options
    return await aiollm.acompletion("azure/gpt4", MESSAGES, **given)


async def test_a_function_is_asked_for_each_call() -> None:
    tokens = iter([TOKEN, "eyJ.another"])
    async with ProviderServer() as server:
        for _ in range(2):
            await call(server, azure_ad_token_provider=lambda: next(tokens))
        assert [request.headers["authorization"] for request in server.log] == [f"Bearer {TOKEN}", "Bearer eyJ.another"]
        assert all("api-key" not in request.headers for request in server.log)
        assert all("azure_ad_token_provider" not in request.json for request in server.log)


async def test_a_plain_function_does_not_hold_up_the_loop() -> None:
    asked = threading.Event()

    def slow() -> str:
        assert asked.wait(5)
        return TOKEN

    waiting = asyncio.ensure_future(fresh_token(slow, "source"))
    await asyncio.sleep(0)
    asked.set()
    assert (await waiting).reveal() == TOKEN


async def test_an_asynchronous_function_is_awaited() -> None:
    async def source() -> Secret:
        return Secret(TOKEN)

    assert (await fresh_token(source, "source")).reveal() == TOKEN
    assert (await fresh_token(partial(asyncio.sleep, 0, TOKEN), "source")).reveal() == TOKEN


async def test_a_function_that_fails_is_an_error_of_authentication() -> None:
    def broken() -> str:
        raise LookupError("no login")

    async with ProviderServer() as server:
        with pytest.raises(AuthenticationError, match="azure_ad_token_provider failed with LookupError") as caught:
            await call(server, azure_ad_token_provider=broken)
        assert isinstance(caught.value.__cause__, LookupError)
        assert not server.log


@pytest.mark.parametrize("given", [None, 5, "", f"{TOKEN}\nx"])
async def test_what_is_no_token_is_told_and_never_shown(given: Any) -> None:
    with pytest.raises(AuthenticationError, match="source gave what is no token") as caught:
        await fresh_token(lambda: given, "source")
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    own = "".join(line for line in shown.format() if "test_token.py" not in line)
    assert TOKEN not in own


async def test_the_total_clock_covers_the_function() -> None:
    async def never() -> str:
        await asyncio.Event().wait()
        return TOKEN

    async with ProviderServer() as server:
        with pytest.raises(TotalTimeout):
            await call(server, azure_ad_token_provider=never, timeout=0.05)


async def test_a_token_that_a_server_quotes_is_redacted() -> None:
    async with ProviderServer() as server:
        server.script(status(401, body=f"bad token {TOKEN}"))
        with pytest.raises(AuthenticationError, match=r"bad token \*\*\*"):
            await call(server)


async def test_an_argument_that_is_no_function_is_refused() -> None:
    with pytest.raises(aiollm.BadRequestError, match="azure_ad_token_provider must be a function"):
        await aiollm.acompletion("azure/gpt4", MESSAGES, api_base="http://127.0.0.1:9", azure_ad_token_provider=TOKEN)  # type: ignore[call-overload]
