"""An LLM of LlamaIndex over aiollm (extra `llama-index`).

    from aiollm.integrations.llama_index import Aiollm

    llm = Aiollm(model="groq/llama-3.3-70b-versatile")
    print(llm.complete("Why is the sky blue?").text)

Leaving the loop over a stream closes its connection, and errors are aiollm's.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from typing import Any

import msgspec
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    ContentBlock,
    ImageBlock,
    LLMMetadata,
    MessageRole,
    TextBlock,
    ToolCallBlock,
)
from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools.types import BaseTool

from aiollm.dialects.assembly import Assembler
from aiollm.exceptions import BadRequestError
from aiollm.providers.model_info import get_model_info
from aiollm.sync.client import Client
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.response import ModelResponse

__all__ = ["Aiollm"]

_OF_A_CALL = ("temperature", "max_tokens", "timeout", "max_retries", "api_base")


class Aiollm(FunctionCallingLLM):
    """Any model of aiollm, as an LLM of LlamaIndex.

    Args:
        model: "provider/model", as in `aiollm.acompletion`; with a router, the name of a group.
        api_key, api_base: where the model is, over the environment.
        temperature, max_tokens, timeout, max_retries: as in `aiollm.acompletion`; `timeout` in seconds.
        context_window: tokens, where the table of models does not know it.
        is_function_calling_model: whether it can call tools, where the table does not know it.
        additional_kwargs: further arguments of each call.
        client: an `aiollm.Client` or `aiollm.Router`, whose policies hold for all calls.
    """

    model: str = Field(description='"provider/model", as in aiollm.acompletion')
    api_base: str | None = Field(default=None)
    temperature: float | None = Field(default=None)
    max_tokens: int | None = Field(default=None)
    timeout: float | None = Field(default=None)
    max_retries: int | None = Field(default=None)
    context_window: int | None = Field(default=None)
    is_function_calling_model: bool | None = Field(default=None)
    additional_kwargs: dict[str, Any] = Field(default_factory=dict)

    _client: Any = PrivateAttr()
    _api_key: Any = PrivateAttr()

    def __init__(self, model: str, *, api_key: Any = None, client: Any = None, **fields: Any) -> None:
        super().__init__(model=model, **fields)
        self._api_key = api_key
        self._client = Client() if client is None else client

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex keeps it."""
        return "aiollm_llm"

    @property
    def metadata(self) -> LLMMetadata:
        """What the table of models knows of the model."""
        try:
            known: Mapping[str, Any] = get_model_info(self.model)
        except BadRequestError:  # a router's group, or a model that nobody has heard of
            known = {}
        calls = self.is_function_calling_model
        found = {
            "context_window": self.context_window or known.get("max_input_tokens"),
            "num_output": self.max_tokens or known.get("max_output_tokens"),
            "is_function_calling_model": known.get("supports_function_calling", True) if calls is None else calls,
        }
        told = {name: value for name, value in found.items() if value is not None}
        return LLMMetadata(model_name=self.model, is_chat_model=True, **told)

    # Chat

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Ask for a whole answer, and wait for it."""
        return _answer(self._client.completion(**self._arguments(messages, kwargs)))

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Ask for a whole answer. Cancelling closes the connection."""
        return _answer(await self._client.acompletion(**self._arguments(messages, kwargs)))

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Ask for a stream: each response has the text so far, and what came last in `delta`."""
        stream = self._client.completion(**self._arguments(messages, kwargs), stream=True)

        def responses() -> Generator[ChatResponse, None, None]:
            growing = _Growing()
            with stream:
                for chunk in stream:
                    yield growing.with_chunk(chunk)

        return responses()

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """Ask for a stream: the asynchronous twin of `stream_chat`. Cancelling closes the connection."""
        stream = await self._client.acompletion(**self._arguments(messages, kwargs), stream=True)

        async def responses() -> AsyncGenerator[ChatResponse, None]:
            growing = _Growing()
            async with stream:
                async for chunk in stream:
                    yield growing.with_chunk(chunk)

        return responses()

    # Completions, by way of a chat

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Ask to go on with a prompt, and wait for it."""
        return _completion(self.chat(_prompt(prompt), **kwargs))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Ask to go on with a prompt. Cancelling closes the connection."""
        return _completion(await self.achat(_prompt(prompt), **kwargs))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Ask to go on with a prompt, as a stream."""
        return (_completion(response) for response in self.stream_chat(_prompt(prompt), **kwargs))

    @llm_completion_callback()
    async def astream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseAsyncGen:
        """Ask to go on with a prompt, as a stream. Cancelling closes the connection."""
        chat = await self.astream_chat(_prompt(prompt), **kwargs)
        return (_completion(response) async for response in chat)

    # Tools

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        messages = list(chat_history or [])
        if user_msg is not None:
            messages.append(ChatMessage(user_msg) if isinstance(user_msg, str) else user_msg)
        asked = {"messages": messages, **kwargs}
        if tools:
            asked["tools"] = [tool.metadata.to_openai_tool() for tool in tools]
            asked["tool_choice"] = kwargs.get("tool_choice") or ("required" if tool_required else "auto")
        return asked

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """Return the tool calls of an answer.

        Raises:
            ValueError: it has none, and `error_on_no_tool_call` is true.
        """
        calls = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
        if not calls and error_on_no_tool_call:
            raise ValueError(f"the answer calls no tool: {response.message.content!r:.80}")
        return [
            ToolSelection(
                tool_id=call.tool_call_id or "", tool_name=call.tool_name, tool_kwargs=_kwargs(call.tool_kwargs)
            )
            for call in calls
        ]

    def _arguments(self, messages: Sequence[ChatMessage], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        own = {name: value for name in _OF_A_CALL if (value := getattr(self, name)) is not None}
        if self._api_key is not None:
            own["api_key"] = self._api_key
        return {
            "model": self.model,
            "messages": [_asked(message) for message in messages],
            **own,
            **self.additional_kwargs,
            **kwargs,
        }


class _Growing:
    """The answer of a stream so far."""

    def __init__(self) -> None:
        self._text = ""
        self._assembler = Assembler()
        self._calls = False

    def with_chunk(self, chunk: ModelResponseStream) -> ChatResponse:
        """Take in a chunk, and return the answer so far."""
        choice = next(iter(chunk.choices), None)
        delta = (choice.delta.content if choice else None) or ""
        self._text += delta
        blocks: list[ContentBlock] = [TextBlock(text=self._text)] if self._text else []
        if (choice and choice.delta.tool_calls) or self._calls:
            self._calls = True
            self._assembler.add(chunk)
            blocks += _calls(self._assembler.response())
        return ChatResponse(message=ChatMessage(blocks, role=MessageRole.ASSISTANT), delta=delta, raw=chunk)


def _prompt(prompt: str) -> list[ChatMessage]:
    return [ChatMessage(prompt)]


def _asked(message: ChatMessage) -> dict[str, Any]:
    """Return a message of LlamaIndex as one of a chat."""
    calls = [
        {
            "id": block.tool_call_id,
            "type": "function",
            "function": {"name": block.tool_name, "arguments": _json(block.tool_kwargs)},
        }
        for block in message.blocks
        if isinstance(block, ToolCallBlock)
    ]
    parts = [part for block in message.blocks if (part := _part(block)) is not None]
    texts = [part["text"] for part in parts if part["type"] == "text"]
    content: Any = "\n".join(texts) if len(texts) == len(parts) else parts
    asked: dict[str, Any] = {"role": message.role.value, "content": content or (None if calls else "")}
    if calls:
        asked["tool_calls"] = calls
    if "tool_call_id" in message.additional_kwargs:
        asked["tool_call_id"] = message.additional_kwargs["tool_call_id"]
    return asked


def _part(block: ContentBlock) -> dict[str, Any] | None:
    if isinstance(block, TextBlock):
        return {"type": "text", "text": block.text}
    if isinstance(block, ImageBlock):
        if block.url:
            return {"type": "image_url", "image_url": {"url": str(block.url)}}
        data = block.resolve_image(as_base64=True).read().decode()
        return {"type": "image_url", "image_url": {"url": f"data:{block.image_mimetype};base64,{data}"}}
    if isinstance(block, ToolCallBlock):
        return None
    raise BadRequestError(f"Aiollm takes text, images and tool calls; got a {type(block).__name__}", param="messages")


def _answer(response: ModelResponse) -> ChatResponse:
    message = response.choices[0].message
    blocks: list[ContentBlock] = [TextBlock(text=message.content)] if message.content else []
    told = {} if response.usage is None else dict(response.usage.items())
    return ChatResponse(
        message=ChatMessage([*blocks, *_calls(response)], role=MessageRole.ASSISTANT),
        raw=response,
        additional_kwargs=told,
    )


def _calls(response: ModelResponse | None) -> list[ToolCallBlock]:
    if response is None:
        return []
    return [
        ToolCallBlock(tool_call_id=call.id, tool_name=call.function.name or "", tool_kwargs=call.function.arguments)
        for call in response.choices[0].message.tool_calls or ()
        if call.function is not None
    ]


def _completion(response: ChatResponse) -> CompletionResponse:
    return CompletionResponse(
        text=response.message.content or "",
        delta=response.delta,
        raw=response.raw,
        additional_kwargs=response.additional_kwargs,
    )


def _kwargs(arguments: dict[str, Any] | str) -> dict[str, Any]:
    """Return the arguments of a call as a dict; LlamaIndex goes on with an empty one where they are no such JSON."""
    if isinstance(arguments, dict):
        return arguments
    try:
        return msgspec.json.decode(arguments or "{}", type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def _json(arguments: dict[str, Any] | str) -> str:
    return arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
