"""A client whose models are groups of deployments, with LiteLLM's arguments and methods."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping
from typing import Any, Unpack

from aiollm.arguments import hidden
from aiollm.client import Build
from aiollm.engine.call import Call
from aiollm.router.demands import Demands
from aiollm.router.deployment import Deployment
from aiollm.router.fleet import Fleet
from aiollm.router.limiters import local_limiter, shared_limiter
from aiollm.router.member import Demand
from aiollm.router.routing import Routing
from aiollm.router.stats import DeploymentStats
from aiollm.router_arguments.calls import RoutedCalls
from aiollm.router_arguments.group_info import ModelGroupInfo, group_info
from aiollm.router_arguments.model_list import hidden_entries, read_model_list
from aiollm.router_arguments.settings import RouterSettings, read_settings
from aiollm.sync.client import BlockingCalls

__all__ = ["Router"]


class Router(BlockingCalls):
    """The functions of the package over groups of deployments: each attempt goes to one that is fit for it.

        router = aiollm.Router(
            model_list=[
                {"model_name": "fast", "litellm_params": {"model": "groq/llama-3.3-70b-versatile", "rpm": 30}},
                {"model_name": "fast", "litellm_params": {"model": "openai/gpt-4o-mini"}},
                {"model_name": "long", "litellm_params": {"model": "gemini/gemini-2.5-flash"}},
            ],
            fallbacks=[{"fast": ["long"]}],
        )
        stream = await router.acompletion(model="fast", messages=messages, stream=True)

    A failed attempt is made again at another deployment of the group, at once where there is one. A deployment that
    fails too often is left alone for a while, and then tried by one call; errors that a request brings about itself
    (400, 404, 422) do not count. `stream.attempts` and `error.attempts` tell which deployments were asked.

    A deployment that is at its limits is passed over; where all are, the call waits for its turn.

    Clocks of deployments and of the router hold for each attempt; a call's own `timeout` goes before them.

    It may be used from several event loops and threads at once. It holds no connections and needs no closing; with
    `redis_url`, `aclose` gives the shared limits back, which else takes the others some seconds.

    Args:
        model_list: deployments in LiteLLM's shape: `{"model_name": group, "litellm_params": {...}, "model_info":
            {"id": ...}}`. A name may hold a `*`. Of `litellm_params`, `model` is "provider/model"; `api_key`,
            `api_base` and the like say where; `rpm`, `tpm`, `max_parallel_requests`, `weight`, `order`, `tags`,
            `timeout`, `stream_timeout`, `num_retries`, `cooldown_time`, `input_cost_per_token`,
            `output_cost_per_token` and `max_input_tokens` are the router's; all others are what its requests have by
            default. `os.environ/NAME` is a value of the environment.
        num_retries: how often a failed request is sent again, 2 where nothing is said; the call's own goes first.
        retry_after: seconds to wait at least before the same deployment is asked again.
        retry_policy, model_group_retry_policy: `RetryPolicy`, or a dict like one: retries by the class of the error,
            for all groups or for some.
        allowed_fails: how many failures a minute a deployment may have. Where nothing is said it is left alone after
            401, 403, 429 and connections that fail, or when more than three and at least half of its requests of a
            minute have failed; the only one of a group when twenty, and all, have.
        allowed_fails_policy: `AllowedFailsPolicy`, or a dict like one: the same by the class of the error.
        cooldown_time: seconds that it is left alone, 5 where nothing is said; doubled each time that it fails again
            soon, up to a minute. A longer `Retry-After` goes before.
        disable_cooldowns: never leave one alone.
        fallbacks: groups that stand in for a group that fails: `[{"fast": ["long"]}, {"*": ["any"]}]`.
        default_fallbacks: those of groups without a list.
        context_window_fallbacks, content_policy_fallbacks: the same for a prompt that is too long, and for one that is
            refused for its content.
        max_fallbacks: how many groups may stand in for one, 5 where nothing is said.
        model_group_alias: other names of groups.
        routing_strategy: "simple-shuffle" (by `weight`, or else by `rpm` or `tpm`), "weighted", "least-busy",
            "latency-based-routing", "usage-based-routing", "cost-based-routing". It chooses among those of the lowest
            `order` that are fit, have not failed in this call, and have room within their limits.
        routing_strategy_args: `ttl` and `lowest_latency_buffer` of "latency-based-routing".
        enable_pre_call_checks: ask only deployments that the prompt fits.
        enable_tag_filtering: ask only deployments with a tag of the call (`tags=`, or `metadata={"tags": ...}`); those
            tagged "default" take the calls without any.
        tag_filtering_match_any: whether one tag in common is enough.
        optional_pre_call_checks: "session_affinity" and "prompt_caching": calls of one session (`prompt_cache_key`,
            `metadata["session_id"]`, `user`), or that begin with the same long prompt, go to one deployment as long as
            that is not busier than the others by a quarter.
        default_litellm_params: `litellm_params` of entries that do not have them.
        default_max_parallel_requests, timeout, stream_timeout: the same for these.
        default_priority: of calls that do not say, where they wait for the limits of a deployment.
        redis_url, redis_host, redis_port, redis_password, redis_db: a Redis server by which all processes with the same
            deployments share their limits (extra `redis`). While it cannot be reached each keeps to its share.
        hedge, limiter, mid_stream, cache, single_flight, budget: a client's policies, as in `Client`. Answers are
            shared by calls of one group.

    Raises:
        TypeError: there is no such argument; LiteLLM's others say what to do instead.
        ValueError: an argument, or an entry of the list, is wrong.
    """

    def __init__(
        self, model_list: Iterable[Mapping[str, Any]] | None = None, **settings: Unpack[RouterSettings]
    ) -> None:
        # Hidden before anything can fail: a traceback that captures locals would show the keys.
        model_list = hidden_entries(model_list or ())
        settings["redis_url"] = hidden(settings.get("redis_url"))
        settings["redis_password"] = hidden(settings.get("redis_password"))
        read = read_settings(settings)
        self._defaults = read.defaults
        self._hidden = read.hidden_aliases
        self._fleet = Fleet(read.selection, read.cooldowns, read.aliases, random.random)
        self._calls = RoutedCalls(self._fleet, read.fallbacks, read.priority)
        self.set_model_list(model_list)
        for name in (*read.aliases.values(), *read.fallbacks.names()):
            if not self._fleet.knows(name):
                raise ValueError(f"model_group_alias or fallbacks: the model_list has no {name!r}")
        limiter = local_limiter if read.redis is None else shared_limiter(read.redis)
        routing = Routing(self._fleet, Demands(self._fleet, read.affinities), read.retries, limiter)
        self._limiters = routing.limiters
        super().__init__(read.policies, routing)

    def _call(self, build: Build, given: dict[str, Any]) -> Call:
        return self._calls.call(build, given)

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
            id = (deployment.get("model_info") or {}).get("id")
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
        return [member.deployment for member in self._fleet.look(name)] if self._fleet.knows(name) else []

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
