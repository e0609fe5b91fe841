"""The configuration as data: what of LiteLLM's `config.yaml` is honoured here, under its names.

A null in the file means the default, as does leaving a setting out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from aiollm.proxy.config.kinds import (
    ALIASES,
    ANY,
    COUNT,
    DURATION,
    FALLBACKS,
    FLAG,
    HEADERS,
    LIMIT,
    MAPPING,
    NAMES,
    NUMBER,
    POSITIVE,
    SECONDS,
    SECRET,
    STATUS,
    TEXT,
    choice,
    counts_of,
)
from aiollm.proxy.config.section import Section, setting
from aiollm.router.strategy import STRATEGIES
from aiollm.types.secret import HiddenText, Secret

__all__ = [
    "CALL_TYPES",
    "AiollmSettings",
    "CacheSettings",
    "Config",
    "Deployment",
    "DeploymentParams",
    "GeneralSettings",
    "LiteLLMSettings",
    "RouterSettings",
]

OnFailure = Literal["local", "closed", "open"]

Fallbacks = Mapping[str, tuple[str, ...]]
"""A model group -> the groups to try after it, in order; "*" is every group."""

CALL_TYPES: Mapping[str, frozenset[str]] = {
    "chat": frozenset({"completion", "acompletion", "text_completion", "atext_completion"}),
    "embedding": frozenset({"embedding", "aembedding"}),
    "responses": frozenset({"responses", "aresponses"}),
}
"""What `supported_call_types` may name, by the call that it means here; a text completion is a chat."""

_FAILURES = (
    "BadRequestError",
    "AuthenticationError",
    "TimeoutError",
    "RateLimitError",
    "ContentPolicyViolationError",
    "InternalServerError",
    "ServiceUnavailableError",
    "NotFoundError",
)
_RETRIES = counts_of(*(f"{name}Retries" for name in _FAILURES), "DefaultRetries")
_ALLOWED_FAILS = counts_of(*(f"{name}AllowedFails" for name in _FAILURES))


class DeploymentParams(Section, frozen=True, kw_only=True):
    """The `litellm_params` of a deployment.

    Attributes:
        prices: what the model costs, by LiteLLM's names (`input_cost_per_token` and the like), in US dollars.
        identity: what says who calls, for the clouds (`aws_region_name`, `vertex_project` and the like).
        parameters: parameters that each call has unless the caller gives them: OpenAI's, and the provider's own.
    """

    model: str = setting(TEXT)
    api_key: Secret | None = setting(SECRET)
    api_base: str | None = setting(TEXT)
    base_url: str | None = setting(TEXT)
    api_version: str | None = setting(TEXT)
    organization: str | None = setting(TEXT)
    custom_llm_provider: str | None = setting(TEXT)
    azure_ad_token: Secret | None = setting(SECRET)
    extra_headers: Mapping[str, HiddenText] | None = setting(HEADERS)
    extra_body: Mapping[str, Any] | None = setting(MAPPING)
    rpm: int | None = setting(LIMIT)
    tpm: int | None = setting(LIMIT)
    max_parallel_requests: int | None = setting(LIMIT)
    max_input_tokens: int | None = setting(LIMIT)
    weight: float | None = setting(NUMBER)
    order: int | None = setting(COUNT)
    timeout: float | None = setting(SECONDS)
    stream_timeout: float | None = setting(SECONDS)
    max_retries: int | None = setting(COUNT)
    num_retries: int | None = setting(COUNT)
    cooldown_time: float | None = setting(NUMBER)
    tags: tuple[str, ...] = setting(NAMES, ())
    drop_params: bool | None = setting(FLAG)
    additional_drop_params: tuple[str, ...] = setting(NAMES, ())
    allowed_openai_params: tuple[str, ...] = setting(NAMES, ())
    mock_response: Any = setting(ANY)
    prices: Mapping[str, float] = {}
    identity: Mapping[str, HiddenText] = {}
    parameters: Mapping[str, Any] = {}


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `model_list`. Entries of the same name are one group, and share its load.

    Attributes:
        model_name: the group: what callers say. It may hold "*".
        params: where its calls go, and how.
        model_info: what is known of the model: `id`, `mode`, `base_model`, `access_groups` and others.
        line: where it stands in its file.
    """

    model_name: str
    params: DeploymentParams
    model_info: Mapping[str, Any] = {}
    line: int = 0


