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
from aiollm.compat.litellm import utils
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
from aiollm.compat.litellm.integrations import custom_logger as _custom_logger  # noqa: F401  # pyright: ignore[reportUnusedImport]  # litellm.integrations
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
from aiollm.compat.litellm.utils import *  # noqa: F403  # its own list says what
from aiollm.compat.litellm.utils import _should_retry  # noqa: F401  # pyright: ignore[reportUnusedImport, reportPrivateUsage]  # LiteLLM's pages use it
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
    "completion",
    "completion_with_retries",
    "disable_cache",
    "embedding",
    "enable_cache",
    "mock_completion",
    "responses",
    "text_completion",
    "turn_on_debug",
    "update_cache",
]
__all__ += utils.__all__

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
