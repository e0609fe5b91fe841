"""A chat service on aiohttp: a page that reads the answer with EventSource. Run it with a port, or none for any."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from aiohttp import web

import aiollm
from aiollm.integrations.aiohttp import CLIENT, client_context, stream_response

MODEL = "openai/gpt-4o"
PAGE = Path(__file__).with_name("page.html")


async def page(request: web.Request) -> web.FileResponse:
    return web.FileResponse(PAGE)


async def chat(request: web.Request) -> web.StreamResponse:
    messages = [{"role": "user", "content": request.query["prompt"]}]
    answer = request.app[CLIENT].acompletion(MODEL, messages, stream=True)
    return await stream_response(request, answer)


def make_app() -> web.Application:
    app = web.Application()
    app.cleanup_ctx.append(client_context(partial(aiollm.Client, mid_stream="never")))
    app.add_routes([web.get("/", page), web.get("/chat", chat)])
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1", port=int(sys.argv[1]) if sys.argv[1:] else 0)
