"""Access tokens of Google, from a token server on loopback; Vertex AI is the scripted provider."""

from __future__ import annotations

import asyncio
import http.server
import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from attrs import define, field

import aiollm
from aiollm.credentials import google, identify
from aiollm.exceptions import APIConnectionError, AuthenticationError, BadRequestError
from aiollm.providers import resolve
from aiollm.providers.identity import hidden_options
from aiollm.providers.provider import Target
from aiollm.testing import ProviderServer, raw, status
from aiollm.types.secret import Secret

pytest.importorskip("google.auth")
serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402  # after its package was looked for

MESSAGES = [{"role": "user", "content": "hi"}]
ANSWER = {"candidates": [{"content": {"parts": [{"text": "hello"}], "role": "model"}, "finishReason": "STOP"}]}
TOKEN = "ya29.token-of-the-test"


@define
class TokenServer:
    """Grants tokens, as many as it is asked for, and keeps what it was asked."""

    url: str
    expires_in: int = 3600
    status: int = 200
    answer: dict[str, Any] | None = None
    delay: threading.Event | None = None
    asked: list[dict[str, list[str]]] = field(factory=list)
    was_asked: threading.Event = field(factory=threading.Event)


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    class Grant(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            server.asked.append(parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode()))
            server.was_asked.set()
            if server.delay is not None:
                server.delay.wait(30)
            granted = {
                "access_token": f"{TOKEN}-{len(server.asked)}",
                "expires_in": server.expires_in,
                "token_type": "Bearer",
            }
            body = json.dumps(server.answer or granted).encode()
            self.send_response(server.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Grant) as listening:
        server = TokenServer(f"http://127.0.0.1:{listening.server_port}/token")
        serving = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        yield server
        if server.delay is not None:
            server.delay.set()
        listening.shutdown()
        serving.join()


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture
def account(tokens: TokenServer, private_key: str) -> dict[str, str]:
    """The key of a service account, whose tokens come from the token server."""
    return {
        "type": "service_account",
        "project_id": "project-of-the-key",
        "private_key_id": "1",
        "private_key": private_key,
        "client_email": "robot@project-of-the-key.iam.gserviceaccount.com",
        "token_uri": tokens.url,
    }


def target(model: str = "gemini-2.5-flash", *, api_key: str | None = None, **options: Any) -> Target:
    key = Secret(api_key) if api_key else None
    environ = options.pop("environ", {})
    return resolve(f"vertex_ai/{model}", api_key=key, options=hidden_options(options), environ=environ)


async def test_a_service_account_gets_a_token(tokens: TokenServer, account: dict[str, str]) -> None:
    known = await identify(target(vertex_credentials=account))
    assert known.secret is not None
    assert known.secret.reveal() == f"{TOKEN}-1"
    assert tokens.asked[0]["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert known.endpoint.url == (
        "https://us-central1-aiplatform.googleapis.com/v1/projects/project-of-the-key/locations/us-central1"
        "/publishers/google/models/gemini-2.5-flash:generateContent"
    )


async def test_credentials_are_a_dict_json_or_the_path_of_a_file(
    tokens: TokenServer, account: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(account))
    for given in (account, json.dumps(account, indent=2), str(path)):
        known = await identify(target(vertex_credentials=given))
        assert known.secret is not None


async def test_the_environment_stands_in_for_options(
    tokens: TokenServer, account: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(account))
    environ = {
        "GOOGLE_APPLICATION_CREDENTIALS": str(path),
        "GOOGLE_CLOUD_PROJECT": "p",
        "VERTEXAI_LOCATION": "europe-west4",
    }
    known = await identify(target(environ=environ))
    assert known.endpoint.url.startswith(
        "https://europe-west4-aiplatform.googleapis.com/v1/projects/p/locations/europe-west4/"
    )
    assert len(tokens.asked) == 1


