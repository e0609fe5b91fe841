"""How these tests make deployments and members of a group."""

from __future__ import annotations

from typing import Any

from aiollm.exceptions import APIError
from aiollm.providers.provider import Target
from aiollm.providers.registry import Api, resolve
from aiollm.router.deployment import Deployment
from aiollm.router.health import CooldownRules, Health
from aiollm.router.member import Member
from aiollm.router.statistics import Statistics
from aiollm.types.secret import Secret


def place(model: str, api: Api) -> Target:
    return resolve(model, api=api, api_key=Secret("none"), base_url="http://127.0.0.1:1/v1")


def deployment(id: str = "a", group: str = "g", model: str = "openai/m", **facts: Any) -> Deployment:
    return Deployment(id=id, group=group, model=model, place=place, **facts)


def member(id: str = "a", *, rules: CooldownRules | None = None, **facts: Any) -> Member:
    return Member(deployment(id, **facts), Statistics(), Health(rules or CooldownRules()))


def members(*ids: str, **facts: Any) -> list[Member]:
    return [member(id, **facts) for id in ids]


def left_alone(one: Member, error: APIError, now: float = 0.0) -> Member:
    """Have a member fail with an error that leaves it alone at once."""
    one.health.started(now)
    one.health.failed(error, now, now, alone=False)
    return one
