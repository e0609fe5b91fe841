"""A router with the blocking functions too."""

from __future__ import annotations

from aiollm.async_router import AsyncRouter
from aiollm.sync.client import BlockingCalls

__all__ = ["Router"]


class Router(BlockingCalls, AsyncRouter):
    """The functions of the package over groups of deployments: each attempt goes to one that is fit for it.

        router = aiollm.Router(
            model_list=[
                {"model_name": "fast", "litellm_params": {"model": "groq/llama-3.3-70b-versatile", "rpm": 30}},
                {"model_name": "fast", "litellm_params": {"model": "openai/gpt-4o-mini"}},
                {"model_name": "long", "litellm_params": {"model": "gemini/gemini-2.5-flash"}},
            ],
            fallbacks=[{"fast": ["long"]}],
        )
        stream = await router.acompletion(model="fast", messages=messages, stream=True)

    A failed attempt is made again at another deployment of the group, at once where there is one. A deployment that
    fails too often is left alone for a while, and then tried by one call; errors that a request brings about itself
    (400, 404, 422) do not count. `stream.attempts` and `error.attempts` tell which deployments were asked.

    A deployment that is at its limits is passed over; where all are, the call waits for its turn.

    Clocks of deployments and of the router hold for each attempt; a call's own `timeout` goes before them.

    It may be used from several event loops and threads at once. It holds no connections and needs no closing; with
    `redis_url`, `aclose` gives the shared limits back, which else takes the others some seconds.

    Args:
        model_list: deployments in LiteLLM's shape: `{"model_name": group, "litellm_params": {...}, "model_info":
            {"id": ...}}`. A name may hold a `*`. Of `litellm_params`, `model` is "provider/model"; `api_key`,
            `api_base` and the like say where; `rpm`, `tpm`, `max_parallel_requests`, `weight`, `order`, `tags`,
            `timeout`, `stream_timeout`, `num_retries`, `cooldown_time`, `input_cost_per_token`,
            `output_cost_per_token` and `max_input_tokens` are the router's; all others are what its requests have by
            default. `os.environ/NAME` is a value of the environment.
        num_retries: how often a failed request is sent again, 2 where nothing is said; the call's own goes first.
        retry_after: seconds to wait at least before the same deployment is asked again.
        retry_policy, model_group_retry_policy: `RetryPolicy`, or a dict like one: retries by the class of the error,
            for all groups or for some.
        allowed_fails: how many failures a minute a deployment may have. Where nothing is said it is left alone after
            401, 403, 429 and connections that fail, or when more than three and at least half of its requests of a
            minute have failed; the only one of a group when twenty, and all, have.
        allowed_fails_policy: `AllowedFailsPolicy`, or a dict like one: the same by the class of the error.
        cooldown_time: seconds that it is left alone, 5 where nothing is said; doubled each time that it fails again
            soon, up to a minute. A longer `Retry-After` goes before.
        disable_cooldowns: never leave one alone.
        fallbacks: groups that stand in for a group that fails: `[{"fast": ["long"]}, {"*": ["any"]}]`.
        default_fallbacks: those of groups without a list.
        context_window_fallbacks, content_policy_fallbacks: the same for a prompt that is too long, and for one that is
            refused for its content.
        max_fallbacks: how many groups may stand in for one, 5 where nothing is said.
        model_group_alias: other names of groups.
        routing_strategy: "simple-shuffle" (by `weight`, or else by `rpm` or `tpm`), "weighted", "least-busy",
            "latency-based-routing", "usage-based-routing", "cost-based-routing". It chooses among those of the lowest
            `order` that are fit, have not failed in this call, and have room within their limits.
        routing_strategy_args: `ttl` and `lowest_latency_buffer` of "latency-based-routing".
        enable_pre_call_checks: ask only deployments that the prompt fits.
        enable_tag_filtering: ask only deployments with a tag of the call (`tags=`, or `metadata={"tags": ...}`); those
            tagged "default" take the calls without any.
        tag_filtering_match_any: whether one tag in common is enough.
        optional_pre_call_checks: "session_affinity" and "prompt_caching": calls of one session (`prompt_cache_key`,
            `metadata["session_id"]`, `user`), or that begin with the same long prompt, go to one deployment as long as
            that is not busier than the others by a quarter.
        default_litellm_params: `litellm_params` of entries that do not have them.
        default_max_parallel_requests, timeout, stream_timeout: the same for these.
        default_priority: of calls that do not say, where they wait for the limits of a deployment.
        redis_url, redis_host, redis_port, redis_password, redis_db: a Redis server by which all processes with the same
            deployments share their limits (extra `redis`). While it cannot be reached each keeps to its share.
        hedge, limiter, mid_stream, cache, single_flight, budget, hooks: a client's policies, as in `Client`. Answers
            are shared by calls of one group.

    Raises:
        TypeError: there is no such argument; LiteLLM's others say what to do instead.
        ValueError: an argument, or an entry of the list, is wrong.
    """
