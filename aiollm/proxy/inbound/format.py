"""What a format is: how it reads a request, and how it writes answers and errors. And the one of chat."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from aiollm.outbound.frames import EventWriter
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.chat import chat_error, chat_frames, chat_response, parse_chat
from aiollm.proxy.inbound.failure import Failure

if TYPE_CHECKING:
    from aiollm.proxy.inbound.messages_events import MessageEvents

__all__ = ["CHAT", "Format"]


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """One format of requests and answers.

    Attributes:
        parse: what a request asks; raises `BadRequestError`.
        whole: the body of a whole answer: what the call that `Asked.call` names has returned.
        writer: what writes the stream of an answer; None for an API that does not stream.
        error: the body of an error.
        verbatim: what hands on the events of a provider that speaks this format; None where the writer does so.
    """

    parse: Callable[[dict[str, Any]], Asked]
    whole: Callable[[Any, Asked], bytes]
    writer: Callable[[Asked], EventWriter] | None
    error: Callable[[Failure], bytes] = chat_error
    verbatim: type[MessageEvents] | None = None


CHAT = Format(parse=parse_chat, whole=chat_response, writer=chat_frames)
