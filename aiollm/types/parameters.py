"""The names of OpenAI's parameters: the vocabulary every dialect translates from."""

__all__ = ["EMBEDDING_PARAMS", "OPENAI_PARAMS"]

OPENAI_PARAMS: frozenset[str] = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "modalities",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    }
)
"""Parameters of the chat completions endpoint besides `model`, `messages` and `stream`."""

EMBEDDING_PARAMS: frozenset[str] = frozenset({"dimensions", "encoding_format", "user"})
"""Parameters of the embeddings endpoint besides `model` and `input`."""
