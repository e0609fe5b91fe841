"""Taking up an answer that broke off: asking for it again, or for the rest of it."""

# The source of a stream, which users do not see, is shared with the engine.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar, get_args

import msgspec

from aiollm.engine.answer import Answer
from aiollm.engine.call import Call
from aiollm.engine.chain import Handler
from aiollm.engine.joined import JoinedSource, Part
from aiollm.engine.options import MidStream
from aiollm.engine.seam import Seam, text_of
from aiollm.engine.stream import ChunkStream
from aiollm.exceptions import (
    APIError,
    IdleTimeout,
    InvalidChunk,
    StreamInterrupted,
    ToolCallIncomplete,
    TotalTimeout,
    UnsupportedParamsError,
)
from aiollm.middleware.fallback import turned_round
from aiollm.middleware.retry_budget import RetryBudget
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.recovery import Recovery
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse
from aiollm.types.usage import Usage

__all__ = ["Recovering", "may_be_taken_up", "prefill", "why_not_continued"]

A = TypeVar("A", bound=Answer)

_BROKEN = (StreamInterrupted, InvalidChunk, ToolCallIncomplete)


def may_be_taken_up(error: APIError) -> bool:
    """Tell whether an answer that ended with this error may be had by asking again.

    Not so when its time is over, or when the provider has judged it: its content, its length, the request.
    """
    if isinstance(error, TotalTimeout):
        return False
    return isinstance(error, _BROKEN) or bool(error.retryable)


def why_not_continued(request: Request, partial: ModelResponse | None) -> str | None:
    """Return why no model can go on with an answer, or None if one can.

    Only a plain text can be gone on with in the middle. Arguments of a tool, JSON and reasoning would be joined to
    what they are not a part of; and what is counted by tokens or choices could not be put together again.
    """
    if request.messages[-1]["role"] == "assistant":
        return "the prompt itself ends with the beginning of an answer"
    for name, plain in _PLAIN.items():
        value = request.params.get(name)
        if value is not None and value not in plain:
            return f"{name} asks for more than a plain text"
    if partial is None or len(partial.choices) != 1:
        return "there is no text yet"
    said = {name for name, value in partial.choices[0].message.items() if value}
    if more := sorted(said - {"role", "content"}):
        return f"it has {', '.join(more)}"
    return None if text_of(partial).strip() else "there is no text yet"


_PLAIN: Mapping[str, tuple[Any, ...]] = {
    "audio": (),
    "function_call": ("auto", "none"),
    "logprobs": (False,),
    "modalities": (["text"],),
    "n": (1,),
    "response_format": ({"type": "text"},),
    "tool_choice": ("auto", "none"),
    "top_logprobs": (0,),
}
"""Parameters, and the values of them with which an answer is a plain text or a call of a tool."""


def prefill(call: Call, handler: Handler[A]) -> Awaitable[A]:
    """Have a model go on with the answer so far, where it is known to.

    Raises:
        UnsupportedParamsError: it is not, and nothing was sent.
    """
    if not call.beginning:
        return handler(call)
    rule = call.target.provider.prefill
    request = rule(call.request, call.target.endpoint, call.beginning) if rule is not None else None
    if request is None:
        name = call.target.provider.name
        raise UnsupportedParamsError(
            f"{name} is not known to go on with an answer of {call.target.model}",
            model=call.target.model,
            llm_provider=name,
            param="mid_stream",
            phase="request",
        )
    return handler(msgspec.structs.replace(call, request=request))


