"""The official clients of Vertex AI, Google's and Anthropic's, post the same as ours, to the same place."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

import aiollm
from aiollm import exceptions as e

anthropic = pytest.importorskip("anthropic")
genai = pytest.importorskip("google.genai")
credentials = pytest.importorskip("google.oauth2.credentials")

TOKEN = "ya29.token-of-the-test"
PLACE = {"vertex_project": "p", "vertex_location": "us-east5", "api_key": TOKEN}
MESSAGES = [{"role": "user", "content": "hi"}]


class Seen(list[tuple[str, str | None, Any]]):
    """What was posted: the target, the authorization, and the body."""

    url = ""


@pytest.fixture
def seen() -> Iterator[Seen]:
    posted = Seen()

    class Refuse(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            posted.append((self.path, self.headers["Authorization"], body))
            answer = b'{"error": {"code": 403, "message": "no", "status": "PERMISSION_DENIED"}}'
            self.send_response(403)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse) as server:
        posted.url = f"http://127.0.0.1:{server.server_port}"
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        serving.start()
        yield posted
        server.shutdown()
        serving.join()


async def ours(seen: Seen, model: str, *, stream: bool) -> None:
    with pytest.raises(e.PermissionDeniedError):
        await aiollm.acompletion(
            model=f"vertex_ai/{model}",
            messages=MESSAGES,
            max_tokens=9,
            stream=stream,
            api_base=f"{seen.url}/v1",
            **PLACE,
        )


@pytest.mark.parametrize("stream", [False, True])
async def test_claude_is_asked_as_by_anthropics_client(seen: Seen, stream: bool) -> None:
    model = "claude-sonnet-4-5@20250929"
    with (
        anthropic.AnthropicVertex(
            region="us-east5", project_id="p", access_token=TOKEN, base_url=f"{seen.url}/v1", max_retries=0
        ) as client,
        pytest.raises(anthropic.PermissionDeniedError),
    ):
        client.messages.create(model=model, max_tokens=9, messages=MESSAGES, stream=stream)
    await ours(seen, model, stream=stream)
    theirs, mine = seen
    assert mine[:2] == theirs[:2]
    blocks = [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]  # ours are always blocks
    # The version of the recordings: the newer one, of their newest client, takes no parameters of sampling.
    said = {**theirs[2], "messages": blocks, "anthropic_version": "vertex-2023-10-16"}
    assert {name: value for name, value in said.items() if (name, value) != ("stream", False)} == mine[2]


@pytest.mark.parametrize("stream", [False, True])
async def test_gemini_is_asked_as_by_googles_client(seen: Seen, stream: bool) -> None:
    model = "gemini-2.5-flash"
    client = genai.Client(
        vertexai=True,
        project="p",
        location="us-east5",
        credentials=credentials.Credentials(TOKEN),
        http_options=genai.types.HttpOptions(base_url=seen.url, api_version="v1"),
    )
    call = client.models.generate_content_stream if stream else client.models.generate_content
    with pytest.raises(genai.errors.ClientError):
        list(call(model=model, contents="hi", config=genai.types.GenerateContentConfig(max_output_tokens=9)))
    await ours(seen, model, stream=stream)
    theirs, mine = seen
    assert mine == theirs
