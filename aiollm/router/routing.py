"""What a router adds to the policies of a client."""

from __future__ import annotations

from aiollm.engine.chain import Middleware
from aiollm.providers.registry import Api
from aiollm.router.demands import Demands
from aiollm.router.fleet import Fleet
from aiollm.router.limiters import DeploymentLimiters, MakeLimiter, local_limiter
from aiollm.router.retries import GroupRetrying, RetryRules
from aiollm.router.route import Route

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
        limiter_of: tells the limiter that an attempt is under.
    """

    def __init__(self, fleet: Fleet, demands: Demands, rules: RetryRules, limiter: MakeLimiter = local_limiter) -> None:
        self._fleet = fleet
        self._demands = demands
        self.retrying: Middleware = GroupRetrying(rules, fleet, demands)
        self.limiter_of = DeploymentLimiters(fleet, limiter).of

    def route(self, api: Api) -> Middleware:
        """Return the policy that gives each attempt of a call of an API its deployment."""
        return Route(self._fleet, self._demands, api)
