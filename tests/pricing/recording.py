"""Record what LiteLLM says that requests cost: the figures that ours are held to.

With an interpreter that has LiteLLM 1.110.2, whose table ours is made from:

    LITELLM_LOCAL_MODEL_COST_MAP=True python tests/pricing/recording.py > tests/pricing/litellm_costs.tsv
"""

import csv
import sys
from typing import Any

# A provider each, and each member of the table's that prices hang on. With LiteLLM, "vertex_ai/..." is the global price.
MODELS = ("ai21/jamba-mini-2",)
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
