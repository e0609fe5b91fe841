"""No failure of the Responses API shows a key, and no failure anywhere a token."""

from __future__ import annotations

from typing import Any

import pytest

import aiollm
from aiollm.testing import LoggedRequest, ProviderServer, Step, cut, event, role, status
from tests.engine.calling import collected
from tests.security.canary import KEY, PROMPT, listen, places

CREDENTIALS = ("api_key", "azure_ad_token", "azure_ad_token_provider")


def echoed(request: LoggedRequest) -> Step:
    """Answer with what was sent, as careless providers do."""
    return status(401, body=f"not with {request.headers.raw}")


FAILURES: dict[str, Any] = {
    "echo": echoed,
    "in mid-stream": [role(), event({"type": "error", "message": f"bad {KEY}"})],
    "cut": [role(), cut()],
    "no event": [event(f'{{"key": "{KEY}')],
}


async def failure(opening: Any) -> Exception:
    try:
        answer = await opening
    except Exception as error:  # noqa: BLE001
        return error
    _, error = await collected(answer)
    assert error is not None
    return error


def given(server: ProviderServer, credential: str, value: str = KEY) -> dict[str, Any]:
    held: Any = (lambda: value) if credential.endswith("provider") else value
    return {"model": "azure/d", "api_base": server.base_url, "stream": True, credential: held}


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("credential", CREDENTIALS)
async def test_no_failure_shows_a_credential(credential: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    async with ProviderServer() as server:
        server.script(FAILURES[name])
        for opening in (
            aiollm.aresponses(input=PROMPT, **given(server, credential)),
            aiollm.acompletion(messages=[{"role": "user", "content": PROMPT}], **given(server, credential)),
        ):
            error = await failure(opening)
            assert isinstance(error, aiollm.APIError)
            for place, text in places(error, caplog).items():
                assert KEY not in text, f"the credential is seen in: {place}"
    assert PROMPT not in caplog.text


@pytest.mark.parametrize("credential", CREDENTIALS)
async def test_a_credential_that_cannot_be_sent_is_refused_unseen(
    credential: str, caplog: pytest.LogCaptureFixture
) -> None:
    listen(caplog)
    async with ProviderServer() as server:
        error = await failure(aiollm.aresponses(input=PROMPT, **given(server, credential, f"{KEY}\nx")))
        assert isinstance(error, aiollm.BadRequestError | aiollm.AuthenticationError)
        assert credential in str(error)
        assert not server.log
    for place, text in places(error, caplog).items():
        assert KEY not in text, f"the credential is seen in: {place}"


@pytest.mark.parametrize("value", [KEY, f"{KEY}\nx"])
@pytest.mark.parametrize("credential", CREDENTIALS)
async def test_embeddings_show_no_credential(credential: str, value: str, caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    async with ProviderServer() as server:
        server.script(status(401, body={"error": {"message": f"wrong: {KEY}"}}))
        options = {name: held for name, held in given(server, credential, value).items() if name != "stream"}
        error = await failure(aiollm.aembedding(input=PROMPT, **options))
    assert isinstance(error, aiollm.BadRequestError | aiollm.AuthenticationError)
    for place, text in places(error, caplog).items():
        assert KEY not in text, f"the credential is seen in: {place}"
    assert PROMPT not in caplog.text


def test_a_blocking_response_refuses_such_a_key_unseen(caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    with ProviderServer() as server, pytest.raises(aiollm.BadRequestError) as caught:
        aiollm.responses(PROMPT, **given(server, "api_key", f"{KEY}\n\nx"))
    for place, text in places(caught.value, caplog).items():
        assert KEY not in text, f"the key is seen in: {place}"


def test_blocking_embeddings_refuse_such_a_key_unseen(caplog: pytest.LogCaptureFixture) -> None:
    listen(caplog)
    with ProviderServer() as server, pytest.raises(aiollm.BadRequestError) as caught:
        aiollm.embedding("azure/d", PROMPT, api_base=server.base_url, api_key=f"{KEY}\n\nx")
    for place, text in places(caught.value, caplog).items():
        assert KEY not in text, f"the key is seen in: {place}"
