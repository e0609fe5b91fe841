"""What a router adds to the policies of a client."""

from __future__ import annotations

from collections.abc import Iterator

from aiollm.engine.call import Call
from aiollm.engine.chain import Middleware
from aiollm.exceptions import APIError
from aiollm.middleware.budgeting import Way
from aiollm.middleware.cache import Destination
from aiollm.providers.registry import Api
from aiollm.router.demands import Demands
from aiollm.router.destination import destination_in
from aiollm.router.fleet import Fleet
from aiollm.router.limiters import DeploymentLimiters, MakeLimiter, local_limiter
from aiollm.router.retries import GroupRetrying, RetryRules
from aiollm.router.route import Route
from aiollm.types.parameters import EMBEDDING_PARAMS
from aiollm.types.request import Request

__all__ = ["Routing"]


class Routing:
    """A router's policies.

    Args:
        fleet: the deployments.
        demands: reads what the choice of one depends on.
        rules: when a failed request is sent again.
        limiter: makes the limiter of a deployment; None for one without limits.

    Attributes:
        retrying: the policy that tries again.
        limiters: the limits of each deployment.
    """

    def __init__(self, fleet: Fleet, demands: Demands, rules: RetryRules, limiter: MakeLimiter = local_limiter) -> None:
        self._fleet = fleet
        self._demands = demands
        self.retrying: GroupRetrying = GroupRetrying(rules, fleet, demands)
        self.limiters: DeploymentLimiters = DeploymentLimiters(fleet, limiter)

    def ways(self, call: Call) -> Iterator[Way]:
        """Yield what a call may come to: its request at each deployment of its group, and of those that stand in."""
        api: Api = "embeddings" if call.request.known == EMBEDDING_PARAMS else "chat"
        for asked, group in _groups(call):
            for member in self._fleet.group_of(group).members:
                deployment = member.deployment
                try:
                    target = deployment.target(group, api)
                except APIError:  # it will be passed over
                    continue
                yield deployment.request(asked, target.model), target, deployment.prices

    def route(self, api: Api) -> Middleware:
        """Return the policy that gives each attempt of a call of an API its deployment."""
        return Route(self._fleet, self._demands, api)

    def destination(self, api: Api) -> Destination:
        """Return what tells of a call of an API whose answers it may share."""
        return lambda call: destination_in(self._fleet, call, api)


def _groups(call: Call) -> Iterator[tuple[Request, str]]:
    """Yield what is asked of which group, with those that stand in."""
    assert call.group is not None
    yield call.request, call.group
    fallbacks = call.options.fallbacks
    if fallbacks is not None:
        for other in fallbacks.all():
            assert other.group is not None
            yield other.request, other.group
