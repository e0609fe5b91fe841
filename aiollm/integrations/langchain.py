"""A chat model of LangChain over aiollm (extra `langchain`).

    from aiollm.integrations.langchain import ChatAiollm

    model = ChatAiollm(model="groq/llama-3.3-70b-versatile", temperature=0)
    async for chunk in model.astream("Why is the sky blue?"):
        print(chunk.text, end="")

Leaving the loop over a stream closes its connection, and errors are aiollm's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import invalid_tool_call, tool_call, tool_call_chunk
from langchain_core.messages.utils import convert_to_openai_messages
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import ConfigDict, Field, SecretStr

from aiollm.providers.inspection import get_llm_provider
from aiollm.sync.client import Client
from aiollm.types.chunk import ModelResponseStream
from aiollm.types.response import Choices, ModelResponse
from aiollm.types.usage import Usage

__all__ = ["ChatAiollm"]

_OF_A_CALL = ("temperature", "max_tokens", "timeout", "max_retries", "api_base")


class ChatAiollm(BaseChatModel):
    """Any model of aiollm, as a chat model of LangChain.

    Attributes:
        model: "provider/model", as in `aiollm.acompletion`; with a router, the name of a group.
        api_key, api_base: where the model is, over the environment.
        temperature, max_tokens, stop, timeout, max_retries: as in `aiollm.acompletion`; `timeout` in seconds.
        model_kwargs: further arguments of each call.
        client: an `aiollm.Client` or `aiollm.Router`, whose policies hold for all calls.
    """

    model_config = ConfigDict(populate_by_name=True, arbitrary_types_allowed=True)

    model: str = Field(alias="model_name")
    api_key: SecretStr | None = None
    api_base: str | None = Field(default=None, alias="base_url")
    temperature: float | None = None
    max_tokens: int | None = None
    stop: list[str] | None = Field(default=None, alias="stop_sequences")
    timeout: Any = Field(default=None, alias="request_timeout")
    max_retries: int | None = None
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    client: Any = Field(default_factory=Client, exclude=True, repr=False)

    @property
    def _llm_type(self) -> str:
        return "aiollm"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, **{name: getattr(self, name) for name in _OF_A_CALL}, **self.model_kwargs}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        name, provider = self._place(kwargs.get("model") or self.model)
        params["ls_provider"], params["ls_model_name"] = provider, name
        return params

    def _place(self, model: str) -> tuple[str, str]:
        try:
            name, provider, _, _ = get_llm_provider(model)
        except Exception:  # noqa: BLE001  # a router's group has any name; this is for traces only
            return model, "aiollm"
        return name, provider

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return a model that may call tools.

        Args:
            tools: functions, pydantic classes, tools, or OpenAI's dicts.
            tool_choice: "auto", "none", "any" or "required" (or True), or the name of the tool that must be called.
            kwargs: further arguments of each call.
        """
        known = [convert_to_openai_tool(tool, strict=kwargs.pop("strict", None)) for tool in tools]
        if tool_choice is not None and tool_choice is not False:
            kwargs["tool_choice"] = _choice(tool_choice, [tool["function"]["name"] for tool in known])
        return self.bind(tools=known, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result(self.client.completion(**self._arguments(messages, stop, kwargs)))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return _result(await self.client.acompletion(**self._arguments(messages, stop, kwargs)))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with self.client.completion(**self._streamed(messages, stop, kwargs)) as stream:
            for chunk in stream:
                piece = _piece(chunk)
                if run_manager is not None:
                    run_manager.on_llm_new_token(piece.text, chunk=piece)
                yield piece

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async with await self.client.acompletion(**self._streamed(messages, stop, kwargs)) as stream:
            async for chunk in stream:
                piece = _piece(chunk)
                if run_manager is not None:
                    await run_manager.on_llm_new_token(piece.text, chunk=piece)
                yield piece

    def _streamed(self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]) -> dict[str, Any]:
        usage = {"include_usage": kwargs.pop("stream_usage", True)}
        return {"stream_options": usage, **self._arguments(messages, stop, kwargs), "stream": True}

    def _arguments(self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]) -> dict[str, Any]:
        own = {name: value for name in _OF_A_CALL if (value := getattr(self, name)) is not None}
        if self.api_key is not None:
            own["api_key"] = self.api_key.get_secret_value()
        if stop or self.stop:
            own["stop"] = stop or self.stop
        kwargs.pop("ls_structured_output_format", None)  # for traces only
        asked = convert_to_openai_messages(messages, pass_through_unknown_blocks=True)
        return {"model": self.model, "messages": asked, **own, **self.model_kwargs, **kwargs}


