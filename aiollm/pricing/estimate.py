"""How many tokens a request is likely to take, without a tokenizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.types.parameters import EMBEDDING_PARAMS
from aiollm.types.request import Request
from aiollm.types.shape import JSON

__all__ = ["BYTES_PER_TOKEN", "answers_asked", "asked_output_tokens", "prompt_bytes", "text_bytes"]

BYTES_PER_TOKEN = 4.0
"""Of English text, for the tokenizers of today. Other languages and code have fewer."""

ATTACHMENT_BYTES = 4_000
"""What an image, a sound or a document counts as: a thousand tokens, whatever its own size in bytes is. OpenAI's images
cost from 85 to about 1,100, Anthropic's up to 1,600."""

MESSAGE_BYTES = 16
"""What a message costs beside its text: four tokens."""

_NUMBER_BYTES = 4  # a number is a token, and in the input of embeddings it is the id of one
_OF_THE_PROMPT = frozenset({"tools", "functions", "response_format", "input", "instructions"})
_ASKED = ("max_completion_tokens", "max_tokens", "max_output_tokens")
_ASKING = frozenset(_ASKED)
# What the parts of a message that are no text say of themselves, in chat and in the Responses API.
_ATTACHMENTS = (
    "image_url",
    "input_image",
    "image",
    "input_audio",
    "audio",
    "file",
    "input_file",
    "document",
    "video_url",
)


def prompt_bytes(request: Request) -> int:
    """Return how many bytes the prompt of a request counts as, with its tools, schemas, and the input of other APIs."""
    messages = request.messages
    total = MESSAGE_BYTES * len(messages)
    for message in messages:
        for name, value in message.items():
            # Nearly always a text, which is counted here in a tenth of the time.
            total += len(name) + (len(value) if type(value) is str and value.isascii() else text_bytes(value))
    if not _OF_THE_PROMPT.isdisjoint(request.params):
        total += text_bytes([value for name, value in request.params.items() if name in _OF_THE_PROMPT])
    return total


def asked_output_tokens(request: Request) -> int | None:
    """Return how many tokens of an answer the request allows; None where it does not say. Embeddings have none."""
    params = request.params
    if request.known == EMBEDDING_PARAMS:
        return 0
    if _ASKING.isdisjoint(params):
        return None
    for name in _ASKED:
        asked = params.get(name)
        if isinstance(asked, int) and asked > 0:
            return asked * answers_asked(params)
    return None


def answers_asked(params: Mapping[str, Any]) -> int:
    """Return how many answers a request with these parameters asks for."""
    number: int | None = params.get("n")
    return max(1, number) if number else 1


def text_bytes(value: Any) -> int:
    """Return how many bytes of text a JSON value holds, the names of its members among them.

    A part of a message that is no text counts as an attachment.
    """
    total = 0
    left: list[JSON] = [value]
    while left:
        member = left.pop()
        if isinstance(member, str):
            total += len(member) if member.isascii() else len(member.encode("utf-8", "replace"))
        elif isinstance(member, dict):
            if "type" in member and member["type"] in _ATTACHMENTS:
                total += ATTACHMENT_BYTES
            else:
                total += sum(map(len, member))
                left.extend(member.values())
        elif isinstance(member, list | tuple):
            left.extend(member)
        elif isinstance(member, int | float):
            total += _NUMBER_BYTES
        elif isinstance(member, Mapping):
            left.append(dict(member))
    return total
