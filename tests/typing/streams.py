"""What is made of a stream has the type that it says. Checked by mypy and pyright, never run."""

from __future__ import annotations

from typing import assert_type

from attrs import define

import aiollm


@define
class Recipe:
    title: str


async def asynchronous(stream: aiollm.ChunkStream, events: aiollm.EventStream) -> None:
    assert_type(stream.tee(2), tuple[aiollm.ChunkStream, ...])
    assert_type(events.tee(), tuple[aiollm.EventStream, ...])
    assert_type(stream.coalesce(ms=30), aiollm.ChunkStream)
    assert_type(stream.stats, aiollm.StreamStats)
    async for event in stream.tool_arguments():
        assert_type(event, aiollm.ToolArguments)
    async for recipe in stream.parsed(Recipe):
        assert_type(recipe, Recipe)
    assert_type(await stream.parsed(Recipe).final(), Recipe)


def blocking(stream: aiollm.SyncStream) -> None:
    for event in stream.tool_arguments():
        assert_type(event, aiollm.ToolArguments)
    for recipe in stream.parsed(Recipe):
        assert_type(recipe, Recipe)


def hear(event: aiollm.CallStarted | aiollm.CallEnded) -> None: ...


async def send(event: object) -> None: ...


def clients(logger: aiollm.CustomLogger) -> None:
    aiollm.Client(hooks=[hear, send, logger, aiollm.Sink(send)])
    aiollm.Router([], hooks=aiollm.callbacks(success=[print]))
