"""From a provider's row, a base URL and header values to an `Endpoint`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import SplitResult, quote, urlsplit

from aiollm.exceptions import BadRequestError
from aiollm.providers.environment import is_option
from aiollm.providers.model_rules import Placement
from aiollm.providers.provider import Provider
from aiollm.providers.quirks import ROLE_QUIRKS
from aiollm.providers.urls import OPENAI_PATHS
from aiollm.types.endpoint import Endpoint

__all__ = ["build_endpoint", "fill_placeholders", "given_base_fault"]


def build_endpoint(
    provider: Provider,
    place: Placement,
    base_url: str,
    headers: Mapping[str, str],
    members: Mapping[str, str] = {},
    *,
    given: bool,
    api_version: str | None = None,
) -> Endpoint:
    """Return the endpoint of a provider at a base URL that was checked.

    Args:
        provider: the row.
        place: what the model's name came to.
        base_url: an absolute URL, with or without the path of the chat endpoint at its end; "" for a server that
            does not run yet.
        headers: header name -> value.
        members: member of the body -> value.
        given: whether somebody gave the base URL, so that it may be at another host than the row's own.
        api_version: the version of the API, where the row's `url_rule` knows one.
    """
    at_home = not given or _at_home(provider, base_url)
    path = place.path or (provider.path if at_home else provider.path_elsewhere or provider.path)
    stream_path = place.stream_path if place.path else provider.stream_path
    role = ROLE_QUIRKS[provider.developer_role]
    return Endpoint(
        provider=provider.name,
        url=(
            provider.url_rule(base_url, place.model, path, api_version)
            if provider.url_rule and path.endswith(OPENAI_PATHS)
            else _join(base_url, path, place.model)
        ),
        stream_url=_join(base_url, stream_path, place.model) if stream_path else "",
        headers=dict(headers),
        members=dict(members),
        renames=provider.renames,
        unsupported=provider.unsupported,
        quirks=(*((role,) if role else ()), *provider.quirks, *place.quirks),
        takes_stream_options=provider.takes_stream_options,
        asks_usage=provider.asks_usage and (at_home or provider.key_optional),
    )


def given_base_fault(base_url: str) -> str | None:
    """Say what is wrong with a base URL that somebody gave, without quoting it: it may hold a password."""
    if " " in base_url or not base_url.isprintable():
        return "has a space or a control character in it"
    try:
        parts = urlsplit(base_url)
        port_is_valid = parts.port != 0
    except ValueError:
        return "is not a valid URL"
    return _parts_fault(parts) or (None if port_is_valid else "has port 0")


def _parts_fault(parts: SplitResult) -> str | None:
    if "@" in parts.netloc:
        return "has a user name or password in it; pass the key as api_key, or a header in extra_headers"
    if parts.scheme not in ("http", "https"):
        return "has no scheme: it must begin with http:// or https://"
    if not parts.hostname:
        return "has no host"
    if parts.query or parts.fragment:
        return "has a query or a fragment; the chat path is put after it, so it must end in a path"
    return None


def fill_placeholders(provider: Provider, values: Mapping[str, str | None]) -> str:
    """Return the row's base URL with its `{parts}` filled in.

    Raises:
        BadRequestError: a part is missing, or is not a plain word.
    """
    base_url = provider.base_url or ""
    for part, variables in provider.placeholders.items():
        value = values.get(part)
        named = " or ".join(variables)
        if value is None:
            ways = [f"pass {name}=" for name in variables if is_option(name)]
            ways.append(f"set {' or '.join(name for name in variables if not is_option(name))}")
            raise BadRequestError(
                f"{provider.name}: the address {provider.base_url} needs {{{part}}}: {', or '.join(ways)}, or pass "
                "api_base=",
                llm_provider=provider.name,
                param="api_base",
            )
        # The value goes into a host name or a path: anything but a word could lead elsewhere.
        if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?", value):
            raise BadRequestError(
                f"{provider.name}: {named} must be letters, digits, '-', '_' and '.', to stand for {{{part}}} in "
                f"{provider.base_url}",
                llm_provider=provider.name,
                param="api_base",
            )
        base_url = base_url.replace(f"{{{part}}}", value)
    return base_url


def _at_home(provider: Provider, base_url: str) -> bool:
    """Tell whether a base URL is at the row's own host, or below it (`eu.api.openai.com`)."""
    host, own = urlsplit(base_url).hostname, urlsplit(provider.base_url or "").hostname
    return bool(host and own) and (host == own or f".{host}".endswith(f".{own}"))


def _join(base_url: str, path: str, model: str) -> str:
    """Put a path after a base URL that may already hold all of it, or its beginning; "" after none."""
    if not base_url:
        return ""
    path = path.replace("{model}", quote(model, safe="@")).replace("{+model}", quote(model, safe="@/"))
    whole = path.rstrip("/")
    end = next((end for end in OPENAI_PATHS if whole.endswith(end)), whole[whole.rindex("/") :])
    base_url = base_url.rstrip("/")
    for other in OPENAI_PATHS:  # of a base URL that was copied from the other API
        base_url = base_url if other == end else base_url.removesuffix(other)
    held = urlsplit(base_url).path
    if held.endswith(end):
        return base_url + path.removeprefix(whole)
    segments = whole.removesuffix(end).split("/")[1:]
    for count in range(len(segments), 0, -1):
        beginning = "/" + "/".join(segments[:count])
        if held.endswith(beginning):
            return base_url.removesuffix(beginning) + path
    return base_url + path
