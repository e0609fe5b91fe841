"""aiollm's `Router` as a system under test of Failover Bench, by the suite's contract of an adapter."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from failoverbench.adapters import Adapter, CallResult

import aiollm

__all__ = ["AiollmRouter"]

KEY = "failoverbench"


class AiollmRouter(Adapter):
    """One router for each primary and its fallback, kept for the whole run, so that it learns as in production.

    Every entry of `params` is an argument of the router, but for two: `provider` is what the wall is called by, and
    `refusals_stand` has nobody stand in for a model whose filter refuses.
    """

    name = "aiollm-router"
    capabilities: ClassVar[dict[str, bool]] = {"fallback": True, "streaming": True}

    def __init__(self, params: dict[str, Any], wall_base: str) -> None:
        super().__init__(params, wall_base)
        self._settings = dict(self.params)
        self._provider = self._settings.pop("provider", "openai")
        self._refusals_stand = self._settings.pop("refusals_stand", False)
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
            lists: dict[str, Any] = {}
            if fallback is not None:
                lists["fallbacks"] = [{primary: [fallback]}]
            if self._refusals_stand:
                lists["content_policy_fallbacks"] = [{primary: []}]
            made = self._routers[primary, fallback] = aiollm.Router(models, **lists, **self._settings)
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
