"""Deployments from the entries of a `model_list`, in LiteLLM's shape."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from hashlib import sha256
from itertools import count
from typing import Any

import msgspec
from msgspec.structs import replace

from aiollm.api import acompletion, request_parts, target_of
from aiollm.arguments import checked_key, hidden, is_listing
from aiollm.exceptions import BadRequestError
from aiollm.pricing.entry import Entry
from aiollm.providers.identity import IDENTITY_OPTIONS, hidden_options
from aiollm.providers.model_info import known_model
from aiollm.providers.provider import Target
from aiollm.providers.registry import PROCESS_ENVIRONMENT, Api, find_provider
from aiollm.router.deployment import NO_DEFAULTS, Deployment
from aiollm.types.parameters import OPENAI_PARAMS
from aiollm.types.request import Request
from aiollm.types.secret import HiddenText, Secret
from aiollm.types.shape import EMPTY, JSON, is_mapping

__all__ = ["DeploymentDefaults", "hidden_entries", "read_deployment", "read_model_list"]

_OF_ENVIRONMENT = "os.environ/"

_ADDRESS = (
    "api_base",
    "base_url",
    "api_key",
    "api_version",
    "azure_ad_token",
    "azure_ad_token_provider",
    "organization",
    "custom_llm_provider",
    "mock_response",
)
_SECRET = ("api_key", "azure_ad_token")
_MAY_BE_SECRET = frozenset({*_SECRET, "azure_ad_token_provider", "extra_headers", "extra_body"})

_COUNTS = ("rpm", "tpm", "max_parallel_requests", "order", "num_retries", "max_retries", "max_input_tokens")
_NUMBERS = (
    "weight",
    "timeout",
    "stream_timeout",
    "cooldown_time",
)
_PRICES = (
    "input_cost_per_token",
    "output_cost_per_token",
    "cache_read_input_token_cost",
    "cache_creation_input_token_cost",
)
_ABOVE_ZERO = frozenset({"rpm", "tpm", "max_parallel_requests", "timeout", "stream_timeout", "max_input_tokens"})

_UNSUPPORTED = {
    "max_budget": "a deployment has no budget of its own here",
    "budget_duration": "a deployment has no budget of its own here",
    "litellm_credential_name": "write the key into the entry, or `os.environ/NAME`",
    "keepalive_seconds": "streams need none: `idle` counts content only",
    "rpm_limit_type": "limits are exact here",
    "tpm_limit_type": "limits are exact here",
}


class DeploymentDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """What the entries of a list have where they do not say.

    Attributes:
        params: `litellm_params`.
        timeout, stream_timeout: the longest wait in seconds.
        max_parallel_requests: how many requests one may take at once.
    """

    params: Mapping[str, Any] = {}
    timeout: float | None = None
    stream_timeout: float | None = None
    max_parallel_requests: int | None = None


def hidden_entries(entries: Any) -> Any:
    """Return the entries of a list with their secrets hidden: a traceback that captures locals would show them."""
    if not is_listing(entries):
        return entries
    return [_hidden_entry(entry) for entry in entries]


def _hidden_entry(entry: Any) -> Any:
    params = entry.get("litellm_params") if is_mapping(entry) else None
    if not is_mapping(entry) or not is_mapping(params):
        return entry
    hiding = {name: hidden(value) if name in _MAY_BE_SECRET else value for name, value in params.items()}
    return {**entry, "litellm_params": hidden_options(hiding)}


def read_model_list(entries: Any, defaults: DeploymentDefaults, taken: Collection[str] = ()) -> list[Deployment]:
    """Return the deployments of the entries of a list.

    Args:
        entries: the list, its secrets hidden; see `read_deployment`.
        defaults: what an entry has where it does not say.
        taken: ids of other deployments.

    Raises:
        ValueError: an entry is wrong.
    """
    if not is_listing(entries):
        raise ValueError(f"model_list must be a list of dicts; got a {type(entries).__name__}")
    found: dict[str, Deployment] = {}
    for place, entry in enumerate(entries):
        deployment = read_deployment(entry, f"model_list[{place}]", defaults)
        if "id" not in deployment.info:
            # They differ in what is not shown, as in their keys.
            numbers = (f"-{number}" if number > 1 else "" for number in count(1))
            free = next(id for tail in numbers if (id := deployment.id + tail) not in found and id not in taken)
            deployment = replace(deployment, id=free)
        elif deployment.id in found:
            raise ValueError(f"model_list[{place}]: another entry has the id {deployment.id!r}")
        found[deployment.id] = deployment
    return [*found.values()]


def read_deployment(entry: Any, place: str, defaults: DeploymentDefaults) -> Deployment:
    """Return the deployment of an entry.

    Args:
        entry: `{"model_name": ..., "litellm_params": {"model": "provider/model", ...}, "model_info": {...}}`. Values
            `os.environ/NAME` are those of the environment.
        place: where it stands, for messages.
        defaults: what it has where it does not say.

    Raises:
        ValueError: it is not of that shape, or a value is wrong. No message holds a key.
    """
    if not is_mapping(entry) or not isinstance(entry.get("model_name"), str) or not entry["model_name"]:
        raise ValueError(f'{place} must be a dict with a text as "model_name"')
    place = f"{place} ({entry['model_name']!r})"
    given, info = entry.get("litellm_params"), entry.get("model_info") or EMPTY
    if not is_mapping(given) or not is_mapping(info):
        raise ValueError(f'{place} must have a dict as "litellm_params", and one or nothing as "model_info"')
    params = {**defaults.params, **{name: entry[name] for name in ("rpm", "tpm") if name in entry}, **given}
    try:
        return _Reader(_from_environment(params), info, defaults).deployment(entry["model_name"])
    except (BadRequestError, ValueError) as error:
        message = f"{place}: {error}"
    # Raised out here: the frames of the original hold the keys.
    raise ValueError(message)


class _Reader:
    """Reads the parameters of one deployment."""

    def __init__(self, params: dict[str, Any], info: Mapping[str, Any], defaults: DeploymentDefaults) -> None:
        self._rest = {name: value for name, value in params.items() if value is not None}
        self._info = info
        self._defaults = defaults

    def deployment(self, group: str) -> Deployment:
        for name, why in _UNSUPPORTED.items():
            if self._rest.pop(name, None):
                raise ValueError(f"{name} is not supported: {why}")
        model = self._rest.pop("model", None)
        if not isinstance(model, str) or not model:
            raise ValueError('"litellm_params" must have a text like "provider/model" as "model"')
        shown = {name: value for name, value in self._rest.items() if _is_plain(name, value)}
        numbers = {name: self._number(name) for name in (*_COUNTS, *_NUMBERS)}
        prices = {name: price for name in _PRICES if (price := self._number(name)) is not None}
        tags = self._rest.pop("tags", None) or ()
        if isinstance(tags, str) or not all(isinstance(tag, str) for tag in tags):
            raise ValueError(f"tags must be a list of texts; got {tags!r}")
        address = self._address()
        known: Entry | None = None
        if "*" not in model:
            find_provider(model, address["custom_llm_provider"])
            known = _known(model, address["custom_llm_provider"], self._info)
        return Deployment(
            id=str(self._info.get("id") or _id(group, model, shown)),
            group=group,
            model=model,
            place=_placing(address),
            defaults=self._request(address["mock_response"]),
            tags=frozenset(tags),
            params=shown,
            info=self._info,
            prices=_own_prices(prices, known) or (known if "base_model" in self._info else None),
            **self._facts(numbers),
            **_facts_of_the_model({**numbers, **prices}, known),
        )

    def _facts(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the numbers of a deployment, with the defaults in the place of those that are not given."""
        own = self._defaults
        retries, also = given.pop("num_retries"), given.pop("max_retries")
        fallbacks = {
            "weight": 1.0,
            "timeout": own.timeout,
            "stream_timeout": own.stream_timeout,
            "max_parallel_requests": own.max_parallel_requests,
            "num_retries": also,
        }
        found = {**given, "num_retries": retries}
        del found["max_input_tokens"]  # of the model
        return {name: fallbacks.get(name) if value is None else value for name, value in found.items()}

    def _number(self, name: str) -> Any:
        value = self._rest.pop(name, None)
        if value is None:
            value = self._info.get(name)
        if isinstance(value, str):
            value = _as_number(value)
        whole, above = name in _COUNTS, name in _ABOVE_ZERO
        if value is None or (
            isinstance(value, int if whole else int | float)
            and not isinstance(value, bool)
            and (value > 0 if above else value >= 0)
        ):
            return value
        kind = "a whole number" if whole else "a number"
        raise ValueError(f"{name} must be {kind} {'above' if above else 'from'} 0; got {value!r}")

    def _address(self) -> dict[str, Any]:
        address: dict[str, Any] = {name: self._rest.pop(name, None) for name in _ADDRESS}
        for name in _SECRET:
            address[name] = checked_key(address[name], name)
        return address | {
            "provider_params": {name: self._rest.pop(name) for name in [*self._rest] if name in IDENTITY_OPTIONS}
        }

    def _request(self, mock_response: Any) -> Request:
        known: Mapping[str, Any] = acompletion.__kwdefaults__  # type: ignore[attr-defined]
        given = {**known, **{name: value for name, value in self._rest.items() if name in known}}
        given["provider_params"] = {name: value for name, value in self._rest.items() if name not in known}
        parts = request_parts(given, OPENAI_PARAMS)
        defaults = Request(model="", messages=(), mock_response=mock_response, **parts)
        return NO_DEFAULTS if defaults == NO_DEFAULTS else defaults


