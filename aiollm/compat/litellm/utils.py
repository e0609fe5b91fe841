"""What LiteLLM answers about models, messages and costs: aiollm's functions, and two of its own."""

from __future__ import annotations

from aiollm.engine.builder import stream_chunk_builder
from aiollm.providers.costs import completion_cost, cost_per_token
from aiollm.providers.inspection import get_llm_provider, get_supported_openai_params, validate_environment
from aiollm.providers.known_models import register_model
from aiollm.providers.model_info import (
    get_max_tokens,
    get_model_info,
    supports_assistant_prefill,
    supports_audio_input,
    supports_audio_output,
    supports_computer_use,
    supports_function_calling,
    supports_parallel_function_calling,
    supports_pdf_input,
    supports_prompt_caching,
    supports_reasoning,
    supports_response_schema,
    supports_system_messages,
    supports_tool_choice,
    supports_url_context,
    supports_vision,
    supports_web_search,
)
from aiollm.providers.tokens import decode, encode, token_counter
from aiollm.providers.trimming import trim_messages

__all__ = [
    "close_litellm_async_clients",
    "completion_cost",
    "cost_per_token",
    "decode",
    "encode",
    "get_llm_provider",
    "get_max_tokens",
    "get_model_info",
    "get_supported_openai_params",
    "register_model",
    "should_retry",
    "stream_chunk_builder",
    "supports_assistant_prefill",
    "supports_audio_input",
    "supports_audio_output",
    "supports_computer_use",
    "supports_function_calling",
    "supports_parallel_function_calling",
    "supports_pdf_input",
    "supports_prompt_caching",
    "supports_reasoning",
    "supports_response_schema",
    "supports_system_messages",
    "supports_tool_choice",
    "supports_url_context",
    "supports_vision",
    "supports_web_search",
    "token_counter",
    "trim_messages",
    "validate_environment",
]

_WORTH_A_RETRY = frozenset({408, 409, 429})


def should_retry(status_code: int) -> bool:
    """Whether LiteLLM takes a status for one that a further try may mend."""
    return status_code in _WORTH_A_RETRY or status_code >= 500


async def close_litellm_async_clients() -> None:
    """Do nothing: connections close with their event loop."""
