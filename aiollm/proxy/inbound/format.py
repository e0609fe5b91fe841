"""The formats as a table: how each reads a request, and how it writes answers and errors."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from aiollm.outbound.frames import EventWriter
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.chat import chat_error, chat_frames, chat_response, parse_chat
from aiollm.proxy.inbound.completions import CompletionFrames, completion_response, parse_completion
from aiollm.proxy.inbound.embeddings import embedding_response, parse_embedding
from aiollm.proxy.inbound.failure import Failure
from aiollm.proxy.inbound.messages import message_error, message_response, parse_message
from aiollm.proxy.inbound.messages_events import MessageEvents
from aiollm.proxy.inbound.messages_frames import MessageFrames
from aiollm.proxy.inbound.responses import ResponseFrames, parse_response, response_body
from aiollm.proxy.inbound.responses_chat import parse_response_as_chat
from aiollm.proxy.inbound.responses_frames import ChatResponseFrames, chat_response_body

__all__ = [
    "CHAT",
    "COMPLETION",
    "EMBEDDING",
    "MESSAGE",
    "MESSAGE_FOR_CLAUDE",
    "RESPONSE",
    "RESPONSE_BY_CHAT",
    "Format",
]


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
COMPLETION = Format(parse=parse_completion, whole=completion_response, writer=CompletionFrames)
EMBEDDING = Format(parse=parse_embedding, whole=embedding_response, writer=None)
RESPONSE = Format(parse=parse_response, whole=response_body, writer=ResponseFrames)
RESPONSE_BY_CHAT = Format(parse=parse_response_as_chat, whole=chat_response_body, writer=ChatResponseFrames)
MESSAGE = Format(
    parse=partial(parse_message, keeps_own=False), whole=message_response, writer=MessageFrames, error=message_error
)
MESSAGE_FOR_CLAUDE = Format(
    parse=partial(parse_message, keeps_own=True),
    whole=message_response,
    writer=MessageFrames,
    error=message_error,
    verbatim=MessageEvents,
)
"""For models all of whose deployments speak Anthropic's format, or one made of it."""
