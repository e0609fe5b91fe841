"""Which provider a model's name means, and what a call to it needs: the one place that reads the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Literal
from urllib.parse import parse_qs

from aiollm.exceptions import AuthenticationError, BadRequestError
from aiollm.providers.catalog import read_catalog
from aiollm.providers.embedding import embedding_place, embedding_row
from aiollm.providers.endpoints import build_endpoint, fill_placeholders, given_base_fault
from aiollm.providers.environment import Environment, is_option
from aiollm.providers.identity import IDENTITIES, Identity
from aiollm.providers.model_rules import Placement
from aiollm.providers.provider import Provider, Target
from aiollm.providers.responses import responses_row
from aiollm.types.endpoint import Endpoint
from aiollm.types.nearest import nearest
from aiollm.types.secret import HiddenText, Secret

__all__ = [
    "PROCESS_ENVIRONMENT",
    "Api",
    "find_base_url",
    "find_key",
    "find_provider",
    "providers",
    "register",
    "resolve",
    "set_variables",
]

PROCESS_ENVIRONMENT = Environment(os.environ)
"""The environment of this process, as it is at each reading."""


Api = Literal["chat", "responses", "embeddings"]
"""What a call wants of a provider."""

_Values = tuple[tuple[str, str], ...]
_ANY_SERVER = 'any OpenAI-compatible server: model="openai/<model>" with api_base="https://..."'


def set_variables(variables: Mapping[str, str]) -> None:
    """Set environment variables of this process, before calls that look for their keys there."""
    os.environ.update(variables)


def providers() -> Mapping[str, Provider]:
    """Return every known provider by name: a live view, the catalogue's rows first."""
    return MappingProxyType(_rows())


def register(provider: Provider) -> None:
    """Add a provider, or put another row in the place of the one of that name.

    `msgspec.structs.replace(providers()["groq"], base_url=...)` makes a changed copy of a row.
    """
    _rows()  # of threads that ask first at the same time each reads the file; from the second time on all share one
    _rows()[provider.name] = provider
    find_provider.cache_clear()
    _endpoint.cache_clear()


def resolve(
    model: str,
    *,
    custom_llm_provider: str | None = None,
    api_key: Secret | None = None,
    base_url: str | None = None,
    organization: str | None = None,
    options: Mapping[str, Any] = {},
    api_version: str | None = None,
    token: Secret | None = None,
    token_source: Callable[[], Any] | None = None,
    api: Api = "chat",
    environ: Mapping[str, str] = os.environ,
) -> Target:
    """Find out where a call goes. No I/O, but for the catalogue's file on the first call of the process.

    Args:
        model: "provider/model"; only the first segment names the provider. Some models need no prefix (`gpt-4o`).
        custom_llm_provider: the provider, over what `model` says.
        api_key: the key, over the environment's.
        base_url: where the server is, over the environment's and the row's; it may end in the chat path.
        organization: the account's organization, where the provider has a header for it; else it is left out.
        options: what the call says of who calls and from where, over the environment; others are not looked at.
        api_version: the version of the API, over the environment's, where the provider's address holds one.
        token: a token of the account's directory in the place of a key, where the provider takes one.
        token_source: gives such a token when the call goes out.
        api: which API is meant.
        environ: environment variables; a blank one counts as unset.

    Returns:
        The target, with the model's name as sent upstream.

    Raises:
        BadRequestError: the model or the provider is unknown or cannot be used, or an address is missing or wrong.
        AuthenticationError: the key is missing, or cannot be sent in a header. No message holds a value.
    """
    environment = Environment(environ)
    given = HiddenText(base_url) if base_url else None
    # A traceback that captures locals would show both.
    del environ, base_url
    provider, place = find_provider(model, custom_llm_provider)
    if api == "responses":
        provider = responses_row(provider)
    elif api == "embeddings":
        provider, place = embedding_row(provider), embedding_place(place)
    asked = _asked(provider, place, options)
    if asked:
        environment = environment.under(asked)
    base, source = find_base_url(provider, place, given, environment)
    headers = _header_values(provider, organization, environment)
    members = _body_members(provider, environment)
    version, base = _version(provider, api_version, base, environment)
    endpoint = _endpoint(provider, place, base, source, headers, members, version)
    token = _token(provider, token, token_source, api_key, environment)
    if token or token_source:
        return Target(provider, place.model, endpoint, token, bearer=True, token_source=token_source)
    named = provider.identity is not None and not IDENTITIES[provider.identity].caller.isdisjoint(asked)
    secret = api_key or (None if named else find_key(provider, environment, elsewhere=source is not None))
    known = {} if provider.identity is None else _known(IDENTITIES[provider.identity], asked, environment)
    return Target(provider, place.model, endpoint, secret, known)


