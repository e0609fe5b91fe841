"""Record what LiteLLM says that requests cost: the figures that ours are held to.

With an interpreter that has LiteLLM 1.110.2, whose table the packaged one is made from, in the checkout's folder:

    LITELLM_LOCAL_MODEL_COST_MAP=True python tests/pricing/recording.py > tests/pricing/litellm_costs.tsv
"""

import json
from typing import Any

# A provider each, and each kind of price. DeepSeek is left out: LiteLLM prices it by the hour of the day it runs in.
MODELS = (
    "amazon.nova-pro-v1:0",
    "anthropic/claude-haiku-4-5",
    "anthropic/claude-opus-4-6",
    "azure/eu/gpt-4o-2024-08-06",
    "azure/gpt-4.1-mini",
    "azure_ai/grok-4.7",
    "bedrock/us-west-2/mistral.mistral-large-2402-v1:0",
    "cerebras/gpt-oss-120b",
    "claude-sonnet-4-5",
    "cohere/command-a-03-2025",
    "dashscope/qwen-flash",
    "dashscope/qwen-plus-2025-07-28",
    "databricks/databricks-claude-sonnet-4",
    "deepinfra/deepseek-ai/DeepSeek-V3",
    "eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "fireworks_ai/accounts/fireworks/models/deepseek-v3p2",
    "gemini/gemini-2.5-flash",
    "gemini/gemini-2.5-pro",
    "gemini/gemini-3.8-flash",
    "gpt-4o",
    "gpt-4o-audio-preview-2025-06-03",
    "gpt-5-codex",
    "gpt-6-astra",
    "groq/openai/gpt-oss-120b",
    "minimax/MiniMax-M2",
    "mistral/mistral-large-latest",
    "moonshot/kimi-k2.6",
    "o3",
    "ollama/llama3",
    "opencode_go/claude-haiku-5-5",
    "text-embedding-3-small",
    "together_ai/openai/gpt-oss-120b",
    "us.anthropic.claude-haiku-4-5-20251001-v1:0",
    "vertex_ai/claude-opus-4-5",
    "vertex_ai/gemini-2.5-pro",
    "xai/grok-4.3",
    "xai/grok-4.7",
    "zai/glm-4.6",
)
USAGES: dict[str, dict[str, Any]] = {
    "plain": {"prompt_tokens": 1200, "completion_tokens": 340},
    "cached": {
        "prompt_tokens": 50_000,
        "completion_tokens": 900,
        "prompt_tokens_details": {"cached_tokens": 30_000, "cache_creation_tokens": 5_000},
    },
    "lasting": {
        "prompt_tokens": 9_000,
        "completion_tokens": 10,
        "prompt_tokens_details": {
            "cached_tokens": 1_000,
            "cache_creation_tokens": 6_000,
            "cache_creation_token_details": {"ephemeral_5m_input_tokens": 2_000, "ephemeral_1h_input_tokens": 4_000},
        },
    },
    "thinking": {
        "prompt_tokens": 700,
        "completion_tokens": 4_000,
        "completion_tokens_details": {"reasoning_tokens": 3_500, "audio_tokens": 100},
    },
    "heard": {
        "prompt_tokens": 3_000,
        "completion_tokens": 200,
        "prompt_tokens_details": {"audio_tokens": 1_000, "image_tokens": 500, "cached_tokens": 800},
    },
    "long": {"prompt_tokens": 300_000, "completion_tokens": 2_000, "prompt_tokens_details": {"cached_tokens": 100_000}},
}
TIERS = (None, "flex", "priority")


def main() -> None:
    import litellm
    from litellm.types.utils import Usage

    print("model", "usage", "service_tier", "prompt_usd", "completion_usd", sep="\t")
    for model in MODELS:
        for name, counts in USAGES.items():
            for tier in TIERS:
                total = counts["prompt_tokens"] + counts["completion_tokens"]
                usage = Usage(**json.loads(json.dumps(counts)), total_tokens=total)
                costs = litellm.cost_per_token(model=model, usage_object=usage, service_tier=tier)
                print(model, name, tier or "", *(f"{cost:.9g}" for cost in costs), sep="\t")


if __name__ == "__main__":
    main()
