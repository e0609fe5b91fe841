"""aiollm's calls, from the engine alone to a router."""

from collections.abc import Callable
from functools import partial
from typing import Any

from aiollm import Budget, Cache, Client, Hedge, Limiter, Retry, Router, Timeouts, acompletion
from aiollm.api import chat_call, complete, target_of
from aiollm.core.call_scope import CallScope
from aiollm.core.runtime import running_loop
from aiollm.engine.call import Call
from aiollm.engine.connect import open_stream
from benchmarks.policies import clients
from benchmarks.policies.clients import AMPLE, GROUP, RETRIES, SECONDS, direct, model_list


class _Engine:
    """`open_stream` on a call whose request and target are those of the first one of its kind."""

    def __init__(self) -> None:
        self._known: dict[Any, Call] = {}

    async def acompletion(self, **options: Any) -> Any:
        stream = options.get("stream")
        known = self._known.get(stream) or self._known.setdefault(stream, _call(options))
        call = Call(known.request, known.target, CallScope(running_loop(), known.scope.timeouts))
        return await complete(open_stream, call)


def _call(options: dict[str, Any]) -> Call:
    given = {**acompletion.__kwdefaults__, **options, "provider_params": {}}  # type: ignore[attr-defined]
    return chat_call(given, target_of)


def _bare(base_url: str) -> clients.Client:
    client = Client()
    client._stack.chat = open_stream
    return _calling(client, base_url)


def _through(policies: Callable[[], dict[str, Any]], base_url: str) -> clients.Client:
    return _calling(Client(**policies()), base_url)


def _calling(client: Client, base_url: str) -> clients.Client:
    return clients.Client(client.acompletion, {**direct(base_url), "timeout": Timeouts(total=SECONDS)})


def _hedge() -> dict[str, Any]:
    return {"hedge": Hedge(after=SECONDS)}


def _limiter() -> dict[str, Any]:
    return {"limiter": Limiter(**AMPLE, concurrency=1_000), "retry": Retry(retries=RETRIES)}


def _budget() -> dict[str, Any]:
    return {"budget": Budget(usd=1e9, tokens=10**15)}


def _cache() -> dict[str, Any]:
    return {"cache": Cache()}


def _single_flight() -> dict[str, Any]:
    return {"single_flight": True}


def _full() -> dict[str, Any]:
    return {**_limiter(), **_hedge(), **_budget(), **_cache(), **_single_flight()}


def _router(base_url: str) -> clients.Client:
    router = Router(model_list=model_list(base_url), num_retries=RETRIES, timeout=SECONDS)
    return clients.Client(router.acompletion, {"model": GROUP})


CLIENTS: dict[str, Callable[[str], clients.Client]] = {
    "engine": lambda base_url: clients.Client(_Engine().acompletion, direct(base_url)),
    "bare": _bare,
    "default": lambda base_url: clients.Client(acompletion, direct(base_url)),
    "limited": partial(_through, _limiter),
    "hedge": partial(_through, _hedge),
    "budget": partial(_through, _budget),
    "cache": partial(_through, _cache),
    "single_flight": partial(_through, _single_flight),
    "full": partial(_through, _full),
    "router": _router,
}
