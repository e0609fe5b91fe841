"""A chat service on FastAPI, served by uvicorn: `uvicorn chat_fastapi:app`, or run with a port."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

import aiollm
from aiollm.integrations.asgi import AnswerResponse, lifespan, stream_response

MODEL = "openai/gpt-4o"
PAGE = Path(__file__).with_name("page.html")

app = FastAPI(lifespan=lifespan(aiollm.Client))


@app.get("/")
async def page() -> FileResponse:
    return FileResponse(PAGE)


@app.get("/chat", response_model=None)
async def chat(request: Request, prompt: str) -> AnswerResponse:
    """Answer in a response of the library."""
    messages = [{"role": "user", "content": prompt}]
    return stream_response(request.state.client.acompletion(MODEL, messages, stream=True))


@app.get("/events", response_class=EventSourceResponse)
async def events(request: Request, prompt: str) -> AsyncIterator[Any]:
    """Answer in FastAPI's own response, with an end that an EventSource can see."""
    messages = [{"role": "user", "content": prompt}]
    stream = await request.state.client.acompletion(MODEL, messages, stream=True)
    async for event in stream.events():
        yield event
    yield ServerSentEvent(event="end", raw_data="")


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]) if sys.argv[1:] else 0)
