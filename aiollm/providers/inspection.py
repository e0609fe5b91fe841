"""Questions about providers that need no call, under LiteLLM's names and in its shapes."""

from __future__ import annotations

from typing import TypedDict

from aiollm.exceptions import AuthenticationError
from aiollm.providers.environment import is_option
from aiollm.providers.identity import IDENTITIES
from aiollm.providers.provider import Provider
from aiollm.providers.registry import PROCESS_ENVIRONMENT, find_base_url, find_key, find_provider
from aiollm.types.parameters import OPENAI_PARAMS
from aiollm.types.secret import HiddenText

__all__ = ["EnvironmentReport", "get_llm_provider", "get_supported_openai_params", "validate_environment"]


class EnvironmentReport(TypedDict):
    """Whether a model can be called with what the environment holds, and the variables that would help."""

    keys_in_environment: bool
    missing_keys: list[str]


def get_llm_provider(
    model: str,
    custom_llm_provider: str | None = None,
    api_base: str | None = None,
    api_key: str | None = None,
) -> tuple[str, str, str | None, str | None]:
    """Return the model as sent upstream, its provider, the key and the base URL.

    Args:
        model: "provider/model", or a bare name that a provider claims.
        custom_llm_provider: the provider, over what `model` says.
        api_base: the base URL, over the environment's and the provider's own.
        api_key: the key, over the environment's.

    Returns:
        The key is None when there is none; its repr is `***`. The base URL is None while a local server is not running,
        and where it depends on the credentials.

    Raises:
        BadRequestError: the provider is unknown or cannot be used, or its address is missing.
    """
    key = HiddenText(api_key) if api_key else None
    given = HiddenText(api_base) if api_base else None
    del api_key, api_base
    provider, place = find_provider(model, custom_llm_provider)
    base_url, _ = find_base_url(provider, place, given, PROCESS_ENVIRONMENT.under(dict(place.options)))
    known = str(base_url) if base_url and "{" not in base_url else None
    return place.model, provider.name, key or _key(provider), known


def validate_environment(
    model: str, api_key: str | None = None, api_base: str | None = None, api_version: str | None = None
) -> EnvironmentReport:
    """Tell which environment variables a model wants and does not find.

    Of variables that stand for the same thing the first is named.

    Args:
        model: "provider/model", or a bare name that a provider claims.
        api_key: a key that will be passed to the call, so that none is missing.
        api_base: a base URL that will be passed to the call, so that none is missing.
        api_version: taken for LiteLLM's sake; where a provider's address holds one, there is a default.

    Raises:
        BadRequestError: the provider is unknown or cannot be used.
    """
    has_key, has_base = bool(api_key), bool(api_base)
    del api_key, api_base
    provider, place = find_provider(model)
    wanted: list[tuple[str, ...]] = []
    if not has_key and not provider.key_optional:
        wanted += _wanted_of_caller(provider)
    if not has_base and PROCESS_ENVIRONMENT.first(provider.base_url_env) is None and place.base_url is None:
        wanted += provider.placeholders.values() if provider.base_url else [provider.base_url_env]
    environment = PROCESS_ENVIRONMENT.under(dict(place.options))
    missing = [_variables(names)[0] for names in wanted if _variables(names) and environment.first(names) is None]
    return {"keys_in_environment": not missing, "missing_keys": missing}


def get_supported_openai_params(model: str, custom_llm_provider: str | None = None) -> list[str]:
    """Return the OpenAI parameters that a model's provider takes, sorted.

    What depends on the single model (tools, reasoning_effort...) is listed: the provider itself has the last word.

    Raises:
        BadRequestError: the provider is unknown or cannot be used.
    """
    provider, _ = find_provider(model, custom_llm_provider)
    silent: frozenset[str] = frozenset() if provider.takes_stream_options else frozenset({"stream_options"})
    return sorted({*OPENAI_PARAMS, "stream"} - provider.unsupported - silent)


def _variables(names: tuple[str, ...]) -> list[str]:
    """Return the environment variables among names; the others are options of calls."""
    return [name for name in names if not is_option(name)]


def _wanted_of_caller(provider: Provider) -> list[tuple[str, ...]]:
    """Return the variables that say who calls, those that stand for the same together.

    Without a key, a cloud's credentials can also come from files and services that nobody can look into from here.
    """
    if provider.identity is None or PROCESS_ENVIRONMENT.first(provider.key_env) is not None:
        return [provider.key_env + provider.token_env]
    options = IDENTITIES[provider.identity].options
    return [options[name] for name in IDENTITIES[provider.identity].usual]


def _key(provider: Provider) -> HiddenText | None:
    try:
        secret = find_key(provider, PROCESS_ENVIRONMENT, elsewhere=False)
    except AuthenticationError:
        return None
    return secret.reveal() if secret else None