class CacheSettings(Section, frozen=True, kw_only=True):
    """`litellm_settings.cache_params`. `ttl` is in seconds."""

    type: str = setting(choice("local", "redis"), "local")
    host: str | None = setting(TEXT)
    port: int | None = setting(COUNT)
    password: Secret | None = setting(SECRET)
    url: Secret | None = setting(SECRET)
    ttl: float | None = setting(SECONDS)
    namespace: str | None = setting(TEXT)
    mode: str = setting(choice("default_on", "default_off"), "default_on")
    supported_call_types: tuple[str, ...] | None = setting(NAMES)

    def covers(self, call: str) -> bool:
        """Whether answers of a kind of call are kept: "chat", "embedding" or "responses"."""
        return self.supported_call_types is None or not CALL_TYPES[call].isdisjoint(self.supported_call_types)


class LiteLLMSettings(Section, frozen=True, kw_only=True):
    """`litellm_settings`. Times are in seconds, money in US dollars."""

    drop_params: bool = setting(FLAG, False)
    num_retries: int | None = setting(COUNT)
    request_timeout: float | None = setting(SECONDS)
    fallbacks: Fallbacks = setting(FALLBACKS, {})
    context_window_fallbacks: Fallbacks = setting(FALLBACKS, {})
    content_policy_fallbacks: Fallbacks = setting(FALLBACKS, {})
    default_fallbacks: tuple[str, ...] = setting(NAMES, ())
    max_fallbacks: int | None = setting(COUNT)
    allowed_fails: int | None = setting(COUNT)
    cache: bool = setting(FLAG, False)
    cache_params: CacheSettings = setting(CacheSettings, CacheSettings())
    callbacks: tuple[str, ...] = setting(NAMES, ())
    success_callback: tuple[str, ...] = setting(NAMES, ())
    failure_callback: tuple[str, ...] = setting(NAMES, ())
    require_auth_for_metrics_endpoint: bool = setting(FLAG, True)
    sse_keepalive_ping_interval_seconds: float | None = setting(SECONDS)
    max_budget: float | None = setting(NUMBER)
    budget_duration: float | None = setting(DURATION)
    budget_exceeded_status_code: int | None = setting(STATUS)


class RouterSettings(Section, frozen=True, kw_only=True):
    """`router_settings`: the arguments of `Router`, and where several processes meet. Times are in seconds."""

    routing_strategy: str = setting(choice(*STRATEGIES), "simple-shuffle")
    routing_strategy_args: Mapping[str, Any] = setting(MAPPING, {})
    num_retries: int | None = setting(COUNT)
    retry_after: float | None = setting(NUMBER)
    retry_policy: Mapping[str, int] = setting(_RETRIES, {})
    model_group_retry_policy: Mapping[str, Any] = setting(MAPPING, {})
    timeout: float | None = setting(SECONDS)
    stream_timeout: float | None = setting(SECONDS)
    allowed_fails: int | None = setting(COUNT)
    allowed_fails_policy: Mapping[str, int] = setting(_ALLOWED_FAILS, {})
    cooldown_time: float | None = setting(NUMBER)
    disable_cooldowns: bool = setting(FLAG, False)
    fallbacks: Fallbacks = setting(FALLBACKS, {})
    context_window_fallbacks: Fallbacks = setting(FALLBACKS, {})
    content_policy_fallbacks: Fallbacks = setting(FALLBACKS, {})
    default_fallbacks: tuple[str, ...] = setting(NAMES, ())
    max_fallbacks: int | None = setting(COUNT)
    model_group_alias: Mapping[str, Any] = setting(ALIASES, {})
    default_max_parallel_requests: int | None = setting(LIMIT)
    default_litellm_params: Mapping[str, Any] = setting(MAPPING, {})
    default_priority: int | None = setting(COUNT)
    enable_mid_stream_fallback_continuation: bool = setting(FLAG, False)
    enable_pre_call_checks: bool = setting(FLAG, False)
    optional_pre_call_checks: tuple[str, ...] = setting(NAMES, ())
    enable_tag_filtering: bool = setting(FLAG, False)
    tag_filtering_match_any: bool = setting(FLAG, True)
    redis_host: str | None = setting(TEXT)
    redis_port: int | None = setting(COUNT)
    redis_password: Secret | None = setting(SECRET)
    redis_url: Secret | None = setting(SECRET)
    redis_db: int | None = setting(COUNT)


