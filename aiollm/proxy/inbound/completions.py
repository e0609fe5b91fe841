"""OpenAI's older completions: a prompt in, its continuation out, by way of a chat.

Source: https://platform.openai.com/docs/api-reference/completions and the types of openai-python 3.57.0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.outbound.frames import DONE, data_frame, encode
from aiollm.proxy.inbound.allowed import arguments_of
from aiollm.proxy.inbound.asked import Asked
from aiollm.proxy.inbound.body import asked_model, flag, refused
from aiollm.proxy.inbound.chat import asked_of_chat
from aiollm.proxy.inbound.failure import Failure
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.logprobs import ChoiceLogprobs
from aiollm.types.parameters import OPENAI_PARAMS
from aiollm.types.response import ModelResponse
from aiollm.types.shape import JSON

__all__ = ["CompletionFrames", "completion_response", "parse_completion"]

_HANDLED = frozenset({"model", "prompt", "stream", "stream_options", "logprobs", "echo", "suffix", "best_of"})


def parse_completion(body: dict[str, Any]) -> Asked:
    """Return what a request for a completion asks: one prompt, as a user's message.

    Raises:
        BadRequestError: it lacks what it needs, asks for what a chat cannot do, or says what only the operator may.
    """
    model, streams = asked_model(body), flag(body, "stream")
    for name, harmless in (("echo", (None, False)), ("suffix", (None, "")), ("best_of", (None, 1, body.get("n")))):
        if body.get(name) not in harmless:
            raise refused(name, "cannot be had here: completions are answered by way of a chat")
    arguments = {
        "messages": [{"role": "user", "content": _prompt(body.get("prompt"))}],
        **arguments_of(body, OPENAI_PARAMS, _HANDLED),
        **_logprobs(body.get("logprobs")),
    }
    return asked_of_chat(body, model, arguments, streams=streams)


def _prompt(prompt: JSON) -> str:
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise refused("prompt", "must be one text: several prompts, and token ids, cannot be answered by way of a chat")
    return prompt


def _logprobs(count: Any) -> dict[str, Any]:
    if count is None:
        return {}
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count <= 20:
        raise refused("logprobs", "must be a whole number from 0 to 20")
    return {"logprobs": True, "top_logprobs": count}


def completion_response(response: ModelResponse, asked: Asked) -> bytes:
    """Return the body of a whole answer."""
    choices = [
        _choice(choice.index, choice.message.content or "", choice.finish_reason, choice.logprobs)
        for choice in response.choices
    ]
    head = _head(response.id, response.created, asked.model)
    usage = response.usage and response.usage.model_dump(exclude_none=True)
    return encode({**head, "choices": choices, "usage": usage})


class CompletionFrames:
    """Writes one stream of completion chunks; what is not text has no place in them."""

    heartbeat = b": keep-alive\n\n"
    alike = None

    def __init__(self, asked: Asked) -> None:
        self._model = asked.model
        self._shows_usage = asked.include_usage

    def feed(self, chunk: ModelResponseStream) -> bytes:
        """Return the frame of a chunk; b"" for one without text or end."""
        choices = [
            _choice(choice.index, choice.delta.content or "", choice.finish_reason, choice.logprobs)
            for choice in chunk.choices
            if choice.delta.content or choice.finish_reason
        ]
        if not choices and not (self._shows_usage and chunk.usage is not None):
            return b""
        payload = {**_head(chunk.id, chunk.created, self._model), "choices": choices}
        if self._shows_usage:
            payload["usage"] = chunk.usage and chunk.usage.model_dump(exclude_none=True)
        return data_frame(payload)

    def finish(self) -> bytes:
        """Return the end marker."""
        return DONE

    def fail(self, failure: Failure) -> bytes:
        """Return the error as a last event, without an end marker."""
        return data_frame({"error": failure.members()})


def _head(name: str | None, created: int | None, model: str) -> dict[str, Any]:
    return {"id": name, "object": "text_completion", "created": created, "model": model}


def _choice(index: int, said: str, reason: str | None, logprobs: ChoiceLogprobs | None) -> dict[str, Any]:
    return {"text": said, "index": index, "logprobs": _old_logprobs(logprobs), "finish_reason": reason}


def _old_logprobs(logprobs: ChoiceLogprobs | None) -> Mapping[str, Any] | None:
    """Return log probabilities in the form of completions: one list a member, offsets from the start of the chunk."""
    if logprobs is None or logprobs.content is None:
        return None
    tokens = [entry.token for entry in logprobs.content]
    offsets = [sum(map(len, tokens[:place])) for place in range(len(tokens))]
    return {
        "tokens": tokens,
        "token_logprobs": [entry.logprob for entry in logprobs.content],
        "top_logprobs": [{top.token: top.logprob for top in entry.top_logprobs} for entry in logprobs.content],
        "text_offset": offsets,
    }
