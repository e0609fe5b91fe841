"""A model of Pydantic AI over aiollm (extra `pydantic-ai`).

    from pydantic_ai import Agent
    from aiollm.integrations.pydantic_ai import AiollmModel

    agent = Agent(AiollmModel("groq/llama-3.3-70b-versatile"))
    print((await agent.run("Why is the sky blue?")).output)

What a provider or the network does to a call raises `ModelHTTPError` or `ModelAPIError`; aiollm's error is the cause.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError, UserError
from pydantic_ai.messages import (
    BinaryContent,
    ImageUrl,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponsePart,
    ModelResponseStreamEvent,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.profiles import ModelProfileSpec
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition
from pydantic_ai.usage import RequestUsage

from aiollm.engine.stream import ChunkStream
from aiollm.exceptions import APIError
from aiollm.sync.client import Client
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.response import ModelResponse as Answer
from aiollm.types.usage import Usage

__all__ = ["AiollmModel"]

_SETTINGS = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "timeout": "timeout",
    "parallel_tool_calls": "parallel_tool_calls",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "logit_bias": "logit_bias",
    "stop_sequences": "stop",
    "extra_headers": "extra_headers",
    "extra_body": "extra_body",
}
_REASONS = {
    "stop": "stop",
    "length": "length",
    "content_filter": "content_filter",
    "tool_calls": "tool_call",
    "function_call": "tool_call",
}


class AiollmModel(Model):
    """Any model of aiollm, as a model of Pydantic AI.

    Args:
        model: "provider/model", as in `aiollm.acompletion`; with a router, the name of a group.
        client: an `aiollm.Client` or `aiollm.Router`, whose policies hold for all calls.
        settings: Pydantic AI's settings of all calls.
        profile: Pydantic AI's notes on what the model can do.
        options: further arguments of each call, such as `api_key` and `api_base`.
    """

    def __init__(
        self,
        model: str,
        *,
        client: Any = None,
        settings: ModelSettings | None = None,
        profile: ModelProfileSpec | None = None,
        **options: Any,
    ) -> None:
        super().__init__(settings=settings, profile=profile)
        self._model = model
        self._client = Client() if client is None else client
        self._options = options

    @property
    def model_name(self) -> str:
        """The model's name, with its prefix."""
        return self._model

    @property
    def system(self) -> str:
        """The provider's name, as traces have it: the prefix of the model's name."""
        provider, found, _ = self._model.partition("/")
        return provider if found else "aiollm"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Ask for a whole answer. Cancelling closes the connection."""
        settings, parameters = self.prepare_request(model_settings, model_request_parameters)
        with _errors(self._model):
            answer = await self._client.acompletion(**self._arguments(messages, settings, parameters))
        return _response(answer, self.system)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """Ask for a stream. Leaving the block, and cancelling, close the connection."""
        settings, parameters = self.prepare_request(model_settings, model_request_parameters)
        arguments = self._arguments(messages, settings, parameters)
        with _errors(self._model):
            stream = await self._client.acompletion(**arguments, stream=True, stream_options={"include_usage": True})
        async with stream:
            yield _Streamed(model_request_parameters=parameters, stream=stream, asked=self._model, provider=self.system)

    def _arguments(
        self, messages: list[ModelMessage], settings: ModelSettings | None, parameters: ModelRequestParameters
    ) -> dict[str, Any]:
        given: dict[str, Any] = dict(settings or {})
        found = {own: given[name] for name, own in _SETTINGS.items() if given.get(name) is not None}
        asked = [message for one in messages for message in _asked(one)]
        if instructions := self._get_instruction_parts(messages, parameters):
            text = "\n\n".join(part.content for part in instructions)
            asked.insert(0, {"role": "system", "content": text})
        tools = [*parameters.function_tools, *parameters.output_tools]
        if tools:
            found["tools"] = [_tool(tool) for tool in tools]
            if not parameters.allow_text_output:
                found["tool_choice"] = "required"
        else:
            found.pop("parallel_tool_calls", None)
        if parameters.output_mode == "native" and (shape := parameters.output_object) is not None:
            schema = {"name": shape.name or "answer", "schema": shape.json_schema, "strict": bool(shape.strict)}
            found["response_format"] = {"type": "json_schema", "json_schema": schema}
        return {"model": self._model, "messages": asked, **self._options, **found}


@dataclass
class _Streamed(StreamedResponse):
    """One answer as it comes, in the events of Pydantic AI."""

    stream: ChunkStream
    asked: str
    provider: str
    began: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        with _errors(self.asked):
            async for chunk in self.stream:
                if chunk.usage is not None:
                    self._usage = _usage(chunk.usage)
                for event in self._events(chunk):
                    yield event

    def _events(self, chunk: ModelResponseStream) -> Iterator[ModelResponseStreamEvent]:
        for choice in chunk.choices:
            self.provider_response_id = chunk.id
            if choice.finish_reason is not None:
                self.finish_reason = _REASONS.get(choice.finish_reason)  # type: ignore[assignment]
            delta = choice.delta
            if delta.reasoning_content:
                yield from self._parts_manager.handle_thinking_delta(
                    vendor_part_id="thinking", content=delta.reasoning_content
                )
            if delta.content:
                yield from self._parts_manager.handle_text_delta(vendor_part_id="text", content=delta.content)
            for call in delta.tool_calls or ():
                yield from self._parts_manager.handle_tool_call_delta_events(
                    vendor_part_id=call.index,
                    tool_name=call.function and call.function.name,
                    args=call.function and call.function.arguments,
                    tool_call_id=call.id,
                )

    async def close_stream(self) -> None:
        """Close the connection."""
        await self.stream.aclose()

    @property
    def model_name(self) -> str:
        """The model's name, with its prefix."""
        return self.asked

    @property
    def provider_name(self) -> str:
        """The provider's name."""
        return self.provider

    @property
    def provider_url(self) -> str | None:
        """Where the answer comes from."""
        url: str | None = self.stream._hidden_params.get("api_base")
        return url

    @property
    def timestamp(self) -> datetime:
        """When it began."""
        return self.began