class GeneralSettings(Section, frozen=True, kw_only=True):
    """`general_settings`: the server's own. Times are in seconds.

    Attributes:
        max_parallel_requests: how many requests each deployment may have at once, where it does not say itself.
        global_max_parallel_requests: how many calls the whole proxy may have at once; those beyond are refused.
        max_in_flight_requests_per_worker: how many a worker answers at once. Those beyond wait, up to
            `max_queued_requests_per_worker` (none, where nothing is said) for `admission_queue_timeout_seconds`.
        cancel_on_disconnect: whether a whole answer whose client has left is given up. A stream always is.
    """

    master_key: Secret | None = setting(SECRET)
    database_url: Secret | None = setting(SECRET)
    database_connection_pool_limit: int | None = setting(LIMIT)
    max_parallel_requests: int | None = setting(LIMIT)
    global_max_parallel_requests: int | None = setting(COUNT)
    max_in_flight_requests_per_worker: int | None = setting(LIMIT)
    max_queued_requests_per_worker: int | None = setting(COUNT)
    admission_queue_timeout_seconds: float | None = setting(SECONDS)
    max_request_size_mb: float | None = setting(POSITIVE)
    cancel_on_disconnect: bool = setting(FLAG, True)
    always_include_stream_usage: bool | None = setting(FLAG)
    proxy_batch_write_at: float | None = setting(SECONDS)
    disable_spend_logs: bool = setting(FLAG, False)
    maximum_spend_logs_retention_period: float | None = setting(DURATION)
    litellm_key_header_name: str | None = setting(TEXT)
    allowed_ips: tuple[str, ...] = setting(NAMES, ())


class AiollmSettings(Section, frozen=True, kw_only=True):
    """`aiollm_settings`: what LiteLLM has no name for. Times are in seconds.

    Attributes:
        max_connections_per_address: how many connections one address may have; further ones are closed at once. In
            front of a load balancer all are the balancer's.
        resumable_streams: whether a client that has lost a stream may take it up again.
        resume_grace: how long a stream without a client is still read from its provider.
        resume_keep: how long a stream that has ended may still be taken up.
        limits_without_redis: what becomes of calls by holders with limits while Redis is gone: each worker keeps to its
            share, all are refused, or all pass.
        drain_timeout: how long calls may last that go on when the worker is to end.
    """

    resumable_streams: bool = setting(FLAG, False)
    resume_grace: float = setting(SECONDS, 30.0)
    resume_keep: float = setting(SECONDS, 300.0)
    limits_without_redis: OnFailure = setting(choice("local", "closed", "open"), "local")
    drain_timeout: float = setting(SECONDS, 600.0)
    max_connections_per_address: int = setting(LIMIT, 4096)


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """A whole configuration.

    Attributes:
        deployments: the entries of `model_list`, in their order.
        environment: `environment_variables`, to be set before anything is called: providers' keys are read there.
        digest: SHA-256 of the files, in hex: two processes with the same one serve the same.
    """

    deployments: tuple[Deployment, ...] = ()
    litellm: LiteLLMSettings = LiteLLMSettings()
    router: RouterSettings = RouterSettings()
    general: GeneralSettings = GeneralSettings()
    aiollm: AiollmSettings = AiollmSettings()
    environment: Mapping[str, HiddenText] = {}
    digest: str = ""

    @property
    def groups(self) -> tuple[str, ...]:
        """The names of the model groups, each once."""
        return tuple(dict.fromkeys(deployment.model_name for deployment in self.deployments))
