"""The formats that clients speak, without any I/O: requests into calls of the library, answers and errors back."""

from typing import TYPE_CHECKING

from aiollm.later import parts_of

if TYPE_CHECKING:
    from aiollm.proxy.inbound.format import CHAT
    from aiollm.proxy.inbound.further_formats import (
        COMPLETION,
        EMBEDDING,
        MESSAGE,
        MESSAGE_FOR_CLAUDE,
        RESPONSE,
        RESPONSE_BY_CHAT,
    )
    from aiollm.proxy.inbound.messages import count_response, message_error, parse_message
else:
    __getattr__ = parts_of(
        __name__,
        {
            "CHAT": "format",
            "COMPLETION": "further_formats",
            "EMBEDDING": "further_formats",
            "MESSAGE": "further_formats",
            "MESSAGE_FOR_CLAUDE": "further_formats",
            "RESPONSE": "further_formats",
            "RESPONSE_BY_CHAT": "further_formats",
            "count_response": "messages",
            "message_error": "messages",
            "parse_message": "messages",
        },
    )

__all__ = [
    "CHAT",
    "COMPLETION",
    "EMBEDDING",
    "MESSAGE",
    "MESSAGE_FOR_CLAUDE",
    "RESPONSE",
    "RESPONSE_BY_CHAT",
    "count_response",
    "message_error",
    "parse_message",
]
