"""The formats beside that of chat, as a table. Of many workers none of them is ever asked for."""

from __future__ import annotations

from functools import partial

from aiollm.proxy.inbound.completions import CompletionFrames, completion_response, parse_completion
from aiollm.proxy.inbound.embeddings import embedding_response, parse_embedding
from aiollm.proxy.inbound.format import Format
from aiollm.proxy.inbound.messages import message_error, message_response, parse_message
from aiollm.proxy.inbound.messages_events import MessageEvents
from aiollm.proxy.inbound.messages_frames import MessageFrames
from aiollm.proxy.inbound.responses import ResponseFrames, parse_response, response_body
from aiollm.proxy.inbound.responses_chat import parse_response_as_chat
from aiollm.proxy.inbound.responses_frames import ChatResponseFrames, chat_response_body

__all__ = ["COMPLETION", "EMBEDDING", "MESSAGE", "MESSAGE_FOR_CLAUDE", "RESPONSE", "RESPONSE_BY_CHAT"]

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