def _choice(wanted: str | Mapping[str, Any] | bool, names: Sequence[str]) -> Any:
    if wanted is True or wanted == "any":
        return "required"
    return {"type": "function", "function": {"name": wanted}} if wanted in names else wanted


def _result(response: ModelResponse) -> ChatResult:
    told = {"model_name": response.model, "model_provider": response._hidden_params.get("custom_llm_provider")}
    return ChatResult(
        generations=[
            ChatGeneration(
                message=_message(choice, response, {**told, "finish_reason": choice.finish_reason}),
                generation_info={"finish_reason": choice.finish_reason},
            )
            for choice in response.choices
        ]
    )


def _message(choice: Choices, response: ModelResponse, told: dict[str, Any]) -> AIMessage:
    calls, invalid = [], []
    for call in choice.message.tool_calls or ():
        function = call.function
        if function is None:  # a custom tool's, which LangChain has no place for
            continue
        try:
            arguments = msgspec.json.decode(function.arguments or "{}", type=dict[str, Any])
        except msgspec.DecodeError as error:
            invalid.append(invalid_tool_call(name=function.name, args=function.arguments, id=call.id, error=str(error)))
        else:
            calls.append(tool_call(name=function.name or "", args=arguments, id=call.id))
    reasoning = choice.message.reasoning_content
    return AIMessage(
        content=choice.message.content or "",
        tool_calls=calls,
        invalid_tool_calls=invalid,
        additional_kwargs={"reasoning_content": reasoning} if reasoning else {},
        response_metadata=told,
        usage_metadata=_usage(response.usage),
        id=response.id,
    )


def _piece(chunk: ModelResponseStream) -> ChatGenerationChunk:
    choice = next(iter(chunk.choices), None)
    told = {"finish_reason": choice.finish_reason, "model_name": chunk.model} if choice and choice.finish_reason else {}
    calls = [
        tool_call_chunk(
            name=call.function.name if call.function else None,
            args=call.function.arguments if call.function else None,
            id=call.id,
            index=call.index,
        )
        for call in (choice.delta.tool_calls if choice else None) or ()
    ]
    reasoning = choice.delta.reasoning_content if choice else None
    return ChatGenerationChunk(
        message=AIMessageChunk(
            content=(choice.delta.content if choice else None) or "",
            tool_call_chunks=calls,
            additional_kwargs={"reasoning_content": reasoning} if reasoning else {},
            response_metadata=told,
            usage_metadata=_usage(chunk.usage),
            id=chunk.id,
        ),
        generation_info=told or None,
    )


def _usage(usage: Usage | None) -> UsageMetadata | None:
    if usage is None:
        return None
    prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
    found = UsageMetadata(input_tokens=prompt, output_tokens=completion, total_tokens=prompt + completion)
    if cached := getattr(usage.get("prompt_tokens_details"), "cached_tokens", None):
        found["input_token_details"] = InputTokenDetails(cache_read=cached)
    if reasoning := getattr(usage.get("completion_tokens_details"), "reasoning_tokens", None):
        found["output_token_details"] = OutputTokenDetails(reasoning=reasoning)
    return found
