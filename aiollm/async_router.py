"""A client whose models are groups of deployments, with LiteLLM's arguments and methods."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from aiollm.arguments import hidden
from aiollm.client import AsyncClient, Build
from aiollm.engine.call import Call
from aiollm.router.demands import Demands
from aiollm.router.deployment import Deployment
from aiollm.router.fleet import Fleet
from aiollm.router.limiters import MakeLimiter, local_limiter, shared_limiter
from aiollm.router.member import Demand
from aiollm.router.routing import Routing
from aiollm.router.stats import DeploymentStats
from aiollm.router_arguments.calls import RoutedCalls
from aiollm.router_arguments.group_info import ModelGroupInfo, group_info
from aiollm.router_arguments.model_list import hidden_entries, read_model_list
from aiollm.router_arguments.settings import RouterSettings, read_settings
from aiollm.types.shape import EMPTY

__all__ = ["AsyncRouter"]


class AsyncRouter(AsyncClient):
    """The asynchronous half of `Router`, which says what it takes."""

    def __init__(
        self, model_list: Iterable[Mapping[str, Any]] | None = None, **settings: Unpack[RouterSettings]
    ) -> None:
        # Hidden before anything can fail: a traceback that captures locals would show the keys.
        model_list = hidden_entries(model_list)
        settings["redis_url"] = hidden(settings.get("redis_url"))
        settings["redis_password"] = hidden(settings.get("redis_password"))
        read = read_settings(settings)
        self._defaults = read.defaults
        self._hidden = read.hidden_aliases
        self._fleet = Fleet(read.selection, read.cooldowns, read.aliases, random.random)
        self._calls = RoutedCalls(self._fleet, read.fallbacks, read.priority)
        self.set_model_list(model_list or ())
        for name in (*read.aliases.values(), *read.fallbacks.names()):
            if not self._fleet.knows(name):
                raise ValueError(f"model_group_alias or fallbacks: the model_list has no {name!r}")
        demands = Demands(self._fleet, read.affinities)
        routing = Routing(self._fleet, demands, read.retries, self._limiting(read.redis))
        self._limiters = routing.limiters
        super().__init__(read.policies, routing)

    def _call(self, build: Build, given: dict[str, Any]) -> Call:
        return self._calls.call(build, given)

    def _limiting(self, redis: str | None) -> MakeLimiter:
        """Return what makes the limiters of deployments, which all processes share that know the Redis server."""
        return local_limiter if redis is None else shared_limiter(redis)

    # Who is there

    def set_model_list(self, model_list: Iterable[Mapping[str, Any]]) -> None:
        """Have the deployments of this list and no others. What is known of those that stay is kept.

        Raises:
            ValueError: an entry is wrong; then nothing is changed.
        """
        model_list = hidden_entries(model_list)
        self._fleet.replace(read_model_list(model_list, self._defaults))

    def add_deployment(self, deployment: Mapping[str, Any]) -> str:
        """Add a deployment, an entry of a `model_list`, and return its id.

        Raises:
            ValueError: the entry is wrong, or there is one with its id.
        """
        (deployment,) = hidden_entries([deployment])
        return self._fleet.change(lambda known: [*known, self._read(deployment, known)])[-1].id

    def upsert_deployment(self, deployment: Mapping[str, Any]) -> str:
        """Add a deployment, or put it in the place of the one with its `model_info["id"]`, and return its id.

        Raises:
            ValueError: the entry is wrong.
        """
        (deployment,) = hidden_entries([deployment])

        def changed(known: list[Deployment]) -> list[Deployment]:
            id = (deployment.get("model_info") or EMPTY).get("id")
            others = [other for other in known if other.id != str(id)]
            return [*others, self._read(deployment, others)]

        return self._fleet.change(changed)[-1].id

    def delete_deployment(self, id: str) -> dict[str, Any] | None:
        """Ask a deployment no more, and return its entry; None where there is none of that id."""
        found = next((known for known in self._fleet.deployments() if known.id == id), None)
        self._fleet.change(lambda known: [other for other in known if other.id != id])
        return None if found is None else _entry(found)

    def _read(self, entry: Mapping[str, Any], known: list[Deployment]) -> Deployment:
        (read,) = read_model_list([entry], self._defaults, taken=[other.id for other in known])
        return read

    def get_model_list(self, model_name: str | None = None) -> list[dict[str, Any]]:
        """Return the entries of all deployments, or of a group's, without keys and headers."""
        known = self._fleet.deployments()
        if model_name is not None:
            known = self._group(model_name)
        return [_entry(deployment) for deployment in known]

    def get_model_names(self) -> list[str]:
        """Return the names that calls may use: those of groups, and aliases that are not hidden."""
        return [name for name in self._fleet.names() if name not in self._hidden]

    def get_model_group_info(self, model_group: str) -> ModelGroupInfo | None:
        """Return what is known of a group as a whole; None where there is none of the name."""
        deployments = self._group(model_group)
        return group_info(model_group, deployments) if deployments else None

    def _group(self, name: str) -> list[Deployment]:
        return [member.deployment for member in self._fleet.group_of(name).members] if self._fleet.knows(name) else []

    def get_available_deployment(self, model: str) -> dict[str, Any]:
        """Return the entry of the deployment that a call to a group might be given now. Nothing is sent or counted.

        Raises:
            APIError: there is none, or all are left alone.
        """
        return _entry(self._fleet.choose(model, Demand(), time.monotonic()))

    async def aclose(self) -> None:
        """Give back what this process holds of shared limits; without `redis_url` there is nothing to give back."""
        await self._limiters.aclose()

    def stats(self) -> dict[str, DeploymentStats]:
        """Return what was measured of each deployment by this process, by its id."""
        return self._fleet.stats(time.monotonic())


def _entry(deployment: Deployment) -> dict[str, Any]:
    return {
        "model_name": deployment.group,
        "litellm_params": {"model": deployment.model, **deployment.params},
        "model_info": {**deployment.info, "id": deployment.id},
    }
