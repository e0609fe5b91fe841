"""What the page on services and notebooks shows runs, and its applications answer."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from aiohttp import web

from aiollm.testing import ProviderServer
from tests import ROOT
from tests.documents.reader import programs, run
from tests.integrations.services import application_serving, uvicorn_serving

PATH = ROOT / "docs" / "embedding.md"
*SERVICES, NOTEBOOK = programs(PATH)
ANSWERS = [
    (SERVICES[0], "/chat", "data: [DONE]\n\n"),
    (SERVICES[1], "/chat", "data: [DONE]\n\n"),
    (SERVICES[1], "/events", "event: end\ndata: \n\n"),
    (SERVICES[2], "/chat", "data: [DONE]\n\n"),
    (
        SERVICES[2],
        "/run",
        '"result":{"finishReason":"stop"},"usage":[{"inputTokens":9,"outputTokens":3,"totalTokens":12}]}\n\n',
    ),
]


@pytest.mark.parametrize(("code", "path", "end"), ANSWERS, ids=[f"{n}{path}" for n, (_, path, _) in enumerate(ANSWERS)])
async def test_a_service_of_the_page_answers(code: str, path: str, end: str, server: ProviderServer) -> None:
    server.reply("Sunlight scatters", usage={"prompt_tokens": 9, "completion_tokens": 3})
    names: dict[str, Any] = {}
    exec(compile(code, PATH.name, "exec", dont_inherit=True), names)
    app = names["app"]
    serving = application_serving if isinstance(app, web.Application) else uvicorn_serving
    async with (
        serving(app) as port,
        aiohttp.ClientSession() as client,
        client.get(f"http://127.0.0.1:{port}{path}", params={"prompt": "Why?"}) as reply,
    ):
        text = await reply.text()
    assert reply.status == 200
    assert " scatters" in text
    assert text.endswith(end)


def test_the_cell_of_the_page_runs(server: ProviderServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply("Sunlight scatters")
    run(NOTEBOOK, PATH.name)
    assert capsys.readouterr().out.count("Sunlight scatters") == 4