@contextmanager
def _errors(model: str) -> Generator[None, None, None]:
    """Raise Pydantic AI's errors, which its fallback model looks for."""
    try:
        yield
    except APIError as error:
        if error.status_code is not None and error.status_code >= 400:
            raise ModelHTTPError(status_code=error.status_code, model_name=model, body=str(error)) from error
        raise ModelAPIError(model_name=model, message=str(error)) from error


def _asked(message: ModelMessage) -> Iterator[dict[str, Any]]:
    """Yield a message of Pydantic AI as messages of a chat."""
    if isinstance(message, ModelRequest):
        for part in message.parts:
            yield _asked_part(part)
        return
    text = "".join(part.content for part in message.parts if isinstance(part, TextPart))
    calls = [
        {
            "id": part.tool_call_id,
            "type": "function",
            "function": {"name": part.tool_name, "arguments": part.args_as_json_str()},
        }
        for part in message.parts
        if isinstance(part, ToolCallPart)
    ]
    if text or calls:
        yield {"role": "assistant", "content": text or None, **({"tool_calls": calls} if calls else {})}


def _asked_part(part: Any) -> dict[str, Any]:
    if isinstance(part, SystemPromptPart):
        return {"role": "system", "content": part.content}
    if isinstance(part, UserPromptPart):
        return {"role": "user", "content": _content(part.content)}
    if isinstance(part, ToolReturnPart):
        return {"role": "tool", "tool_call_id": part.tool_call_id, "content": part.model_response_str()}
    raise UserError(f"AiollmModel cannot send a {type(part).__name__}")


def _content(content: Any) -> Any:
    if isinstance(content, str):
        return content
    return [_content_part(item) for item in content]


def _content_part(item: Any) -> dict[str, Any]:
    if isinstance(item, str):
        return {"type": "text", "text": item}
    if isinstance(item, ImageUrl):
        return {"type": "image_url", "image_url": {"url": item.url}}
    if isinstance(item, BinaryContent) and item.is_image:
        return {"type": "image_url", "image_url": {"url": item.data_uri}}
    raise UserError(f"AiollmModel takes text and images; got a {type(item).__name__}")


def _tool(tool: ToolDefinition) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description or "", "parameters": tool.parameters_json_schema}
    return {"type": "function", "function": function if tool.strict is None else {**function, "strict": tool.strict}}


def _response(answer: Answer, provider: str) -> ModelResponse:
    choice = answer.choices[0]
    parts: list[ModelResponsePart] = []
    if choice.message.reasoning_content:
        parts.append(ThinkingPart(content=choice.message.reasoning_content))
    if choice.message.content:
        parts.append(TextPart(content=choice.message.content))
    parts += [
        ToolCallPart(tool_name=call.function.name, args=call.function.arguments, tool_call_id=call.id)
        for call in choice.message.tool_calls or ()
        if call.function is not None
    ]
    return ModelResponse(
        parts=parts,
        usage=_usage(answer.usage),
        model_name=answer.model,
        provider_name=provider,
        provider_response_id=answer.id,
        finish_reason=_REASONS.get(choice.finish_reason or ""),  # type: ignore[arg-type]
    )


def _usage(usage: Usage | None) -> RequestUsage:
    if usage is None:
        return RequestUsage()
    cached = getattr(usage.get("prompt_tokens_details"), "cached_tokens", None)
    return RequestUsage(
        input_tokens=usage.prompt_tokens or 0,
        output_tokens=usage.completion_tokens or 0,
        cache_read_tokens=cached or 0,
    )
