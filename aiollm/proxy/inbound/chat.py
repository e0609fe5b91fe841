"""OpenAI's chat completions: a request in, an answer out, whole or as chunks in OpenAI's own shape.

Source: https://platform.openai.com/docs/api-reference/chat and the types of openai-python 3.57.0.
"""

# What users do not see of an answer, its bytes as they came, is handed on here.
# pyright: reportPrivateUsage=false

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from aiollm.outbound.chat_frames import ChatFrames
from aiollm.outbound.frames import encode
from aiollm.proxy.inbound.allowed import arguments_of, notes_of, seconds_of
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.body import asked_model, flag, listed, refused, text
from aiollm.proxy.inbound.failure import Failure
from aiollm.types.parameters import OPENAI_PARAMS
from aiollm.types.response import Choices, ModelResponse
from aiollm.types.shape import JSON

__all__ = ["asked_of_chat", "chat_error", "chat_frames", "chat_response", "parse_chat"]

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
"""The members of an object, each left as it is written."""

_OBJECT = msgspec.Raw(b'"chat.completion"')
_HANDLED = frozenset({"model", "stream", "stream_options", "messages"})


def parse_chat(body: dict[str, Any]) -> Asked:
    """Return what a request for a chat completion asks.

    Raises:
        BadRequestError: it lacks what it needs, or says what only the operator may.
    """
    model, streams, messages = asked_model(body), flag(body, "stream"), listed(body, "messages")
    arguments = arguments_of(body, OPENAI_PARAMS, _HANDLED)
    arguments["messages"] = messages
    return asked_of_chat(body, model, arguments, streams=streams)


def asked_of_chat(body: dict[str, Any], model: str, arguments: dict[str, Any], *, streams: bool) -> Asked:
    """Return what a request in one of OpenAI's two shapes asks, with the arguments of the chat that answers it.

    Raises:
        BadRequestError: it says of streams or of time what makes no sense.
    """
    shown = _stream_arguments(body, arguments, streams=streams)
    return Asked(
        call="chat",
        model=model,
        arguments=arguments,
        stream=streams,
        include_usage=shown,
        timeout=seconds_of(body),
        user=text(body, "user"),
        metadata=notes_of(body),
    )


def _stream_arguments(body: dict[str, Any], arguments: dict[str, Any], *, streams: bool) -> bool:
    """Put what a stream needs among the arguments, and return whether the caller wants to see its usage.

    Raises:
        BadRequestError: the options of the stream are none.
    """
    options: JSON = body.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise refused("stream_options", "must be an object")
    if not streams:
        return False
    arguments["stream"] = True
    arguments["stream_options"] = {**(options or {}), "include_usage": True}
    return bool((options or {}).get("include_usage"))


def chat_frames(asked: Asked) -> ChatFrames:
    """Return what writes the stream of an answer."""
    return ChatFrames(asked.model, shows_usage=asked.include_usage)


def chat_response(response: ModelResponse, asked: Asked) -> bytes:
    """Return the body of a whole answer; the model has the name that the caller gave it.

    One that came in this very form is told as it came, with all that its provider says in it.
    """
    if type(response._rest) is bytes:
        return _as_it_came(response, response._rest, asked.model)
    told = response.model_dump()
    whole = {
        "id": told.pop("id"),
        "object": told.pop("object"),
        "created": told.pop("created"),
        "model": asked.model,
        "choices": [_choice(choice) for choice in response.choices],
        "usage": response.usage and response.usage.model_dump(exclude_none=True),
    }
    return encode({**told, **whole})


def _as_it_came(response: ModelResponse, body: bytes, model: str) -> bytes:
    members = _members(body)
    members["object"], members["model"] = _OBJECT, _written(model)
    if "created" not in members:
        members["created"] = msgspec.Raw(encode(response.created))
    return encode(members)


@lru_cache(maxsize=256)
def _written(model: str) -> msgspec.Raw:
    return msgspec.Raw(encode(model))


def _choice(choice: Choices) -> dict[str, Any]:
    told = choice.model_dump()
    message = choice.message.model_dump(exclude_none=True)
    head = {"role": choice.message.role, "content": choice.message.content, "refusal": choice.message.refusal}
    return {"logprobs": None, **told, "message": {**head, **message}}


def chat_error(failure: Failure) -> bytes:
    """Return the body of an error in OpenAI's form."""
    return encode({"error": failure.members()})
