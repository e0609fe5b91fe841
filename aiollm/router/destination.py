"""Where the calls of a group may end up: what those that share an answer must have in common."""

from __future__ import annotations

from aiollm.cache.key import cache_key, group_key, target_key
from aiollm.engine.call import Call
from aiollm.exceptions import APIError
from aiollm.providers.registry import Api
from aiollm.router.deployment import Deployment
from aiollm.router.fleet import Fleet

__all__ = ["destination_in"]


def destination_in(fleet: Fleet, call: Call, api: Api) -> str | None:
    """Return the digest of all deployments that a call of a group may reach, with their credentials and defaults.

    None for a call whose answer is not to be shared: one of them makes its answers up, or gets its token from a
    function.
    """
    assert call.group is not None
    deployments = [member.deployment for member in fleet.group_of(call.group).members]
    parts = [_part(deployment, call.group, api) for deployment in deployments]
    known = [part for part in parts if part is not None]
    return group_key(known, call.options.tags) if len(known) == len(parts) else None


def _part(deployment: Deployment, name: str, api: Api) -> str | None:
    try:
        target = deployment.target(name, api)
    except APIError as error:  # it cannot be called as it is written down
        return f"{deployment.id}: {type(error).__name__}"
    if target.token_source is not None or deployment.defaults.mock_response is not None:
        return None
    return cache_key(api, deployment.defaults, target_key(target))
