"""What a caller says about policy in one call, beside the request itself."""

from __future__ import annotations

import msgspec

from aiollm.providers.provider import Target
from aiollm.types.request import Request

__all__ = ["Alternative", "CallOptions", "Fallbacks"]


class Alternative(msgspec.Struct, frozen=True, eq=False):
    """Another way to the answer.

    Attributes:
        request: what is asked there.
        target: where it goes.
        group: the router's model group, for a router to pick the target.
    """

    request: Request
    target: Target
    group: str | None = None


class Fallbacks(msgspec.Struct, frozen=True, eq=False):
    """Where to ask when a target has failed for good, by the reason.

    Attributes:
        default: for every reason that has no list of its own.
        context_window: for a prompt that is too long.
        content_policy: for a prompt or an answer that is refused for its content.
    """

    default: tuple[Alternative, ...] = ()
    context_window: tuple[Alternative, ...] = ()
    content_policy: tuple[Alternative, ...] = ()


class CallOptions(msgspec.Struct, frozen=True, eq=False):
    """What the caller said about policy; None and empty where the client's own policy holds.

    Attributes:
        retries: how often to try again at the most.
        fallbacks: where to ask when the target fails.
    """

    retries: int | None = None
    fallbacks: Fallbacks | None = None
