"""The names of OpenTelemetry's conventions for generative AI, by version.

They are in development, and are renamed on the way: 1.36 was the last with `gen_ai.system`; 1.40 is what the released
packages know (`opentelemetry-semantic-conventions` 0.66). What their own repository prepares beyond that,
https://github.com/open-telemetry/semantic-conventions-genai, still changes, and is in no release.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import field, frozen

__all__ = ["CONVENTIONS", "SECONDS_BUCKETS", "TOKENS_BUCKETS", "Conventions", "Version"]

Version = Literal["1.36", "1.40"]

SECONDS_BUCKETS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS_BUCKETS = tuple(4**power for power in range(14))
"""The edges that the conventions ask for."""

_PROVIDERS = {
    "azure": "azure.ai.openai",
    "azure_ai": "azure.ai.inference",
    "bedrock": "aws.bedrock",
    "bedrock_mantle": "aws.bedrock",
    "cohere_chat": "cohere",
    "gemini": "gcp.gemini",
    "mistral": "mistral_ai",
    "vertex_ai": "gcp.vertex_ai",
    "watsonx": "ibm.watsonx.ai",
    "watsonx_text": "ibm.watsonx.ai",
}


@frozen
class Conventions:
    """One version of the names.

    Attributes:
        provider: the attribute with the provider's name.
        providers: our names of providers -> the conventions', where they differ.
        duration: the histogram of how long calls took.
        first_chunk: that of the time to the first content of streams; None where there is none.
        tokens: that of tokens, told apart by `gen_ai.token.type`.
        usage_attributes: attributes of a span: what is counted -> the name.
        has_stream: whether a span says `gen_ai.request.stream` and `gen_ai.response.time_to_first_chunk`.
    """

    provider: str = "gen_ai.provider.name"
    providers: Mapping[str, str] = field(factory=dict[str, str])
    duration: str = "gen_ai.client.operation.duration"
    first_chunk: str | None = "gen_ai.client.operation.time_to_first_chunk"
    tokens: str = "gen_ai.client.token.usage"
    usage_attributes: Mapping[str, str] = field(factory=dict[str, str])
    has_stream: bool = True


_USAGE = {"input": "gen_ai.usage.input_tokens", "output": "gen_ai.usage.output_tokens"}
_DETAILED = {
    **_USAGE,
    "cache_read": "gen_ai.usage.cache_read.input_tokens",
    "reasoning": "gen_ai.usage.reasoning.output_tokens",
}

CONVENTIONS: Mapping[Version, Conventions] = {
    "1.36": Conventions(
        provider="gen_ai.system",
        providers=_PROVIDERS,
        first_chunk=None,
        usage_attributes=_USAGE,
        has_stream=False,
    ),
    "1.40": Conventions(
        providers={**_PROVIDERS, "xai": "x_ai"},
        usage_attributes={**_DETAILED, "cache_write": "gen_ai.usage.cache_creation.input_tokens"},
    ),
}
