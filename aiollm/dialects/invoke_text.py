"""Llama's and Mistral's own formats under InvokeModel: one prompt in, text out.

The templates are Meta's and Mistral's; the members of bodies and events are AWS's, and recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from aiollm.dialects.base import Context
from aiollm.dialects.body import accepted_parameters, converted_messages, json_request, stop_list
from aiollm.dialects.converse_usage import METRICS
from aiollm.dialects.errors import error_from_reply
from aiollm.dialects.single_choice import SingleChoiceDecoder, whole_answer
from aiollm.dialects.split import split_answer
from aiollm.exceptions import APIError
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.endpoint import Endpoint
from aiollm.types.lenient import whole_number
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse
from aiollm.types.usage import Usage
from aiollm.wire.frame import Frame, Framer
from aiollm.wire.http import HttpRequest, ReplyHead
from aiollm.wire.sse import SSEFramer

__all__ = ["InvokeText", "llama_prompt", "mistral_prompt"]

Turn = tuple[str, str]
"""A role and a text."""

_INPUT_HEADER, _OUTPUT_HEADER = "x-amzn-bedrock-input-token-count", "x-amzn-bedrock-output-token-count"


def llama_prompt(turns: Sequence[Turn], model: str) -> str:
    """Return a conversation as Llama was trained on it: three generations, three templates."""
    if "llama2" in model:
        return mistral_prompt(turns, model)
    begin, end, over = ("<|header_start|>", "<|header_end|>", "<|eot|>")
    if "llama4" not in model:
        begin, end, over = ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>")
    said = "".join(f"{begin}{role}{end}\n\n{text}{over}" for role, text in turns)
    return f"<|begin_of_text|>{said}{begin}assistant{end}\n\n"


def mistral_prompt(turns: Sequence[Turn], model: str) -> str:
    """Return a conversation in the template of Mistral, and of Llama 2: the system's words lead the user's."""
    prompt, asked = "<s>", ""
    for role, text in turns:
        if role == "assistant":
            prompt += f"[INST] {asked} [/INST] {text}</s>"
            asked = ""
        else:
            asked = f"{asked}\n\n{text}" if asked else text
    return f"{prompt}[INST] {asked} [/INST]" if asked else prompt


class InvokeText:
    """A prompt in; text, and why it ended, out.

    Args:
        prompt: makes the prompt of a conversation, for the model named.
    """

    def __init__(self, prompt: Callable[[Sequence[Turn], str], str]) -> None:
        self._prompt = prompt

    def framer(self) -> Framer:
        """Return a framer for events that are not wrapped; `Invoke` brings its own."""
        return SSEFramer()

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        params = accepted_parameters(request, endpoint)
        if "stop" in params:
            params["stop"] = stop_list(params["stop"])
        turns = converted_messages(request, endpoint, _turn)
        return json_request({"prompt": self._prompt(turns, request.model.lower()), **params}, request, endpoint)

    def decoder(self, request: Request, context: Context) -> _TextDecoder:
        """Return a decoder for the events of a streamed reply."""
        return _TextDecoder(request, context)

    def decode(self, body: bytes, request: Request, context: Context) -> ModelResponse:
        """Return the answer in the body of a whole reply."""
        return whole_answer(body, _TextDecoder(request, context))

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return error_from_reply(head, body, provider=endpoint.provider, model=request.model)

    def split(self, response: ModelResponse, context: Context, request: Request) -> Iterable[ModelResponseStream]:
        """Return a whole answer as the chunks of a stream."""
        return split_answer(response, context, request)


class _TextDecoder(SingleChoiceDecoder):
    """Turns `{"generation": ...}` (Llama) and `{"outputs": [{"text": ...}]}` (Mistral) into chunks."""

    def _events(self, frame: Frame) -> Iterator[ModelResponseStream]:
        payload = self._object(frame.data)
        if "outputs" in payload:
            text, native = payload["outputs"][0]["text"], payload["outputs"][0].get("stop_reason")
        else:
            text, native = payload.get("generation") or "", payload.get("stop_reason")
        if chunk := self._plain(text, ""):
            yield chunk
        self.usage: Usage | None = self._usage(payload) or self.usage
        if native and not self.finished:
            yield self._finish(native)
        if self.finished and (METRICS in payload or not self._request.stream):
            self.done = True
            yield from self._end()

    def _usage(self, payload: Mapping[str, Any]) -> Usage | None:
        """Return the counts: at the end of a stream, or in the head of a whole reply."""
        metrics: dict[str, Any] = payload.get(METRICS) or {}
        headers = self._context.origin.headers
        if not metrics and not self._request.stream and _OUTPUT_HEADER in headers:
            metrics = {
                "inputTokenCount": int(headers.get(_INPUT_HEADER, 0)),
                "outputTokenCount": int(headers[_OUTPUT_HEADER]),
            }
        prompt = whole_number(metrics.get("inputTokenCount") or payload.get("prompt_token_count"))
        completion = whole_number(metrics.get("outputTokenCount") or payload.get("generation_token_count"))
        if not (prompt or completion):
            return None
        return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)


def _turn(message: Mapping[str, Any]) -> Turn:
    """Return a message's role and text; nothing else can be said in a prompt."""
    content = message.get("content") or ""
    parts = [content] if isinstance(content, str) else content
    texts = [part if isinstance(part, str) else part.get("text") for part in parts]
    if message.get("tool_calls") or message["role"] in ("tool", "function") or any(text is None for text in texts):
        raise ValueError("it has more than text, which this model's own format cannot say: leave out `invoke/`")
    return "system" if message["role"] == "developer" else message["role"], "".join(texts)
