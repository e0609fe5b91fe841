"""What is known of a group as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import msgspec

from aiollm.exceptions import APIError
from aiollm.providers.registry import find_provider
from aiollm.router.deployment import Deployment

__all__ = ["ModelGroupInfo", "group_info"]

T = TypeVar("T")


class ModelGroupInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the deployments of a group have together; None where nothing is known.

    Attributes:
        model_group: the group's name.
        providers: the providers' names.
        max_input_tokens: the longest prompt that one of them takes.
        input_cost_per_token, output_cost_per_token: US dollars, of the dearest.
        rpm, tpm: requests and tokens a minute, of all of them.
    """

    model_group: str
    providers: tuple[str, ...]
    max_input_tokens: int | None
    input_cost_per_token: float | None
    output_cost_per_token: float | None
    rpm: int | None
    tpm: int | None


def group_info(group: str, deployments: Sequence[Deployment]) -> ModelGroupInfo:
    """Return what is known of a group with these deployments."""
    return ModelGroupInfo(
        model_group=group,
        providers=tuple(dict.fromkeys(name for each in deployments if (name := _provider(each)))),
        max_input_tokens=_over(max, (each.max_input_tokens for each in deployments)),
        input_cost_per_token=_over(max, (each.input_cost_per_token for each in deployments)),
        output_cost_per_token=_over(max, (each.output_cost_per_token for each in deployments)),
        rpm=_over(sum, (each.rpm for each in deployments)),
        tpm=_over(sum, (each.tpm for each in deployments)),
    )


def _provider(deployment: Deployment) -> str | None:
    """Return the provider's name; None where only the caller's name for the model tells it."""
    try:
        return find_provider(deployment.model, deployment.params.get("custom_llm_provider"))[0].name
    except APIError:
        return None


def _over(together: Callable[[list[T]], T], values: Iterable[T | None]) -> T | None:
    """Return the known values together; None where there are none."""
    known = [value for value in values if value is not None]
    return together(known) if known else None
