"""The arguments of a call that say what to do when it fails, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from aiollm.arguments import checked_count, checked_text, faulty, is_listing
from aiollm.cache.control import CacheControl
from aiollm.engine.call import Call
from aiollm.engine.options import NO_OPTIONS, Alternative, CallOptions, Fallbacks, MidStream
from aiollm.exceptions import APIError
from aiollm.providers.registry import find_provider
from aiollm.types.shape import is_mapping

__all__ = ["POLICY_ARGUMENTS", "call_options"]

_LISTS = {
    "default": "fallbacks",
    "context_window": "context_window_fallbacks",
    "content_policy": "content_policy_fallbacks",
}

POLICY_ARGUMENTS = (
    "num_retries",
    "max_retries",
    "priority",
    "fairness_key",
    *_LISTS.values(),
    "cache",
    "caching",
)

_ADDRESS = frozenset({"api_base", "base_url"})

# What belongs to the place that is asked first: another one must never get its key.
_OF_THE_PROVIDER = (
    "api_base",
    "base_url",
    "api_key",
    "api_version",
    "azure_ad_token",
    "azure_ad_token_provider",
    "organization",
    "custom_llm_provider",
    "extra_headers",
)

_ARGUMENTS = (*POLICY_ARGUMENTS, "mid_stream")  # which embeddings and responses do not have
_NOTHING_SAID = [None] * len(_ARGUMENTS)

Build = Callable[[dict[str, Any]], Call]


def call_options(given: Mapping[str, Any], build: Build) -> CallOptions:
    """Return what the arguments of a call say about policy.

    Args:
        given: all arguments of the call, by name.
        build: makes the call of such arguments, for the fallbacks.

    Raises:
        BadRequestError: an argument is wrong, or a fallback cannot be called.
    """
    if [*map(given.get, _ARGUMENTS)] == _NOTHING_SAID:
        return NO_OPTIONS
    retries = checked_count("num_retries", given["num_retries"])
    if retries is None:
        retries = checked_count("max_retries", given["max_retries"])
    lists = {name: given[argument] for name, argument in _LISTS.items() if given.get(argument)}
    found = {name: _alternatives(_LISTS[name], listed, given, build) for name, listed in lists.items()}
    return CallOptions(
        retries=retries,
        fallbacks=Fallbacks(**found) if found else None,
        priority=checked_count("priority", given["priority"]),
        fairness_key=checked_text("fairness_key", given["fairness_key"]),
        mid_stream=_mid_stream(given.get("mid_stream")),
        cache=CacheControl.of(given["cache"], given["caching"]),
    )


def _mid_stream(value: Any) -> MidStream | None:
    if value is not None and value not in get_args(MidStream):
        raise faulty("mid_stream", f"one of {', '.join(map(repr, get_args(MidStream)))}", value)
    return value  # type: ignore[no-any-return]


def _alternatives(argument: str, listed: Any, given: Mapping[str, Any], build: Build) -> tuple[Alternative, ...]:
    if not is_listing(listed):
        raise faulty(argument, "a list of models, or of dicts of arguments", listed)
    calls = [_built(f"{argument}[{place}]", other, given, build) for place, other in enumerate(listed)]
    return tuple(Alternative(call.request, call.target, call.group) for call in calls)


def _built(place: str, other: Any, given: Mapping[str, Any], build: Build) -> Call:
    """Return the call to a fallback: a model's name, or a dict of the arguments that are others."""
    changes = {"model": other} if isinstance(other, str) else other
    if not is_mapping(changes) or not isinstance(changes.get("model", given["model"]), str):
        raise faulty(place, 'a model, or a dict such as {"model": ..., "api_key": ...}', other)
    try:
        return build(_merged(changes, given))
    except APIError as error:
        error.message = f"{place} ({changes.get('model', given['model'])!r:.80}): {error.message}"
        raise


def _merged(changes: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(given)
    if not _same_place(changes, given):
        merged.update(dict.fromkeys(_OF_THE_PROVIDER))
    merged.update({name: value for name, value in changes.items() if name in given})
    further = {name: value for name, value in changes.items() if name not in given}
    merged["provider_params"] = {**given["provider_params"], **further}
    return merged


def _same_place(changes: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    if not _ADDRESS.isdisjoint(changes):
        return False
    named = None if "model" in changes else given["custom_llm_provider"]
    asked, _ = find_provider(changes.get("model", given["model"]), changes.get("custom_llm_provider", named))
    first, _ = find_provider(given["model"], given["custom_llm_provider"])
    return asked.name == first.name
