"""What becomes of one request of a job."""

from __future__ import annotations

from attrs import field, frozen

from aiollm.engine.attempt import Attempt
from aiollm.exceptions import APIError
from aiollm.types.embedding import EmbeddingResponse
from aiollm.types.response import ModelResponse
from aiollm.types.responses import ResponsesAPIResponse
from aiollm.types.usage import Usage

__all__ = ["Answer", "Result"]

Answer = ModelResponse | ResponsesAPIResponse | EmbeddingResponse


@frozen(kw_only=True, eq=False)
class Result:
    """The answer to one request of a job, or the error in its place.

    Attributes:
        index: the request's place in the source, from 0.
        key: what the request is known by: its `custom_id`, what `key=` makes of it, or a digest of all of it.
        response: the answer, or None: a `ModelResponse`; of a line of a batch file, what its `url` gives.
        error: why there is none, or None.
        attempts: what was tried, in order.
        usage: the tokens that the provider counted, or None.
        cost: USD, of all attempts whose cost is known; None where that of none is.
        started: when it was begun, in seconds since the epoch.
        elapsed: how long it took, in seconds, with the time that it waited for limits.
        first_token: seconds from the start of the call to its first content, or None.
        from_store: whether it was answered by an earlier run, and nothing was sent.
        request_id: the provider's id of the request, or None.
    """

    index: int
    key: str
    response: Answer | None = None
    error: APIError | None = None
    attempts: tuple[Attempt, ...] = field(default=(), repr=False)
    usage: Usage | None = None
    cost: float | None = None
    started: float
    elapsed: float
    first_token: float | None = None
    from_store: bool = False
    request_id: str | None = field(default=None, repr=False)

    @property
    def ok(self) -> bool:
        """Whether there is an answer."""
        return self.error is None

    @property
    def text(self) -> str:
        """The text of the answer, of the first choice where it has several; "" where there is none."""
        if isinstance(self.response, ResponsesAPIResponse):
            return self.response.output_text
        if not isinstance(self.response, ModelResponse) or not self.response.choices:
            return ""
        return self.response.choices[0].message.content or ""
