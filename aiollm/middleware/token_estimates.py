"""What a model's requests take, learned from what its earlier ones took."""

from __future__ import annotations

from collections import deque

from aiollm.core.quota import Amounts
from aiollm.pricing.estimate import BYTES_PER_TOKEN, asked_output_tokens, prompt_bytes
from aiollm.types.request import Request

__all__ = ["ModelEstimates"]

FEWEST_ANSWERS, KEPT_ANSWERS = 16, 128
"""After each so many answers the usual length is taken anew, and of so many, the last ones: to sort them for each call
took 6 us."""

UNKNOWN_ANSWER = 1_000
"""Tokens that the first answers are expected to have where the request does not bound them."""

_RATIO_WEIGHT = 0.1  # of the newest prompt in the mean
_MOST_BYTES_PER_TOKEN, _FEWEST_BYTES_PER_TOKEN = 16.0, 0.5


class ModelEstimates:
    """Estimates for one model. Several threads may use it: each access is one atomic operation."""

    def __init__(self) -> None:
        self._bytes_per_token: float = BYTES_PER_TOKEN
        self._answers: deque[float] = deque(maxlen=KEPT_ANSWERS)
        self._unseen = 0  # answers since the usual length was taken
        self._usual: float | None = None

    def estimate(self, request: Request) -> Amounts:
        """Return what a request is expected to take: an answer no longer than it asks for, or than 19 in 20 were."""
        asked, usual = asked_output_tokens(request), self._usual
        if usual is None:
            output: float = UNKNOWN_ANSWER if asked is None else asked
        else:
            output = usual if asked is None else min(asked, usual)
        return Amounts(1, prompt_bytes(request) / self._bytes_per_token, output)

    def learn(self, estimate: Amounts, input_tokens: float, output_tokens: float) -> None:
        """Take in what a request with this estimate took."""
        self._answers.append(output_tokens)
        self._unseen += 1
        if self._unseen >= FEWEST_ANSWERS:
            self._unseen, self._usual = 0, self._usual_answer()
        if estimate.input_tokens > 0 and input_tokens > 0:
            ratio = self._bytes_per_token * estimate.input_tokens / input_tokens
            if not _FEWEST_BYTES_PER_TOKEN <= ratio <= _MOST_BYTES_PER_TOKEN:
                ratio = min(max(ratio, _FEWEST_BYTES_PER_TOKEN), _MOST_BYTES_PER_TOKEN)
            self._bytes_per_token += _RATIO_WEIGHT * (ratio - self._bytes_per_token)

    def _usual_answer(self) -> float:
        answers = sorted(self._answers)
        return answers[int(0.95 * len(answers))]
