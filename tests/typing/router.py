"""What a type checker sees of a router: checked by mypy and pyright, never run."""

from typing import assert_type

import aiollm

ROUTER = aiollm.Router(
    [{"model_name": "fast", "litellm_params": {"model": "openai/gpt-4o-mini"}}],
    num_retries=1,
    retry_policy=aiollm.RetryPolicy(RateLimitErrorRetries=3),
    routing_strategy="least-busy",
)
MESSAGES = [{"role": "user", "content": "Hello"}]


async def answers() -> None:
    assert_type(await ROUTER.acompletion("fast", MESSAGES), aiollm.ModelResponse)
    assert_type(await ROUTER.acompletion("fast", MESSAGES, stream=True), aiollm.ChunkStream)
    assert_type(await ROUTER.aresponses("Hello", "fast", stream=True), aiollm.EventStream)
    assert_type(await ROUTER.aembedding("fast", ["Hello"]), aiollm.EmbeddingResponse)


def answers_without_asyncio() -> None:
    assert_type(ROUTER.completion("fast", MESSAGES), aiollm.ModelResponse)
    assert_type(ROUTER.completion("fast", MESSAGES, stream=True), aiollm.SyncStream)
    assert_type(ROUTER.stats()["id"].left_alone, float)
