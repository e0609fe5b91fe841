"""aiollm's `Router` as a system under test of Failover Bench, by the suite's contract of an adapter."""

from __future__ import annotations

import time
from typing import Any

from failoverbench.adapters import Adapter, CallResult

import aiollm

__all__ = ["AiollmRouter"]

KEY = "failoverbench"


class AiollmRouter(Adapter):
    """One router for each primary and its fallback, kept for the whole run, so that it learns as in production.

    Every entry of `params` is an argument of the router, but for `provider`: the name the wall is called by.
    """

    name = "aiollm-router"
    capabilities = {"fallback": True, "streaming": True}

    async def start(self) -> None:
        self._settings = dict(self.params)
        self._provider = self._settings.pop("provider", "openai")
        self._routers: dict[tuple[str, str | None], aiollm.Router] = {}

    async def complete(
        self, primary: str, fallback: str | None, stream: bool, messages: list[dict[str, Any]], deadline_s: float
    ) -> CallResult:
        router = self._router(primary, fallback)
        return await (_streamed if stream else _whole)(router, primary, messages)

    def _router(self, primary: str, fallback: str | None) -> aiollm.Router:
        made = self._routers.get((primary, fallback))
        if made is None:
            models = [self._deployment(name) for name in (primary, fallback) if name is not None]
            fallbacks = [{primary: [fallback]}] if fallback is not None else []
            made = self._routers[primary, fallback] = aiollm.Router(models, fallbacks=fallbacks, **self._settings)
        return made

    def _deployment(self, name: str) -> dict[str, Any]:
        place = {"model": f"{self._provider}/{name}", "api_base": f"{self.wall_base}/v1", "api_key": KEY}
        return {"model_name": name, "litellm_params": place}


async def _streamed(router: aiollm.Router, model: str, messages: list[dict[str, Any]]) -> CallResult:
    begun = time.monotonic()
    result = CallResult(ok=False)
    try:
        stream = await router.acompletion(model, messages, stream=True, stream_options={"include_usage": True})
        async for chunk in stream:
            _take(chunk, result, time.monotonic() - begun)
        result.ok = True
    except aiollm.APIError as error:
        _fail(result, error)
    result.elapsed_s = time.monotonic() - begun
    return result


def _take(chunk: Any, result: CallResult, seconds: float) -> None:
    """Read a chunk as the documentation of `mid_stream` says: after a restart, what came before is void."""
    if chunk.recovery and chunk.recovery.action == "restart":
        result.content = ""
    result.chunks += 1
    result.reported_model = chunk.model
    if chunk.usage:
        result.usage = chunk.usage.to_dict()
    for choice in chunk.choices:
        if choice.delta.content:
            result.content += choice.delta.content
            result.ttft_s = result.ttft_s or seconds


async def _whole(router: aiollm.Router, model: str, messages: list[dict[str, Any]]) -> CallResult:
    begun = time.monotonic()
    result = CallResult(ok=False)
    try:
        response = await router.acompletion(model, messages)
        result.content = response.choices[0].message.content or ""
        result.reported_model = response.model
        result.ok = True
    except aiollm.APIError as error:
        _fail(result, error)
    result.elapsed_s = time.monotonic() - begun
    return result


def _fail(result: CallResult, error: aiollm.APIError) -> None:
    result.status = error.status_code
    result.error_code = error.code
    result.error = f"{type(error).__name__}: {error}"
