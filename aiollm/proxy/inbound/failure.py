"""What a caller of the gateway is told of an error: a refusal of its own, or what the library has for it."""

from __future__ import annotations

from aiollm.outbound import failure
from aiollm.outbound.failure import Failure

__all__ = ["Failure", "Refusal", "failure_of"]


class Refusal(Exception):
    """The gateway itself refuses a request: nothing was sent. `failure` is what the caller is told."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def failure_of(error: BaseException, *, over_budget: int = 429) -> Failure:
    """Return what a caller is told of an error.

    Args:
        error: any error.
        over_budget: the status for a budget that is spent (LiteLLM says 422).
    """
    return error.failure if isinstance(error, Refusal) else failure.failure_of(error, over_budget=over_budget)
