"""What becomes of a call, told as it happens. Events are frozen, and no key or header of the caller is in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from aiollm.engine.attempt import Attempt
from aiollm.engine.outcome import Ended
from aiollm.engine.stats import StreamStats
from aiollm.providers.registry import Api
from aiollm.types.usage import Usage

__all__ = ["AttemptFailed", "CallEnded", "CallFacts", "CallStarted", "Event", "FirstContent"]


class CallFacts(msgspec.Struct, frozen=True, eq=False):
    """A call, as all its events know it.

    Attributes:
        id: names the call, and no other.
        api: "chat", "responses" or "embeddings".
        provider: the provider that the caller asked for.
        model: the model, as that provider knows it; in a router, the group.
        url: the address that the request is meant for.
        stream: whether the answer is streamed.
        started_at: when the call began, in seconds since the epoch.
        metadata: the caller's own notes.
        params: the parameters of the request, by OpenAI's names. They are the caller's content, as the messages are,
            and no `repr` shows them.
        messages: the messages; empty for an API that has none (`params["input"]`).
    """

    id: str
    api: Api
    provider: str
    model: str
    url: str
    stream: bool
    started_at: float
    metadata: Mapping[str, Any]
    params: Mapping[str, Any]
    messages: Sequence[Mapping[str, Any]]

    def __repr__(self) -> str:
        # The messages, parameters and notes may be private.
        return f"<CallFacts {self.id}: {self.api} of {self.provider}/{self.model}>"


class CallStarted(msgspec.Struct, frozen=True, eq=False):
    """A call begins: its arguments are right, and nothing has been sent.

    Attributes:
        call: the call.
    """

    call: CallFacts


class AttemptFailed(msgspec.Struct, frozen=True, eq=False):
    """One request of a call has failed; the call may still go on.

    Attributes:
        call: the call.
        attempt: the request; its `error` has no traceback, and no secret.
    """

    call: CallFacts
    attempt: Attempt


class FirstContent(msgspec.Struct, frozen=True, eq=False):
    """The first content has come; of an answer that comes whole, all of it.

    Attributes:
        call: the call.
        provider: the provider that answers.
        model: the model that answers, as that provider knows it.
        seconds: since the start of the call.
    """

    call: CallFacts
    provider: str
    model: str
    seconds: float


class CallEnded(msgspec.Struct, frozen=True, eq=False):
    """A call has ended, in whichever way. It is told exactly once of each call that was told to start.

    Attributes:
        call: the call.
        ended: "complete", "closed" (left by its reader, or cancelled, before the end) or "failed".
        error: what it failed with. It holds what the caller got, the answer so far in `partial` among it.
        provider, model: who answered, or was asked last.
        served_model: the model's name in the reply, or None.
        finish_reason: of the first choice, or None.
        usage: the tokens the provider counted, or None.
        cost: USD, of all attempts together; None where that of one is not known.
        cache_hit: whether the answer came from the cache.
        first_token: seconds from the start of the call to the first content, or None.
        elapsed: seconds from the start of the call to its end.
        attempts: all requests of the call, in the order of their beginning.
        stats: how the stream came; None for an answer that did not stream, or did not begin.
    """

    call: CallFacts
    ended: Ended
    error: BaseException | None
    provider: str
    model: str
    served_model: str | None
    finish_reason: str | None
    usage: Usage | None
    cost: float | None
    cache_hit: bool
    first_token: float | None
    elapsed: float
    attempts: tuple[Attempt, ...]
    stats: StreamStats | None
    _response: Callable[[], Any]

    @property
    def response(self) -> Any:
        """The answer, whole or as far as it came, put together when this is asked for; None when nothing came."""
        return self._response()

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name != "_response")
        return f"CallEnded({told})"


Event = CallStarted | AttemptFailed | FirstContent | CallEnded
"""What hooks hear."""
