"""Tokens for keys: asked for over a real socket, kept, and never shown."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs

import pytest

from aiollm.credentials import oauth
from aiollm.credentials.keeper import Keeper
from aiollm.credentials.sources import identify
from aiollm.exceptions import (
    APIConnectionError,
    APIResponseValidationError,
    AuthenticationError,
    InternalServerError,
    ServiceUnavailableError,
)
from aiollm.providers import authenticate, resolve
from aiollm.providers.provider import Target
from aiollm.testing import ProviderServer, status
from aiollm.types.secret import Secret

KEY = "ibm-key-c4n4ry"
GRANT = {"access_token": "token-1", "expires_in": 3600, "token_type": "Bearer"}


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oauth, "_keeper", Keeper(oauth._fetch))


def watsonx(server: ProviderServer | None = None, key: str | None = KEY, **options: Any) -> Target:
    asked = {"watsonx_iam_url": f"{server.base_url}/identity/token"} if server else {}
    secret = Secret(key) if key else None
    return resolve("watsonx/m", api_key=secret, base_url="https://x.example", options={**asked, **options}, environ={})


def databricks(server: ProviderServer, **environ: str) -> Target:
    return resolve("databricks/m", base_url=f"{server.base_url}/serving-endpoints", environ=environ)


async def test_ibm_gives_a_token_for_a_key_once() -> None:
    async with ProviderServer() as server:
        server.script([status(200, body=GRANT)])
        for _ in range(2):
            target = await identify(watsonx(server))
            assert authenticate({}, target) == {"Authorization": "Bearer token-1"}
        (asked,) = server.log
        assert asked.path.endswith("/identity/token")
        assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
        assert parse_qs(asked.body.decode()) == {
            "grant_type": ["urn:ibm:params:oauth:grant-type:apikey"],
            "apikey": [KEY],
        }


async def test_a_token_that_is_there_is_taken_as_it_is() -> None:
    target = await identify(watsonx(key=None, watsonx_token="ready"))
    assert authenticate({}, target) == {"Authorization": "Bearer ready"}


async def test_a_zen_key_has_a_scheme_of_its_own() -> None:
    target = await identify(watsonx(key=None, zen_api_key="emVu"))
    assert authenticate({}, target) == {"Authorization": "ZenApiKey emVu"}


async def test_databricks_gives_a_token_for_a_service_principal() -> None:
    async with ProviderServer() as server:
        server.script([status(200, body=GRANT)])
        target = await identify(databricks(server, DATABRICKS_CLIENT_ID="me", DATABRICKS_CLIENT_SECRET="secret-c4n4ry"))
        assert authenticate({}, target) == {"Authorization": "Bearer token-1"}
        (asked,) = server.log
        assert asked.path == "/oidc/v1/token"
        assert base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")) == b"me:secret-c4n4ry"
        assert parse_qs(asked.body.decode()) == {"grant_type": ["client_credentials"], "scope": ["all-apis"]}


async def test_a_key_of_databricks_is_sent_as_it_is() -> None:
    async with ProviderServer() as server:
        target = await identify(databricks(server, DATABRICKS_TOKEN="dapi"))
        assert authenticate({}, target) == {"Authorization": "Bearer dapi"}
        assert server.connections == 0


@pytest.mark.parametrize(("name", "variable"), [("watsonx", "WATSONX_APIKEY"), ("databricks", "DATABRICKS_CLIENT_ID")])
async def test_without_a_key_the_ways_to_give_one_are_named(name: str, variable: str) -> None:
    target = resolve(f"{name}/m", base_url="https://x.example", environ={})
    with pytest.raises(AuthenticationError, match=f"{name} has no API key: .*{variable}"):
        await identify(target)


@pytest.mark.parametrize(
    ("code", "body", "kind", "says"),
    [
        (400, {"errorCode": "X", "errorMessage": "Provided API key could not be found."}, AuthenticationError, "found"),
        (401, {"error": "invalid_client", "error_description": "wrong secret"}, AuthenticationError, "wrong secret"),
        (503, "later", ServiceUnavailableError, "answered 503 when asked for a token: later"),
        (302, "", InternalServerError, "answered 302"),
        (200, {"token": "x"}, APIResponseValidationError, "no access_token"),
        (200, "<html>", APIResponseValidationError, "no access_token"),
    ],
)
async def test_a_refusal_says_why_and_shows_no_key(code: int, body: Any, kind: Any, says: str) -> None:
    async with ProviderServer() as server:
        elsewhere = {"Location": f"{server.base_url}/elsewhere"} if code == 302 else {}
        server.script([status(code, body=body, fields=elsewhere)])
        with pytest.raises(kind, match=says) as caught:
            await identify(watsonx(server))
        assert KEY not in f"{caught.value!r} {caught.value} {caught.value.__context__!r}"
        assert len(server.log) == 1


async def test_a_giver_that_is_not_there_is_a_failed_connection() -> None:
    target = watsonx(watsonx_iam_url="http://127.0.0.1:9/identity/token")
    with pytest.raises(APIConnectionError, match=r"no token could be had from 127\.0\.0\.1"):
        await identify(target)


async def test_a_key_goes_nowhere_in_the_clear() -> None:
    with pytest.raises(AuthenticationError, match="must be https://"):
        await identify(watsonx(watsonx_iam_url="http://iam.example/identity/token"))
