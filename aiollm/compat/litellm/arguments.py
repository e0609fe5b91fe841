"""The arguments of LiteLLM's functions, and of its settings, as arguments of aiollm's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.compat.litellm.differences import differences
from aiollm.compat.litellm.settings import SETTINGS, Settings
from aiollm.exceptions import APIError, UnsupportedParamsError
from aiollm.providers.registry import find_provider
from aiollm.router_arguments.calls import MOCK_FAILURES
from aiollm.types.timeouts import Timeouts

__all__ = ["own_arguments"]

_OTHER_NAMES = {"request_timeout": "timeout", "litellm_metadata": "metadata", "max_retries": "num_retries"}
_SET_AS_THEY_ARE = (
    "api_version",
    "organization",
    "num_retries",
    "context_window_fallbacks",
    "content_policy_fallbacks",
)


def own_arguments(
    model: str, given: Mapping[str, Any], settings: Settings = SETTINGS, *, of_router: bool = False
) -> tuple[str, dict[str, Any]]:
    """Return the model and the arguments that a call of aiollm has in the place of one of LiteLLM's.

    Args:
        model: the model asked for; an alias of the settings is followed.
        given: LiteLLM's keyword arguments. Those that it does not know either go to the provider.
        settings: the defaults.
        of_router: whether the call is a router's, whose deployments say where they are.

    Raises:
        UnsupportedParamsError: an argument has no counterpart; the message says what to use.
    """
    arguments = {name: value for name, value in given.items() if value is not None}
    for name in list(arguments):
        difference = differences("arguments").get(name)
        if difference is None or difference.kind in ("same", "differs"):
            continue
        if difference.kind == "missing" and arguments[name]:
            raise UnsupportedParamsError(
                f"{name}: LiteLLM has it, aiollm has not: {difference.note}", model=model, param=name, phase="request"
            )
        del arguments[name]
    for name in () if of_router else MOCK_FAILURES:
        if arguments.pop(name, False):
            raise UnsupportedParamsError(f"{name}: calls of a Router have it", model=model, param=name, phase="request")
    for name, usual in _OTHER_NAMES.items():
        if name in arguments:
            arguments.setdefault(usual, arguments.pop(name))
            arguments.pop(name, None)
    model = settings.model_alias_map.get(model, model)
    model = _steered(model, arguments)
    _add_settings(model, arguments, settings, of_router=of_router)
    if "timeout" in arguments:
        arguments["timeout"] = _clocks(arguments["timeout"])
    return model, arguments


def _steered(model: str, arguments: dict[str, Any]) -> str:
    """Turn what only LiteLLM has into what says the same here, and return the model."""
    if deployment := arguments.pop("deployment_id", None):
        model = f"azure/{deployment}"
    if arguments.pop("azure", False) and not model.startswith("azure/"):
        arguments["custom_llm_provider"] = "azure"
    longer = arguments.pop("context_window_fallback_dict", None)
    if longer and model in longer:
        arguments["context_window_fallbacks"] = [longer[model]]
    if arguments.pop("complete_response", False):
        arguments.pop("stream", None)
        arguments.pop("stream_options", None)
    if headers := arguments.pop("headers", None):
        arguments["extra_headers"] = {**headers, **arguments.get("extra_headers", {})}
    return model


def _add_settings(model: str, arguments: dict[str, Any], settings: Settings, *, of_router: bool) -> None:
    """Add what the settings say, and the call does not."""
    if settings.drop_params:
        arguments.setdefault("drop_params", True)
    if settings.headers:
        arguments["extra_headers"] = {**settings.headers, **arguments.get("extra_headers", {})}
    if settings.request_timeout is not None:
        arguments.setdefault("timeout", settings.request_timeout)
    if of_router:
        return
    for name in _SET_AS_THEY_ARE:
        if (value := getattr(settings, name)) is not None:
            arguments.setdefault(name, value)
    if fallbacks := settings.fallbacks or settings.default_fallbacks:
        arguments.setdefault("fallbacks", fallbacks)
    if settings.api_base is not None and "base_url" not in arguments:
        arguments.setdefault("api_base", settings.api_base)
    if "api_key" not in arguments and (key := _key(model, arguments, settings)):
        arguments["api_key"] = key


def _key(model: str, arguments: Mapping[str, Any], settings: Settings) -> str | None:
    if not settings.keys:
        return settings.api_key
    try:
        provider, _ = find_provider(model, arguments.get("custom_llm_provider"))
    except APIError:  # the call itself says it better
        return None
    return settings.keys.get(provider.name, settings.api_key)


def _clocks(timeout: Any) -> Any:
    """Return a timeout as aiollm takes it: LiteLLM's may be a text, or an object of httpx with connect and read."""
    if isinstance(timeout, str):
        return float(timeout)
    if not isinstance(timeout, Timeouts) and hasattr(timeout, "connect") and hasattr(timeout, "read"):
        return Timeouts(connect=timeout.connect, first_token=timeout.read, idle=timeout.read)
    return timeout