class Recovering:
    """The policy of streams that break off, around a handler.

    Args:
        policy: what to do when a call does not say it.
        budget: the client's bound on asking again, or None.
        elsewhere: tells of a call whether asking again would go to another deployment.

    Raises:
        ValueError: there is no such policy.
    """

    def __init__(
        self,
        policy: MidStream = "never",
        budget: RetryBudget | None = None,
        elsewhere: Callable[[Call], bool] = lambda call: False,
    ) -> None:
        if policy not in get_args(MidStream):
            raise ValueError(f"mid_stream must be one of {', '.join(map(repr, get_args(MidStream)))}; got {policy!r}")
        self._policy: MidStream = policy
        self._budget = budget
        self._elsewhere = elsewhere

    def __call__(self, call: Call, handler: Handler[ChunkStream]) -> Awaitable[ChunkStream]:
        policy = call.options.mid_stream or self._policy
        return handler(call) if policy == "never" else self._watched(policy, call, handler)

    async def _watched(self, policy: MidStream, call: Call, handler: Handler[ChunkStream]) -> ChunkStream:
        if call.keeps_frames:  # they may come from two answers
            call = msgspec.structs.replace(call, keeps_frames=False)
        stream = await handler(call)
        if stream._source.settled:
            return stream
        take_up = _TakingUp(policy, call, handler, self._budget, self._elsewhere)
        return ChunkStream(JoinedSource(call, stream, take_up))


class _TakingUp:
    """The policy at work on one answer.

    It is asked for once more, and then once more of its alternatives: what breaks off twice at one place will break off
    there a third time.
    """

    def __init__(
        self,
        policy: MidStream,
        call: Call,
        handler: Handler[ChunkStream],
        budget: RetryBudget | None,
        elsewhere: Callable[[Call], bool],
    ) -> None:
        self._policy = policy
        self._call = call
        self._handler = handler
        self._budget = budget
        self._elsewhere = elsewhere
        self._asked_again = False
        self._asked_alternatives = False

    async def __call__(self, error: APIError, counted: tuple[Usage | None, ...]) -> Part | APIError:
        """Return what the answer goes on with, or the error to end with: that one, unless the time is over."""
        call = self._call
        if not may_be_taken_up(error):
            return error
        other = self._whom_to_ask(error)
        if other is None:
            return _noted(error, call, "it broke off before")
        if why_not := self._why_not(error):
            return _noted(error, call, why_not)
        so_far = error.partial if self._policy == "continue" else None
        beginning = text_of(so_far).rstrip() if so_far is not None else ""
        again = msgspec.structs.replace(other, cause=self._policy, beginning=beginning)
        try:
            stream = await call.scope.wait(self._handler(again), "another answer")
        except TotalTimeout as late:
            attempts = tuple(call.attempts)
            return late.with_context(partial=error.partial, usage=error.usage, attempts=attempts, hint=error.hint)
        except APIError as failed:
            return _noted(error, call, f"{type(failed).__name__}: {failed}")
        marker = self._marker(error, stream, so_far)
        return Part(stream, marker, Seam(so_far, counted) if so_far is not None else None)

    def _whom_to_ask(self, error: APIError) -> Call | None:
        """Return the call to make next, or None when all have been asked.

        Who has fallen silent is not waited for again before others have been asked: that might take as long once more.
        """
        call = self._call
        other = None if self._asked_alternatives else turned_round(call)
        silent = isinstance(error, IdleTimeout) and not self._elsewhere(call)
        if not self._asked_again and not (silent and other is not None):
            self._asked_again = True
            return call
        self._asked_again = self._asked_alternatives = True
        return other

    def _why_not(self, error: APIError) -> str | None:
        """Return why the answer is not taken up, or None if it is; the budget is charged then."""
        if self._policy == "continue" and (why_not := why_not_continued(self._call.request, error.partial)):
            return why_not
        if self._budget is not None and not self._budget.take(self._call.scope.loop.time()):
            return "too many of this client's calls fail, and its retry budget is spent"
        return None

    def _marker(self, error: APIError, stream: ChunkStream, so_far: ModelResponse | None) -> ModelResponseStream:
        first = stream._source.ready[0]
        marker = ModelResponseStream(
            id=first.id if so_far is None else so_far.id,
            created=first.created if so_far is None else so_far.created,
            model=first.model,
            recovery=Recovery(
                action=self._policy,
                attempt=stream._source.attempt,
                provider=stream.provider,
                model=stream.model,
                error=type(error).__name__,
            ),
        )
        marker._origin = first._origin
        return marker


def _noted(error: APIError, call: Call, why: str) -> APIError:
    """Return the error with a note of why the answer was not taken up, and all attempts."""
    error.add_note(f"the answer was not taken up again: {why}")
    error.attempts = tuple(call.attempts)
    return error
