"""No failure shows what a call to a cloud is signed with, whether it was given, or fetched."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

import aiollm
from aiollm.testing import LoggedRequest, ProviderServer, Step, Steps, cut, error_event, role, stall, status, tokens
from tests.engine.calling import collected
from tests.security.canary import KEY, PROMPT, listen, places

BASIC = base64.b64encode(f"c:{KEY}".encode()).decode()
MESSAGES = [{"role": "user", "content": PROMPT}]
AWS = {"model": "bedrock/amazon.nova-pro-v1:0", "aws_region_name": "eu-west-1", "aws_access_key_id": "AKIA0123456789"}
SERVICE_ACCOUNT = {
    "type": "service_account",
    "client_email": "a@p.iam.gserviceaccount.com",
    "token_uri": "http://127.0.0.1:9/token",
    "private_key": f"-----BEGIN PRIVATE KEY-----\n{KEY}\n-----END PRIVATE KEY-----\n",
}

# The call with the secret in one place, for each kind of secret.
CALLS: dict[str, dict[str, Any]] = {
    "an AWS secret": {**AWS, "aws_secret_access_key": KEY},
    "an AWS session token": {**AWS, "aws_secret_access_key": "s" * 20, "aws_session_token": KEY},
    "a token of IBM's": {"model": "watsonx/m", "watsonx_token": KEY},
    "a Zen key of IBM's": {"model": "watsonx/m", "zen_api_key": KEY},
    "an access token of Google's": {"model": "vertex_ai/gemini-2.5-flash", "vertex_project": "p", "api_key": KEY},
    "a service account of Google's": {"model": "vertex_ai/gemini-2.5-flash", "vertex_credentials": SERVICE_ACCOUNT},
    "one as text": {"model": "vertex_ai/gemini-2.5-flash", "vertex_credentials": json.dumps(SERVICE_ACCOUNT)},
    "a secret of Databricks'": {"model": "databricks/m", "databricks_client_id": "c", "databricks_client_secret": KEY},
    "a key of Anthropic's": {"model": "anthropic/claude-x", "api_key": KEY},
    "a key of Gemini's": {"model": "gemini/gemini-2.5-flash", "api_key": KEY},
    "a bearer token of AWS": {**AWS, "api_key": KEY},
}


def echoed(request: LoggedRequest) -> Step:
    """Answer with what was sent, as careless providers do."""
    return status(403, body=f"not with {request.headers.raw} and {KEY}")


SCRIPTS: dict[str, Any] = {
    "echo": echoed,
    "in mid-stream": [role(), tokens("a b"), stall(0.05), error_event(f"bad {KEY}")],
    "cut": [role(), tokens("a b"), stall(0.05), cut()],
    "refused": status(500),
}


def assert_unseen(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    for place, text in places(error, caplog).items():
        assert KEY not in text, f"the secret is seen in: {place}"
        assert BASIC not in text, f"the secret is seen, encoded, in: {place}"


async def failure(server: ProviderServer, call: dict[str, Any]) -> BaseException:
    try:
        stream = await aiollm.acompletion(messages=MESSAGES, api_base=server.url, stream=True, **call)
    except Exception as error:  # noqa: BLE001
        return error
    _, error = await collected(stream)
    assert error is not None
    return error


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("kind", CALLS)
async def test_no_failure_shows_it(kind: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
    if "Google" in kind or "text" in kind:
        pytest.importorskip("google.auth")
    listen(caplog)
    script: Steps = SCRIPTS[name]
    async with ProviderServer() as server:
        server.script(script)
        error = await failure(server, CALLS[kind])
        assert isinstance(error, aiollm.APIError)
        assert_unseen(error, caplog)
    assert PROMPT not in caplog.text


@pytest.mark.parametrize("kind", CALLS)
def test_no_failure_of_a_blocking_call_shows_it(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    if "Google" in kind or "text" in kind:
        pytest.importorskip("google.auth")
    listen(caplog)
    with ProviderServer() as server:
        server.script(echoed)
        with pytest.raises(aiollm.APIError) as caught:
            aiollm.completion(messages=MESSAGES, api_base=server.url, **CALLS[kind])
    assert_unseen(caught.value, caplog)
