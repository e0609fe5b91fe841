"""The arguments of a call through a router: its model is a group, and where it goes is not for the caller to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any

import msgspec

from aiollm.api import Find, target_of
from aiollm.arguments import checked_flag, checked_names, faulty, is_listing
from aiollm.engine.call import Call
from aiollm.engine.options import Alternative, Fallbacks
from aiollm.exceptions import APIError, BadRequestError
from aiollm.providers.provider import Target
from aiollm.providers.registry import Api
from aiollm.router.deployment import Deployment, named
from aiollm.router.fleet import Fleet
from aiollm.router_arguments.fallback_lists import FallbackLists, Lists
from aiollm.types.shape import is_mapping
from aiollm.types.timeouts import Timeouts

__all__ = ["MOCK_FAILURES", "RoutedCalls"]

Build = Callable[[dict[str, Any], Find], Call]

_OF_THE_DEPLOYMENT = (
    "api_base",
    "base_url",
    "api_key",
    "api_version",
    "azure_ad_token",
    "azure_ad_token_provider",
    "organization",
    "custom_llm_provider",
)
_FALLBACKS = ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks")

MOCK_FAILURES: Mapping[str, str] = {
    "mock_testing_fallbacks": "litellm.InternalServerError",
    "mock_testing_context_fallbacks": "litellm.ContextWindowExceededError",
    "mock_testing_content_policy_fallbacks": "Exception: content_filter_policy",
}
"""LiteLLM's argument that lets the group itself fail, so that those that stand in for it are asked -> how it fails."""

_PER_ATTEMPT = Timeouts()
"""The clocks of a call without a timeout. It has no `total`: each of its attempts has its own clocks."""


class RoutedCalls:
    """Makes calls to groups.

    Args:
        fleet: the deployments.
        fallbacks: which groups stand in for others.
        priority: of calls that do not say; None for that of a client.
    """

    def __init__(self, fleet: Fleet, fallbacks: FallbackLists, priority: int | None) -> None:
        self._fleet = fleet
        self._fallbacks = fallbacks
        self._priority = priority

    def call(self, build: Build, given: dict[str, Any]) -> Call:
        """Return the call that the arguments of a function of the package mean.

        Raises:
            BadRequestError: an argument is wrong, or there is no group of the name.
        """
        for name in _OF_THE_DEPLOYMENT:
            if given.get(name) is not None:
                raise BadRequestError(
                    f"{name} belongs to the deployments of this router; aiollm.acompletion calls any other place",
                    param=name,
                    phase="request",
                )
        params = dict(given["provider_params"])
        notes = given.get("metadata")
        tags = params.pop("tags", None) or (notes.get("tags") if is_mapping(notes) else None)
        falls_back = not checked_flag("disable_fallbacks", params.pop("disable_fallbacks", None))
        failures = [how for name, how in MOCK_FAILURES.items() if checked_flag(name, params.pop(name, None))]
        lists = {name: given[name] for name in _FALLBACKS if given.get(name)}
        sets_clocks = given.get("timeout") is not None or given.get("stream_timeout") is not None
        given = {**given, **dict.fromkeys(lists), "provider_params": params}
        if given.get("priority") is None:
            given["priority"] = self._priority
        if isinstance(given["model"], str):
            given["model"] = self._fleet.unaliased(given["model"])
        if not sets_clocks:
            given["timeout"] = _PER_ATTEMPT
        call = build(given, self._find)
        options = msgspec.structs.replace(
            call.options,
            fallbacks=self._alternatives(call, build, given, lists) if falls_back else None,
            sets_clocks=sets_clocks,
            tags=frozenset(checked_names("tags", tags)),
        )
        if failures:  # once: it is no use to try it again
            call = msgspec.structs.replace(
                call, request=msgspec.structs.replace(call.request, mock_response=failures[0])
            )
            options = msgspec.structs.replace(options, retries=0)
        return msgspec.structs.replace(call, group=given["model"], options=options)

    def _find(self, given: Mapping[str, Any], api: Api) -> Target:
        """Return where one of the group's deployments is: what policies look at before each attempt gets its own.

        When none of the group can be called as it is written down, any other stands for it: the attempt will fail, and
        may have a fallback.

        Raises:
            APIError: there is no group of the name, or no deployment at all can be called.
        """
        name = given["model"]
        if not isinstance(name, str) or not name:
            raise faulty("model", "the name of a group", name)
        group = [member.deployment for member in self._fleet.group_of(name).members]
        if given["mock_response"] is not None:
            return target_of({**given, "model": named(group[0].model, group[0].group, name)}, api)
        fault: APIError | None = None
        for deployment in chain(group, self._all()):
            try:
                return deployment.target(name, api)
            except APIError as error:
                fault = fault or error
        assert fault is not None
        raise fault

    def _all(self) -> Iterator[Deployment]:
        """Yield the deployments of all groups; they are not even listed for who needs none."""
        yield from self._fleet.deployments()

    def _alternatives(
        self, call: Call, build: Build, given: dict[str, Any], lists: Mapping[str, Any]
    ) -> Fallbacks | None:
        """Return the groups that stand in for the call's: those of the call, or else those of the router."""
        own = self._fallbacks
        if not lists and not own:
            return None
        name, group = given["model"], self._fleet.group_of(given["model"]).name

        def of(argument: str, routers: Lists) -> tuple[Alternative, ...] | None:
            if argument not in lists:
                if not own.has(routers, name) and not own.has(routers, group):
                    return None
                standing_in = own.after(routers, name if name in routers else group)
                return tuple(self._group(call, other) for other in standing_in if self._fleet.knows(other))
            listed = lists[argument]
            if not is_listing(listed):
                raise faulty(argument, "a list of groups, or of dicts of arguments", listed)
            return tuple(self._alternative(call, build, given, other) for other in listed)

        found = Fallbacks(
            default=of("fallbacks", own.general) or (),
            context_window=of("context_window_fallbacks", own.context_window),
            content_policy=of("content_policy_fallbacks", own.content_policy),
        )
        return found if found.all() else None

    def _group(self, call: Call, name: str) -> Alternative:
        self._fleet.group_of(name)
        return Alternative(call.request, call.target, self._fleet.unaliased(name))

    def _alternative(self, call: Call, build: Build, given: dict[str, Any], other: Any) -> Alternative:
        if isinstance(other, str):
            return self._group(call, other)
        if not is_mapping(other) or not isinstance(other.get("model"), str):
            raise faulty("fallbacks", 'groups, or dicts such as {"model": ..., "temperature": 0}', other)
        group = self._fleet.unaliased(other["model"])
        known = {name: value for name, value in other.items() if name in given} | {"model": group}
        further = {name: value for name, value in other.items() if name not in given}
        changed = build({**given, **known, "provider_params": {**given["provider_params"], **further}}, self._find)
        return Alternative(changed.request, changed.target, group)
