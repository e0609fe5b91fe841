"""The calls under comparison."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Attributes:
        library: whose call it is.
        title: what is called.
        to: the case whose cost it is compared with, of the same library; "" where there is none.
    """

    library: str
    title: str
    to: str = ""


ENGINE = "engine"
BARE = "bare"

CASES = {
    ENGINE: Case("aiollm", "the engine alone: `open_stream` on a call that is made beforehand"),
    BARE: Case("aiollm", "the bare client call: `Client.acompletion` without a policy", ENGINE),
    "default": Case("aiollm", "`aiollm.acompletion`: retry, ledger of attempts", BARE),
    "limited": Case("aiollm", "`Client` with limiter, retry and timeouts", BARE),
    "hedge": Case("aiollm", "`Client` with a hedge that is never needed", BARE),
    "budget": Case("aiollm", "`Client` with a budget in USD and tokens", BARE),
    "cache": Case("aiollm", "`Client` with a cache that never has the answer, and keeps it", BARE),
    "single_flight": Case("aiollm", "`Client` with single flight, one call at a time", BARE),
    "full": Case("aiollm", "`Client` with all of these", BARE),
    "router": Case("aiollm", "`aiollm.Router`, four deployments with limits, retry, timeout", BARE),
    "litellm": Case("litellm", "`litellm.acompletion`"),
    "litellm_router": Case("litellm", "`litellm.Router`, the same four deployments, retry, timeout", "litellm"),
}

WHOLE = 0
"""The length of an answer that is not streamed."""

STREAMS = (1, 51, 501)
"""Chunks of text in an answer: of what one of length n costs, the part that grows with n is the chunks'."""
