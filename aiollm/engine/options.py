"""What a caller says about policy in one call, beside the request itself."""

from __future__ import annotations

from typing import Literal

import msgspec

from aiollm.cache.control import CacheControl
from aiollm.providers.provider import Target
from aiollm.types.request import Request

__all__ = ["NO_OPTIONS", "Alternative", "CallOptions", "Fallbacks", "MidStream"]

MidStream = Literal["never", "restart", "continue"]
"""What becomes of a streamed answer that breaks off: an error, a new answer, or the rest of this one."""


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
        context_window: for a prompt that is too long; None where there is no such list.
        content_policy: for a prompt or an answer that is refused for its content; None where there is no such list.
    """

    default: tuple[Alternative, ...] = ()
    context_window: tuple[Alternative, ...] | None = None
    content_policy: tuple[Alternative, ...] | None = None

    def all(self) -> tuple[Alternative, ...]:
        """Return those of every list."""
        return (*self.default, *(self.context_window or ()), *(self.content_policy or ()))


class CallOptions(msgspec.Struct, frozen=True, eq=False):
    """What the caller said about policy; None and empty where the client's own policy holds.

    Attributes:
        retries: how often to try again at the most.
        fallbacks: where to ask when the target fails.
        sets_clocks: whether the caller gave a timeout; it goes before those of a router's deployments.
        tags: what a router compares with the tags of its deployments.
        priority: how urgent the call is where requests wait for limits, from 0, the most urgent, to 3.
        fairness_key: whose call it is; those who wait for the same limits take turns.
        mid_stream: what becomes of a streamed answer that breaks off.
        cache: how the call uses the client's cache.
    """

    retries: int | None = None
    fallbacks: Fallbacks | None = None
    sets_clocks: bool = False
    tags: frozenset[str] = frozenset()
    priority: int | None = None
    fairness_key: str | None = None
    mid_stream: MidStream | None = None
    cache: CacheControl = CacheControl()


NO_OPTIONS = CallOptions()
"""Those of a call whose caller said nothing."""