@lru_cache(maxsize=4096)
def find_provider(model: str, custom_llm_provider: str | None = None) -> tuple[Provider, Placement]:
    """Return the row that a model's name means, and what the row makes of the name.

    Raises:
        BadRequestError: the provider is unknown, or cannot be used, or the name is none of its models'.
    """
    if custom_llm_provider:
        provider, name = _named(custom_llm_provider, model), model.removeprefix(f"{custom_llm_provider}/")
    else:
        provider, name = _by_prefix(model)
    if provider.refused:
        raise BadRequestError(
            f"{provider.name}: {provider.refused}", model=name, llm_provider=provider.name, param="model"
        )
    if not name.strip():
        raise BadRequestError(
            f'model={_shown(model)} names a provider but no model: write "{provider.name}/<model>"',
            llm_provider=provider.name,
            param="model",
        )
    provider = provider.for_model(name)
    try:
        place = provider.model_rule(name) if provider.model_rule else Placement(name)
        return responses_row(provider) if place.dialect == "responses" else provider, place
    except ValueError as error:
        raise BadRequestError(
            f"{provider.name} has no model {_shown(name)}: {error}", llm_provider=provider.name, param="model"
        ) from error


def find_base_url(
    provider: Provider, place: Placement, base_url: HiddenText | None, environment: Environment
) -> tuple[HiddenText, str | None]:
    """Return the base URL and the name of what gave it: "api_base", an environment variable, or None for the row.

    Raises:
        BadRequestError: nothing gives one, or a `{part}` of the row's is missing.
    """
    if base_url is not None:
        return base_url, "api_base"
    found = environment.first(provider.base_url_env)
    if found is not None:
        return found[1], found[0]
    if place.base_url is not None:
        return HiddenText(place.base_url), None
    if provider.base_url is None and provider.serve is None:
        named = " or ".join(provider.base_url_env)
        ways = f"set {named}, or pass api_base=" if named else "pass api_base="
        raise BadRequestError(
            f"{provider.name} has no address of its own: {ways}", llm_provider=provider.name, param="api_base"
        )
    if not provider.placeholders:
        return HiddenText(provider.base_url or ""), None
    values = {
        part: found[1].strip() if (found := environment.first(variables)) else None
        for part, variables in provider.placeholders.items()
    }
    return HiddenText(fill_placeholders(provider, values)), None


def find_key(provider: Provider, environment: Environment, *, elsewhere: bool) -> Secret | None:
    """Return the provider's key from the environment; None when there is none and none is needed.

    Raises:
        AuthenticationError: the key is missing, or cannot be sent in a header.
    """
    secret = _credential(provider, provider.key_env, environment)
    if secret is not None or provider.key_optional or provider.identity is not None:
        return secret
    ways = f"set {' or '.join(provider.key_env)}, or pass api_key=" if provider.key_env else "pass api_key="
    if provider.token_env:
        ways += f"; or for a token set {provider.token_env[0]}, or pass azure_ad_token= or azure_ad_token_provider="
    hint = 'for a server that asks for no key, pass any word, as in api_key="none"' if elsewhere else None
    raise AuthenticationError(
        f"{provider.name} has no API key: {ways}",
        llm_provider=provider.name,
        hint=hint,
    )


def _credential(provider: Provider, variables: tuple[str, ...], environment: Environment) -> Secret | None:
    """Return what the first of the variables holds; None when none is set."""
    found = environment.first(variables)
    if found is None:
        return None
    variable, value = found
    secret = _secret(value)
    if isinstance(secret, Secret):
        return secret
    raise AuthenticationError(f"{provider.name}: the key in {variable} {secret}", llm_provider=provider.name)


def _token(
    provider: Provider,
    token: Secret | None,
    token_source: Callable[[], Any] | None,
    api_key: Secret | None,
    environment: Environment,
) -> Secret | None:
    """Return the token of the call; or that in the environment, where there is no key."""
    if (token or token_source) and not provider.token_env:
        raise BadRequestError(
            f"{provider.name} takes no azure_ad_token: pass api_key=",
            llm_provider=provider.name,
            param="azure_ad_token",
        )
    if token or token_source or api_key or environment.first(provider.key_env):
        return token
    return _credential(provider, provider.token_env, environment)


def _asked(provider: Provider, place: Placement, options: Mapping[str, Any]) -> dict[str, HiddenText]:
    """Return the options that mean something to the provider, as the call gives them, or the model's name."""
    known = _options_of(provider)
    if not known:
        return {}
    found = {name: value for name, value in options.items() if name in known and value is not None}
    for name, value in found.items():
        if not isinstance(value, str) or not value.strip().isprintable():
            raise BadRequestError(
                f"{provider.name}: {name} must be text on one line", llm_provider=provider.name, param=name
            )
    return {name: HiddenText(value) for name, value in (*place.options, *found.items()) if value}


