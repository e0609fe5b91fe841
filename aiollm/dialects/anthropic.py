"""Anthropic Messages: Claude at Anthropic's own address and, with other parameters of the class, on the clouds.

Sources: the API's manual (https://platform.claude.com/docs/en/api/messages) and the official client's types.

Not as in LiteLLM 1.109.1: calls that the server makes itself are no `tool_calls`; an error in mid-stream has the class
of its kind; a schema is sent as `output_config`, without the name of a preview; `strict` of a tool is kept; sound is
refused and not dropped; a budget of thinking stays below `max_tokens`; chunks have the message's own id; a cut answer
raises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from aiollm.dialects.anthropic_models import Model, model_facts, sampling_of
from aiollm.dialects.anthropic_parameters import answers_by_tool, member_parameters
from aiollm.dialects.anthropic_stream import AnthropicDecoder
from aiollm.dialects.anthropic_turns import called_tools, claude_turns
from aiollm.dialects.base import Context
from aiollm.dialects.body import accepted_parameters, json_request, put_into_form
from aiollm.dialects.errors import error_from_reply
from aiollm.dialects.single_choice import whole_answer
from aiollm.dialects.split import split_answer
from aiollm.exceptions import APIError
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.types.response import ModelResponse
from aiollm.types.shape import EMPTY
from aiollm.wire.frame import Framer
from aiollm.wire.http import HttpRequest, ReplyHead
from aiollm.wire.sse import SSEFramer

__all__ = ["Anthropic", "on_foundry", "on_vertex"]

WITHOUT_SAMPLING = "2026-10-21"
"""The version of the API from which on no model takes the parameters of sampling."""

_BETAS = {"context_management": "context-management-2025-06-27"}


class Anthropic:
    """A JSON body in, server-sent events or one JSON object out.

    Args:
        framer: cuts the body of a streamed reply into the events.
        body: members that every request has, such as `anthropic_version` where a cloud wants it there.
        left_out: members that no request has, such as `model` where it is part of the URL.
        betas_in_body: whether `anthropic_beta` is a member of the body, and not a header.
        schemas: whether the host takes a schema for the answer where the model does.
    """

    def __init__(
        self,
        *,
        framer: Callable[[], Framer] = SSEFramer,
        body: Mapping[str, Any] | None = None,
        left_out: frozenset[str] = frozenset(),
        betas_in_body: bool = False,
        schemas: bool = True,
    ) -> None:
        self._framer = framer
        self._body = body or {}
        self._left_out = left_out
        self._betas_in_body = betas_in_body
        self._schemas = schemas

    def framer(self) -> Framer:
        """Return a framer for the body of a streamed reply."""
        return self._framer()

    def encode(self, request: Request, endpoint: Endpoint) -> HttpRequest:
        """Return the HTTP request, but for its authentication."""
        body = put_into_form(self._written, request, endpoint)
        betas: list[str] = [] if self._betas_in_body else body.pop("anthropic_beta", [])
        headers = {"anthropic-beta": ",".join(betas)} if betas else {}
        return json_request(body, request, endpoint, headers=headers)

    def decoder(self, request: Request, context: Context) -> AnthropicDecoder:
        """Return a decoder for the events of a streamed reply."""
        return AnthropicDecoder(request, context, answers_by_tool=self._answers_by_tool(request))

    def decode(self, body: bytes, request: Request, context: Context) -> ModelResponse:
        """Return the answer in the body of a whole reply."""
        return whole_answer(body, self.decoder(request, context))

    def error(self, head: ReplyHead, body: bytes, request: Request, endpoint: Endpoint) -> APIError:
        """Return the error that a reply with a failure status stands for."""
        return error_from_reply(head, body, provider=endpoint.provider, model=request.model)

    def split(self, response: ModelResponse, context: Context, request: Request) -> Iterable[ModelResponseStream]:
        """Return a whole answer as the chunks of a stream."""
        return split_answer(response, context, request)

    def _written(self, request: Request, endpoint: Endpoint) -> dict[str, Any]:
        """Return the body, with the names of the previews that it makes use of in it."""
        model = self._model(request)
        params = accepted_parameters(request, endpoint, _not_taken(request, endpoint, model))
        betas = [*params.pop("betas", ()), *params.pop("anthropic_beta", ())]
        body = self._body_of(request, params, model)
        betas = list(dict.fromkeys([*betas, *_needed_betas(body)]))
        return {**body, "anthropic_beta": betas} if betas else body

    def _body_of(self, request: Request, params: Mapping[str, Any], model: Model) -> dict[str, Any]:
        system, turns = claude_turns(request.messages)
        members = member_parameters(params, model, drop=request.drop_params)
        if user_id := request.metadata.get("user_id"):
            members.setdefault("metadata", {"user_id": user_id})
        if not members.get("tools") and (names := called_tools(turns)):
            # Calls in the history are refused where no tool is defined.
            members["tools"] = [{"name": name, "input_schema": {"type": "object"}} for name in names]
            members["tool_choice"] = {"type": "none"}
        body = {**self._body, "model": request.model, "messages": turns, **members}
        if system:
            body["system"] = [*system, *_blocks(members.get("system"))]
        if request.stream:
            body["stream"] = True
        return {name: value for name, value in body.items() if name not in self._left_out}

    def _model(self, request: Request) -> Model:
        model = model_facts(request.model)
        return model if self._schemas else model._replace(schemas=False)

    def _answers_by_tool(self, request: Request) -> bool:
        return "response_format" in request.params and answers_by_tool(request.params, self._model(request))


def on_foundry() -> Anthropic:
    """Return the dialect of Microsoft Foundry: schemas are a preview there, and by a tool it works everywhere."""
    return Anthropic(schemas=False)


def on_vertex() -> Anthropic:
    """Return the dialect of Vertex AI: the model stands in the path (the official client's lib/vertex).

    LiteLLM sends no schemas there.
    """
    return Anthropic(body={"anthropic_version": "vertex-2023-10-16"}, left_out=frozenset({"model"}), schemas=False)


def _not_taken(request: Request, endpoint: Endpoint, model: Model) -> frozenset[str]:
    """Return the parameters that the model, or the version of the API, does not take."""
    names: set[str] = set() if model.thinks else {"reasoning_effort"}
    given = {name.lower(): value for name, value in {**endpoint.headers, **request.extra_headers}.items()}
    if not model.samples or given.get("anthropic-version", "") >= WITHOUT_SAMPLING:
        names |= sampling_of(request.params)
    return frozenset(names)


def _needed_betas(body: Mapping[str, Any]) -> Iterable[str]:
    """Yield the names of the previews that the request makes use of and that the API wants to be named."""
    yield from (beta for member, beta in _BETAS.items() if body.get(member))
    blocks = (block for turn in body["messages"] for block in turn["content"])
    if any((block.get("source") or EMPTY).get("type") == "file" for block in blocks):
        yield "files-api-2025-04-14"


def _blocks(system: Any) -> list[Any]:
    """Return a system prompt that was given as Anthropic's own parameter as blocks."""
    return [{"type": "text", "text": system}] if isinstance(system, str) else list(system or ())
