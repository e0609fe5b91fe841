"""What a model takes and can do, under LiteLLM's names and in its shapes."""

from __future__ import annotations

from typing import Any, Protocol

from aiollm.exceptions import BadRequestError
from aiollm.providers.inspection import get_supported_openai_params
from aiollm.providers.known_models import KnownModel, entry_named, find_model
from aiollm.providers.registry import find_provider

__all__ = [
    "get_max_tokens",
    "get_model_info",
    "known_model",
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
]

_ALWAYS = (
    "litellm_provider", "mode", "max_tokens", "max_input_tokens", "max_output_tokens", "input_cost_per_token",
    "output_cost_per_token", "cache_creation_input_token_cost", "cache_read_input_token_cost", "output_vector_size",
)  # fmt: skip


def get_model_info(model: str, custom_llm_provider: str | None = None) -> dict[str, Any]:
    """Return what is known of a model, in LiteLLM's shape.

    Args:
        model: "provider/model", or a bare name.
        custom_llm_provider: the provider, over what `model` says.

    Returns:
        `key`: its name in the table; `litellm_provider`, `mode`; `max_input_tokens`, `max_output_tokens`; prices in USD
        (`input_cost_per_token`, `output_cost_per_token`...); `supports_...`, those that are true;
        `supported_openai_params`. Of the limits and prices those that are not known are None.

    Raises:
        BadRequestError: nothing is known of the model, or its provider is unknown.
    """
    key, entry = _known_or_raise(model, custom_llm_provider)
    info: dict[str, Any] = {"key": key, **dict.fromkeys(_ALWAYS), **entry}
    info["max_tokens"] = info["max_output_tokens"] or info["max_tokens"] or info["max_input_tokens"]
    try:
        info["supported_openai_params"] = get_supported_openai_params(model, custom_llm_provider)
    except BadRequestError:  # known to the table, and not called from here
        info["supported_openai_params"] = None
    return info


def get_max_tokens(model: str) -> int | None:
    """Return how many tokens a model's answer may have; None where the table does not say.

    Raises:
        BadRequestError: nothing is known of the model, or its provider is unknown.
    """
    _, entry = _known_or_raise(model, None)
    limit = entry.get("max_output_tokens") or entry.get("max_tokens")
    return None if limit is None else int(limit)


def known_model(model: str, custom_llm_provider: str | None = None, region: str | None = None) -> KnownModel | None:
    """Return a model's name in the table and its entry, or None where nothing is known of it.

    Args:
        model: "provider/model", a bare name, or a name exactly as the table has it.
        custom_llm_provider: the provider, over what `model` says.
        region: where it runs, for the clouds whose prices differ by it.

    Raises:
        BadRequestError: the provider is unknown or cannot be used.
    """
    exact = entry_named(model) if custom_llm_provider is None and region is None else None
    if exact is not None:
        return model, exact
    row, place = find_provider(model, custom_llm_provider)
    return find_model(row.name, place.model, region=region or dict(place.options).get("aws_region_name"))


def _known_or_raise(model: str, custom_llm_provider: str | None) -> KnownModel:
    known = known_model(model, custom_llm_provider)
    if known is None:
        raise BadRequestError(
            f"nothing is known of the model {model!r}: say what it takes and costs with register_model, "
            "or get a newer table with `aiollm models --refresh`",
            param="model",
        )
    return known


class Ability(Protocol):
    """Whether a model can do something: a function of the model's name, and of its provider over what the name says."""

    def __call__(self, model: str, custom_llm_provider: str | None = None) -> bool: ...


def _ability(name: str, words: str) -> Ability:
    def supports(model: str, custom_llm_provider: str | None = None) -> bool:
        try:
            known = known_model(model, custom_llm_provider)
        except BadRequestError:
            return False
        return known is not None and known[1].get(name) is True

    supports.__name__ = supports.__qualname__ = name
    supports.__doc__ = f"Whether a model {words}, as far as the table knows; False for a model it does not know."
    return supports


supports_assistant_prefill: Ability = _ability(
    "supports_assistant_prefill", "goes on with an answer that is begun for it"
)
supports_audio_input: Ability = _ability("supports_audio_input", "hears audio")
supports_audio_output: Ability = _ability("supports_audio_output", "answers in audio")
supports_computer_use: Ability = _ability("supports_computer_use", "works a computer by its screen")
supports_function_calling: Ability = _ability("supports_function_calling", "calls tools")
supports_parallel_function_calling: Ability = _ability(
    "supports_parallel_function_calling", "calls several tools at once"
)
supports_pdf_input: Ability = _ability("supports_pdf_input", "reads PDF files")
supports_prompt_caching: Ability = _ability("supports_prompt_caching", "keeps prompts in a cache")
supports_reasoning: Ability = _ability("supports_reasoning", "thinks before it answers")
supports_response_schema: Ability = _ability("supports_response_schema", "answers by a JSON schema")
supports_system_messages: Ability = _ability("supports_system_messages", "takes system messages")
supports_tool_choice: Ability = _ability("supports_tool_choice", "takes `tool_choice`")
supports_url_context: Ability = _ability("supports_url_context", "reads pages behind addresses in the prompt")
supports_vision: Ability = _ability("supports_vision", "sees images")
supports_web_search: Ability = _ability("supports_web_search", "searches the web")