def _is_plain(name: str, value: Any) -> bool:
    """Whether a parameter may be shown: it is no key, and none can be in it."""
    return name not in _MAY_BE_SECRET and not isinstance(value, HiddenText | Secret)


def _known(model: str, provider: str | None, info: Mapping[str, Any]) -> Entry | None:
    """Return what the table of models knows of a deployment's model, or of the base model that the entry names."""
    base = info.get("base_model")
    found = known_model(str(base)) if base else known_model(model, provider)
    return None if found is None else found[1]


def _own_prices(prices: Mapping[str, float], known: Entry | None) -> Entry | None:
    """Return the prices that an entry gives; one that gives only some of them has the table's others."""
    if not prices:
        return None
    whole = {"input_cost_per_token", "output_cost_per_token"} <= prices.keys()
    return {"mode": "chat", **(known or {} if not whole else {}), **prices}


def _facts_of_the_model(given: Mapping[str, Any], known: Entry | None) -> dict[str, Any]:
    """Return what a deployment's model takes and costs: by the entry, or else by the table of models."""
    names = ("max_input_tokens", "input_cost_per_token", "output_cost_per_token")
    return {name: (known or {}).get(name) if given.get(name) is None else given[name] for name in names}


def _placing(address: Mapping[str, Any]) -> Callable[[str, Api], Target]:
    @lru_cache(maxsize=64)
    def lasting(model: str, api: Api) -> Target:
        return target_of({**address, "model": model}, api)

    def place(model: str, api: Api) -> Target:
        target = lasting(model, api)
        if target.provider.identity is None:
            return target
        return target_of({**address, "model": model}, api)  # what signs requests may have changed in the environment

    return place


def _from_environment(value: JSON) -> Any:
    """Return a value with the texts `os.environ/NAME` in it replaced.

    Raises:
        ValueError: a variable is not set.
    """
    if isinstance(value, Mapping):
        return {name: _from_environment(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_from_environment(item) for item in value]
    if not isinstance(value, str) or not value.startswith(_OF_ENVIRONMENT):
        return value
    variable = value.removeprefix(_OF_ENVIRONMENT)
    found = PROCESS_ENVIRONMENT.get(variable)
    if found is None:
        raise ValueError(f"the environment variable {variable} is not set")
    return found


def _as_number(text: str) -> int | float | str:
    """Return the number that a text says, as those of the environment are texts; or else the text."""
    try:
        return int(text) if text.strip().isdecimal() else float(text)
    except ValueError:
        return text


def _id(group: str, model: str, params: Mapping[str, Any]) -> str:
    """Return an id that stays the same as long as the entry does, but for its keys."""
    text = msgspec.json.encode([group, sorted(params.items())], enc_hook=repr, order="deterministic")
    return f"{model}-{sha256(text).hexdigest()[:8]}"
