"""LiteLLM's function and router."""

import litellm  # type: ignore[import-not-found]

from benchmarks.policies.clients import GROUP, RETRIES, SECONDS, Client, direct, model_list


def _function(base_url: str) -> Client:
    return Client(litellm.acompletion, {**direct(base_url), "max_retries": 0})


def _router(base_url: str) -> Client:
    router = litellm.Router(model_list=model_list(base_url), num_retries=RETRIES, timeout=SECONDS)
    return Client(router.acompletion, {"model": GROUP})


CLIENTS = {"litellm": _function, "litellm_router": _router}