async def test_application_default_credentials_are_found_by_googles_own_library(
    tokens: TokenServer, account: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    known = await identify(target())  # resolved with an empty environment: only google-auth reads the real one
    assert known.secret is not None
    assert "/projects/project-of-the-key/" in known.endpoint.url


async def test_many_calls_share_one_token(tokens: TokenServer, account: dict[str, str]) -> None:
    tokens.delay = threading.Event()
    calls = [asyncio.ensure_future(identify(target(vertex_credentials=account))) for _ in range(10)]
    await asyncio.sleep(0)
    tokens.delay.set()
    known = [*await asyncio.gather(*calls), await identify(target(vertex_credentials=account))]
    assert len({found.secret for found in known}) == 1
    assert len(tokens.asked) == 1


async def test_a_token_is_fetched_anew_before_its_end(tokens: TokenServer, account: dict[str, str]) -> None:
    tokens.expires_in = 1
    first = await identify(target(vertex_credentials=account))
    second = await identify(target(vertex_credentials=account))
    assert first.secret != second.secret


async def test_a_cancelled_call_leaves_at_once_and_the_token_serves_the_next(
    tokens: TokenServer, account: dict[str, str]
) -> None:
    tokens.delay = threading.Event()
    call = asyncio.ensure_future(identify(target(vertex_credentials=account)))
    await asyncio.to_thread(tokens.was_asked.wait, 30)
    call.cancel()
    begun = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert time.monotonic() - begun < 5
    tokens.delay.set()
    assert (await identify(target(vertex_credentials=account))).secret is not None
    assert len(tokens.asked) == 1


async def test_a_refusal_is_an_authentication_error_without_the_key(
    tokens: TokenServer, account: dict[str, str]
) -> None:
    tokens.status, tokens.answer = 400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
    with pytest.raises(AuthenticationError, match="Invalid JWT Signature") as caught:
        await identify(target(vertex_credentials=account))
    assert "PRIVATE KEY" not in str(caught.value)
    assert caught.value.__context__ is None


async def test_a_token_server_that_cannot_be_reached_is_a_connection_error(account: dict[str, str]) -> None:
    with pytest.raises(APIConnectionError, match="token server could not be asked"):
        await identify(target(vertex_credentials={**account, "token_uri": "http://127.0.0.1:1/token"}))


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("{not json", "vertex_credentials is not a JSON object"),
        ('{"type": "magic"}', "credentials of type 'magic' cannot be used"),
        ("{}", "credentials of type 'None' cannot be used"),
        ("/nowhere/key.json", "No such file"),
        ('{"type": "service_account"}', "could not be had"),
    ],
)
async def test_credentials_that_cannot_be_read_say_so(given: str, fault: str) -> None:
    with pytest.raises(AuthenticationError, match=fault) as caught:
        await identify(target(vertex_credentials=given))
    assert "vertex_credentials=" in (caught.value.hint or "")


async def test_an_access_token_is_used_as_it_is() -> None:
    known = await identify(target(api_key="ya29.mine", vertex_project="p", vertex_location="global"))
    assert known.secret == Secret("ya29.mine")
    assert known.endpoint.url.startswith("https://aiplatform.googleapis.com/v1/projects/p/locations/global/")


async def test_a_call_without_a_project_says_how_to_name_one() -> None:
    with pytest.raises(BadRequestError, match="vertex_project=") as caught:
        await identify(target(api_key="ya29.mine"))
    assert caught.value.param == "vertex_project"


async def test_a_call_carries_the_token_and_nothing_of_the_credentials(
    tokens: TokenServer, account: dict[str, str]
) -> None:
    async with ProviderServer() as server:
        server.script([raw(json.dumps(ANSWER).encode())])
        response = await aiollm.acompletion(
            model="vertex_ai/gemini-2.5-flash",
            messages=MESSAGES,
            vertex_credentials=account,
            vertex_location="global",
            api_base=server.base_url,
        )
        assert response.choices[0].message.content == "hello"
        sent = server.log[0]
    assert sent.headers["authorization"] == f"Bearer {TOKEN}-1"
    assert sent.path == (
        "/v1/projects/project-of-the-key/locations/global/publishers/google/models/gemini-2.5-flash:generateContent"
    )
    assert sent.json == {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}


async def test_a_token_that_the_provider_quotes_is_hidden(tokens: TokenServer, account: dict[str, str]) -> None:
    async with ProviderServer() as server:
        error = {"error": {"code": 401, "message": f"bad token {TOKEN}-1", "status": "UNAUTHENTICATED"}}
        server.script([status(401, body=error)])
        with pytest.raises(AuthenticationError, match=r"bad token \*\*\*"):
            await aiollm.acompletion(
                model="vertex_ai/gemini-2.5-flash",
                messages=MESSAGES,
                vertex_credentials=account,
                api_base=server.base_url,
            )


def test_the_library_is_named_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(AuthenticationError, match=r"pip install 'aiollm\[vertex\]'"):
        google._fetch(None)
