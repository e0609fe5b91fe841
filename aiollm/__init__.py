"""Streaming chat completions on asyncio and aiohttp, with LiteLLM's parameters and objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiollm import later
from aiollm.api import acompletion
from aiollm.cache.cache import Cache, CacheStats
from aiollm.cache.memory import MemoryStore
from aiollm.cache.store import CacheStore, StoreError
from aiollm.core.limited_scope import MoveOnScope, Scope, move_on, scope
from aiollm.core.limiter import Limiter
from aiollm.core.limiter_stats import LimiterStats
from aiollm.core.permit import Permit
from aiollm.core.settle import settle
from aiollm.engine.attempt import Attempt
from aiollm.engine.builder import stream_chunk_builder
from aiollm.engine.events import EventStream
from aiollm.engine.outcome import Outcome
from aiollm.engine.stats import StreamStats
from aiollm.engine.stream import ChunkStream
from aiollm.exceptions import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    AuthenticationError,
    BadGatewayError,
    BadRequestError,
    BudgetExceededError,
    ConnectError,
    ConnectTimeout,
    ContentPolicyViolationError,
    ContextWindowExceededError,
    DNSError,
    EventTooLarge,
    FirstTokenTimeout,
    IdleTimeout,
    InternalServerError,
    InvalidChunk,
    MidStreamFallbackError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    ProxyError,
    RateLimitError,
    ReaderTooSlow,
    ServiceUnavailableError,
    StreamCancelled,
    StreamInterrupted,
    StreamTruncated,
    Timeout,
    TLSError,
    ToolCallIncomplete,
    TotalTimeout,
    UnexpectedContentType,
    UnprocessableEntityError,
    UnsupportedParamsError,
    UnsupportedRuntime,
    WrongLoopError,
)
from aiollm.hooks.events import AttemptFailed, CallEnded, CallFacts, CallStarted, FirstContent
from aiollm.hooks.sink import Sink
from aiollm.middleware.budget import Budget
from aiollm.middleware.hedge import Hedge
from aiollm.middleware.retry import Retry
from aiollm.middleware.retry_budget import RetryBudget
from aiollm.providers import (
    Provider,
    get_llm_provider,
    get_supported_openai_params,
    register,
    validate_environment,
)
from aiollm.providers.known_models import register_model
from aiollm.router.stats import DeploymentStats
from aiollm.types.chunk import Delta, ModelResponseStream, StreamingChoices
from aiollm.types.embedding import Embedding, EmbeddingResponse
from aiollm.types.recovery import Recovery
from aiollm.types.response import Choices, Message, ModelResponse
from aiollm.types.responses import (
    ResponseContentPart,
    ResponseOutputItem,
    ResponsesAPIResponse,
    ResponsesStreamEvent,
    ResponseUsage,
)
from aiollm.types.secret import Secret
from aiollm.types.timeouts import Timeouts
from aiollm.types.tools import (
    ChatCompletionDeltaToolCall,
    ChatCompletionMessageToolCall,
    Function,
    FunctionCall,
)
from aiollm.types.usage import Usage

if TYPE_CHECKING:
    from aiollm.cache.redis import RedisStore
    from aiollm.cache.sqlite import SQLiteStore
    from aiollm.core.redis.limiter import RedisLimiter
    from aiollm.embedding_call import aembedding
    from aiollm.hooks.callbacks import CustomLogger, callbacks
    from aiollm.jobs.batch import abatch_completion
    from aiollm.jobs.estimate import Estimate
    from aiollm.jobs.job import Job, map
    from aiollm.jobs.jsonl_store import JSONLResults
    from aiollm.jobs.redis_store import RedisResults
    from aiollm.jobs.result import Result
    from aiollm.jobs.sqlite_store import SQLiteResults
    from aiollm.jobs.store import JobStore
    from aiollm.jobs.summary import Summary
    from aiollm.jobs.worker import BatchWorker
    from aiollm.providers.costs import completion_cost, cost_per_token
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
    from aiollm.providers.tokens import TokenCount, decode, encode, token_counter
    from aiollm.providers.trimming import trim_messages
    from aiollm.responses_call import aresponses
    from aiollm.router_arguments.error_counts import AllowedFailsPolicy, RetryPolicy
    from aiollm.router_arguments.group_info import ModelGroupInfo
    from aiollm.structured.tool_arguments import ToolArguments
    from aiollm.sync.client import Client
    from aiollm.sync.facade import completion, embedding, responses
    from aiollm.sync.jobs import SyncJob, batch_completion, map_sync
    from aiollm.sync.router import Router
    from aiollm.sync.stream import SyncEventStream, SyncStream

__version__ = "0.1.0"

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "AllowedFailsPolicy",
    "Attempt",
    "AttemptFailed",
    "AuthenticationError",
    "BadGatewayError",
    "BadRequestError",
    "BatchWorker",
    "Budget",
    "BudgetExceededError",
    "Cache",
    "CacheStats",
    "CacheStore",
    "CallEnded",
    "CallFacts",
    "CallStarted",
    "ChatCompletionDeltaToolCall",
    "ChatCompletionMessageToolCall",
    "Choices",
    "ChunkStream",
    "Client",
    "ConnectError",
    "ConnectTimeout",
    "ContentPolicyViolationError",
    "ContextWindowExceededError",
    "CustomLogger",
    "DNSError",
    "Delta",
    "DeploymentStats",
    "Embedding",
    "EmbeddingResponse",
    "Estimate",
    "EventStream",
    "EventTooLarge",
    "FirstContent",
    "FirstTokenTimeout",
    "Function",
    "FunctionCall",
    "Hedge",
    "IdleTimeout",
    "InternalServerError",
    "InvalidChunk",
    "JSONLResults",
    "Job",
    "JobStore",
    "Limiter",
    "LimiterStats",
    "MemoryStore",
    "Message",
    "MidStreamFallbackError",
    "ModelGroupInfo",
    "ModelResponse",
    "ModelResponseStream",
    "MoveOnScope",
    "NotFoundError",
    "Outcome",
    "OverloadedError",
    "PermissionDeniedError",
    "Permit",
    "Provider",
    "ProxyError",
    "RateLimitError",
    "ReaderTooSlow",
    "Recovery",
    "RedisLimiter",
    "RedisResults",
    "RedisStore",
    "ResponseContentPart",
    "ResponseOutputItem",
    "ResponseUsage",
    "ResponsesAPIResponse",
    "ResponsesStreamEvent",
    "Result",
    "Retry",
    "RetryBudget",
    "RetryPolicy",
    "Router",
    "SQLiteResults",
    "SQLiteStore",
    "Scope",
    "Secret",
    "ServiceUnavailableError",
    "Sink",
    "StoreError",
    "StreamCancelled",
    "StreamInterrupted",
    "StreamStats",
    "StreamTruncated",
    "StreamingChoices",
    "Summary",
    "SyncEventStream",
    "SyncJob",
    "SyncStream",
    "TLSError",
    "Timeout",
    "Timeouts",
    "TokenCount",
    "ToolArguments",
    "ToolCallIncomplete",
    "TotalTimeout",
    "UnexpectedContentType",
    "UnprocessableEntityError",
    "UnsupportedParamsError",
    "UnsupportedRuntime",
    "Usage",
    "WrongLoopError",
    "__version__",
    "abatch_completion",
    "acompletion",
    "aembedding",
    "aresponses",
    "batch_completion",
    "callbacks",
    "completion",
    "completion_cost",
    "cost_per_token",
    "decode",
    "embedding",
    "encode",
    "get_llm_provider",
    "get_max_tokens",
    "get_model_info",
    "get_supported_openai_params",
    "map",
    "map_sync",
    "move_on",
    "register",
    "register_model",
    "responses",
    "scope",
    "settle",
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

_LATER = {
    "AllowedFailsPolicy": "router_arguments.error_counts",
    "BatchWorker": "jobs.worker",
    "Client": "sync.client",
    "CustomLogger": "hooks.callbacks",
    "Estimate": "jobs.estimate",
    "JSONLResults": "jobs.jsonl_store",
    "Job": "jobs.job",
    "JobStore": "jobs.store",
    "ModelGroupInfo": "router_arguments.group_info",
    "RedisLimiter": "core.redis.limiter",
    "RedisResults": "jobs.redis_store",
    "RedisStore": "cache.redis",
    "Result": "jobs.result",
    "RetryPolicy": "router_arguments.error_counts",
    "Router": "sync.router",
    "SQLiteResults": "jobs.sqlite_store",
    "SQLiteStore": "cache.sqlite",
    "Summary": "jobs.summary",
    "SyncEventStream": "sync.stream",
    "SyncJob": "sync.jobs",
    "SyncStream": "sync.stream",
    "TokenCount": "providers.tokens",
    "ToolArguments": "structured.tool_arguments",
    "abatch_completion": "jobs.batch",
    "aembedding": "embedding_call",
    "aresponses": "responses_call",
    "batch_completion": "sync.jobs",
    "callbacks": "hooks.callbacks",
    "completion": "sync.facade",
    "completion_cost": "providers.costs",
    "cost_per_token": "providers.costs",
    "decode": "providers.tokens",
    "embedding": "sync.facade",
    "encode": "providers.tokens",
    "get_max_tokens": "providers.model_info",
    "get_model_info": "providers.model_info",
    "map": "jobs.job",
    "map_sync": "sync.jobs",
    "responses": "sync.facade",
    "supports_assistant_prefill": "providers.model_info",
    "supports_audio_input": "providers.model_info",
    "supports_audio_output": "providers.model_info",
    "supports_computer_use": "providers.model_info",
    "supports_function_calling": "providers.model_info",
    "supports_parallel_function_calling": "providers.model_info",
    "supports_pdf_input": "providers.model_info",
    "supports_prompt_caching": "providers.model_info",
    "supports_reasoning": "providers.model_info",
    "supports_response_schema": "providers.model_info",
    "supports_system_messages": "providers.model_info",
    "supports_tool_choice": "providers.model_info",
    "supports_url_context": "providers.model_info",
    "supports_vision": "providers.model_info",
    "supports_web_search": "providers.model_info",
    "token_counter": "providers.tokens",
    "trim_messages": "providers.trimming",
}
"""What not every program needs, by name, and the module it is in: loaded when it is first asked for."""

if not TYPE_CHECKING:  # type checkers would take every name for one that there is
    __getattr__ = later.parts_of(__name__, _LATER)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
