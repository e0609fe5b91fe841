"""What LiteLLM answers about models, messages and costs: aiollm's functions, and a few of its own."""

from __future__ import annotations

from aiollm.compat.litellm.function_schema import function_to_dict
from aiollm.engine.builder import stream_chunk_builder
from aiollm.providers.costs import completion_cost, cost_per_token
from aiollm.providers.inspection import get_llm_provider, get_supported_openai_params, validate_environment
from aiollm.providers.known_models import register_model, table
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
from aiollm.providers.registry import PROCESS_ENVIRONMENT, providers
from aiollm.providers.tokens import decode, encode, token_counter
from aiollm.providers.trimming import trim_messages

__all__ = [
    "close_litellm_async_clients",
    "completion_cost",
    "cost_per_token",
    "decode",
    "encode",
    "function_to_dict",
    "get_llm_provider",
    "get_max_tokens",
    "get_model_info",
    "get_supported_openai_params",
    "get_valid_models",
    "register_model",
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


def get_valid_models(custom_llm_provider: str | None = None) -> list[str]:
    """Return the models of the table whose provider's key is in the environment, sorted; or of one provider only."""
    usable = {name for name, row in providers().items() if PROCESS_ENVIRONMENT.first(row.key_env) is not None}
    if custom_llm_provider:
        usable &= {custom_llm_provider}
    return sorted(model for model, facts in table().items() if facts.get("litellm_provider") in usable)


_WORTH_A_RETRY = frozenset({408, 409, 429})


def _should_retry(status_code: int) -> bool:  # pyright: ignore[reportUnusedFunction]  # LiteLLM's pages use it
    """Whether LiteLLM takes a status for one that a further try may mend."""
    return status_code in _WORTH_A_RETRY or status_code >= 500


async def close_litellm_async_clients() -> None:
    """Do nothing: connections close with their event loop."""
