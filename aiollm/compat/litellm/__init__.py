"""LiteLLM's module, over aiollm: `import aiollm.compat.litellm as litellm`, and the rest of a program stays as it is.

Functions, classes and errors have LiteLLM's names, arguments and shapes. Settings are attributes of this module, as in
`litellm.drop_params = True`; they hold for what is called through it, and for nothing else of aiollm. What is not there
raises an `AttributeError`, or an `UnsupportedParamsError`, that says what to use; `aiollm migrate` finds it beforehand,
and docs/migration.md has the whole list.
"""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from aiollm.cache.cache import Cache as _OwnCache
from aiollm.compat.litellm.caching import Cache, disable_cache, enable_cache, update_cache
from aiollm.compat.litellm.calls import (
    abatch_completion,
    abatch_completion_models,
    acompletion,
    acompletion_with_retries,
    aembedding,
    aresponses,
    batch_completion,
    batch_completion_models,
    batch_completion_models_all_responses,
    check_valid_key,
    completion,
    completion_with_retries,
    embedding,
    mock_completion,
    responses,
)
from aiollm.compat.litellm.exceptions import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    AuthenticationError,
    BadGatewayError,
    BadRequestError,
    BudgetExceededError,
    ContentPolicyViolationError,
    ContextWindowExceededError,
    InternalServerError,
    InvalidRequestError,
    MidStreamFallbackError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServiceUnavailableError,
    Timeout,
    UnprocessableEntityError,
    UnsupportedParamsError,
)
from aiollm.compat.litellm.integrations import custom_logger as _custom_logger  # noqa: F401  # litellm.integrations
from aiollm.compat.litellm.namespace import Namespace as _Namespace
from aiollm.compat.litellm.router import Router
from aiollm.compat.litellm.settings import log_everything as turn_on_debug
from aiollm.compat.litellm.streams import CustomStreamWrapper, ModelResponseListIterator
from aiollm.compat.litellm.text_completions import (
    TextChoices,
    TextCompletionResponse,
    atext_completion,
    text_completion,
)
from aiollm.compat.litellm.types.utils import (
    Choices,
    Delta,
    EmbeddingResponse,
    Message,
    ModelResponse,
    ModelResponseStream,
    StreamingChoices,
    Usage,
)
from aiollm.compat.litellm.utils import (
    close_litellm_async_clients,
    completion_cost,
    cost_per_token,
    decode,
    encode,
    function_to_dict,
    get_llm_provider,
    get_max_tokens,
    get_model_info,
    get_supported_openai_params,
    get_valid_models,
    register_model,
    stream_chunk_builder,
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
    token_counter,
    trim_messages,
    validate_environment,
)
from aiollm.compat.litellm.utils import should_retry as _should_retry  # noqa: F401  # LiteLLM's pages use it
from aiollm.router_arguments.error_counts import AllowedFailsPolicy, RetryPolicy

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "AllowedFailsPolicy",
    "AuthenticationError",
    "BadGatewayError",
    "BadRequestError",
    "BudgetExceededError",
    "Cache",
    "Choices",
    "ContentPolicyViolationError",
    "ContextWindowExceededError",
    "CustomStreamWrapper",
    "Delta",
    "EmbeddingResponse",
    "InternalServerError",
    "InvalidRequestError",
    "Message",
    "MidStreamFallbackError",
    "ModelResponse",
    "ModelResponseListIterator",
    "ModelResponseStream",
    "NotFoundError",
    "PermissionDeniedError",
    "RateLimitError",
    "RetryPolicy",
    "Router",
    "ServiceUnavailableError",
    "StreamingChoices",
    "TextChoices",
    "TextCompletionResponse",
    "Timeout",
    "UnprocessableEntityError",
    "UnsupportedParamsError",
    "Usage",
    "abatch_completion",
    "abatch_completion_models",
    "acompletion",
    "acompletion_with_retries",
    "aembedding",
    "aresponses",
    "atext_completion",
    "batch_completion",
    "batch_completion_models",
    "batch_completion_models_all_responses",
    "check_valid_key",
    "close_litellm_async_clients",
    "completion",
    "completion_cost",
    "completion_with_retries",
    "cost_per_token",
    "decode",
    "disable_cache",
    "embedding",
    "enable_cache",
    "encode",
    "function_to_dict",
    "get_llm_provider",
    "get_max_tokens",
    "get_model_info",
    "get_supported_openai_params",
    "get_valid_models",
    "mock_completion",
    "register_model",
    "responses",
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
    "text_completion",
    "token_counter",
    "trim_messages",
    "turn_on_debug",
    "update_cache",
    "validate_environment",
]

# Settings, for type checkers: what reads and writes them is the class of the module.
drop_params: bool
api_key: str | None
api_base: str | None
api_version: str | None
organization: str | None
headers: Mapping[str, str] | None
num_retries: int | None
request_timeout: Any
fallbacks: Sequence[Any] | None
default_fallbacks: Sequence[Any] | None
context_window_fallbacks: Sequence[Any] | None
content_policy_fallbacks: Sequence[Any] | None
model_alias_map: dict[str, str]
cache: _OwnCache | None
max_budget: float
set_verbose: bool
success_callback: list[Any]
failure_callback: list[Any]
callbacks: list[Any]
input_callback: list[Any]
_current_cost: float
model_cost: Mapping[str, Any]
model_list: list[str]
provider_list: list[str]

_turn_on_debug = turn_on_debug

sys.modules[__name__].__class__ = _Namespace