@lru_cache(maxsize=4096)
def _options_of(provider: Provider) -> frozenset[str]:
    """Return the names of the options that mean something to a provider."""
    parts = frozenset(name for names in provider.placeholders.values() for name in names if is_option(name))
    return parts if provider.identity is None else parts.union(IDENTITIES[provider.identity].options)


def _known(identity: Identity, asked: Mapping[str, HiddenText], environment: Environment) -> dict[str, HiddenText]:
    """Return the options of an identity that the call or the environment gives."""
    closed: frozenset[str] = frozenset() if identity.together.isdisjoint(asked) else identity.together
    found = {
        name: environment.first((name,) if name in closed else (name, *variables))
        for name, variables in identity.options.items()
    }
    return {name: HiddenText(given[1].strip()) for name, given in found.items() if given is not None}


@lru_cache(maxsize=1)
def _rows() -> dict[str, Provider]:
    return read_catalog()


@lru_cache(maxsize=256)
def _secret(value: HiddenText) -> Secret | str:
    """Return the secret, or what is wrong with it: an exception would carry the value in its frames."""
    try:
        return Secret(value)
    except ValueError as error:
        return str(error)


@lru_cache(maxsize=4096)
def _endpoint(
    provider: Provider,
    place: Placement,
    base_url: HiddenText,
    source: str | None,
    header_values: _Values,
    members: _Values,
    api_version: str | None,
) -> Endpoint:
    fault = given_base_fault(base_url) if source else None
    if fault:
        name = "api_base (base_url)" if source == "api_base" else source
        raise BadRequestError(f"{provider.name}: {name} {fault}", llm_provider=provider.name, param=source)
    headers = {**provider.headers, **dict(header_values)}
    return build_endpoint(
        provider, place, str(base_url), headers, dict(members), given=source is not None, api_version=api_version
    )


def _body_members(provider: Provider, environment: Environment) -> _Values:
    """Return the members of the body that have a value in the environment."""
    if not provider.body_env:
        return ()
    found = {member: environment.first(variables) for member, variables in provider.body_env.items()}
    return tuple((member, given[1].strip()) for member, given in found.items() if given is not None)


def _version(
    provider: Provider, api_version: str | None, base_url: HiddenText, environment: Environment
) -> tuple[str | None, HiddenText]:
    """Return the version of the API, and the base URL without it: as copied from a console it may hold one."""
    if provider.url_rule is None:
        return None, base_url
    inside, base_url = _version_inside(base_url)
    version = api_version or inside
    if not version:
        found = environment.first(provider.api_version_env)
        version = str(found[1]).strip() if found else None
    if version and not re.fullmatch(r"[A-Za-z0-9._-]+", version):
        raise BadRequestError(
            f"{provider.name}: the API version must be letters, digits, '-', '_' and '.', as in 2025-02-01-preview",
            llm_provider=provider.name,
            param="api_version",
        )
    return version, base_url


def _version_inside(base_url: HiddenText) -> tuple[str | None, HiddenText]:
    """Take the version out of a base URL whose query is nothing else."""
    bare, _, query = base_url.partition("?")
    version = parse_qs(query).get("api-version")
    return (version[0], HiddenText(bare)) if version and query.count("=") == 1 else (None, base_url)


def _header_values(provider: Provider, organization: str | None, environment: Environment) -> _Values:
    """Return the headers that have a value in the environment or in the call, checked."""
    found: dict[str, tuple[str, str | None]] = {
        header: (variable, environment.get(variable)) for header, variable in provider.header_env.items()
    }
    if organization and provider.organization_header:
        found[provider.organization_header] = ("organization", organization)
    values: list[tuple[str, str]] = []
    for header, (source, value) in found.items():
        if value is None:
            continue
        if not (value.isascii() and value.strip().isprintable()):
            raise BadRequestError(
                f"{provider.name}: {source} has characters that the header {header} cannot carry",
                llm_provider=provider.name,
                param=source,
            )
        values.append((header, value.strip()))
    return tuple(values)


def _by_prefix(model: str) -> tuple[Provider, str]:
    """Read "provider/model", or a bare name that a row claims."""
    prefix, slash, name = model.partition("/")
    if slash:
        return _named(prefix, model), name
    for provider in _rows().values():
        if any(fnmatchcase(model, pattern) for pattern in provider.bare):
            return provider, model
    raise BadRequestError(
        f'model={_shown(model)} names no provider: write "<provider>/<model>"{_near(model)}. For {_ANY_SERVER}',
        param="model",
    )


def _named(name: str, model: str) -> Provider:
    provider = _rows().get(name)
    if provider is None:
        raise BadRequestError(
            f"unknown provider {_shown(name)} in model={_shown(model)}{_near(name)}. For {_ANY_SERVER}", param="model"
        )
    return provider


def _near(name: str) -> str:
    near = nearest(name.lower(), _rows(), n=3, cutoff=0.6)
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
