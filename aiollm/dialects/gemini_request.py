"""OpenAI's parameters as the members of Gemini's request (`GenerateContentRequest`).

Names are written as google-genai writes them. A parameter that only Gemini has goes where it belongs, under either of
its spellings: `top_k` and `topK` into `generationConfig`, `safety_settings` beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from aiollm.dialects.body import accepted_parameters, effort_of, misplaced, stop_list
from aiollm.dialects.gemini_contents import contents, system_instruction
from aiollm.dialects.gemini_schema import openapi_schema
from aiollm.dialects.gemini_thinking import generation, thinking_config, thinks
from aiollm.dialects.gemini_tools import tool_members
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.types.shape import EMPTY, JSON, is_array, is_object

__all__ = ["gemini_body"]

_SAME = {
    "frequency_penalty": "frequencyPenalty",
    "logprobs": "responseLogprobs",
    "max_completion_tokens": "maxOutputTokens",
    "max_tokens": "maxOutputTokens",
    "n": "candidateCount",
    "presence_penalty": "presencePenalty",
    "seed": "seed",
    "temperature": "temperature",
    "top_logprobs": "logprobs",
    "top_p": "topP",
}
"""OpenAI's name -> the member of `generationConfig` that takes the value as it is."""

_GENERATION = frozenset(
    {
        "audioTimestamp",
        "candidateCount",
        "enableAffectiveDialog",
        "enableEnhancedCivicAnswers",
        "imageConfig",
        "maxOutputTokens",
        "mediaResolution",
        "modelSelectionConfig",
        "responseJsonSchema",
        "responseMimeType",
        "responseModalities",
        "responseSchema",
        "routingConfig",
        "speechConfig",
        "stopSequences",
        "thinkingConfig",
        "topK",
    }
)
_BESIDE = frozenset(
    {
        "cachedContent",
        "generationConfig",
        "labels",
        "modelArmorConfig",
        "safetySettings",
        "systemInstruction",
        "toolConfig",
    }
)
_TOOLS = frozenset({"tools", "tool_choice", "functions", "function_call", "web_search_options"})
_DETAILS = {"low": "MEDIA_RESOLUTION_LOW", "medium": "MEDIA_RESOLUTION_MEDIUM", "high": "MEDIA_RESOLUTION_HIGH"}
_TIERS = {"default": "standard"}


def gemini_body(request: Request, endpoint: Endpoint) -> dict[str, Any]:
    """Return the body of a request.

    Raises:
        BadRequestError: a message or a parameter is not of a form that can be sent.
        UnsupportedParamsError: the model, or the endpoint, does not take a parameter.
    """
    not_taken: frozenset[str] = frozenset() if thinks(request.model) else frozenset({"reasoning_effort"})
    parameters = accepted_parameters(request, endpoint, not_taken)
    body: dict[str, Any] = {"contents": contents(request.messages)}
    if system := system_instruction(request.messages):
        body["systemInstruction"] = system
    config: dict[str, Any] = {}
    if resolution := _resolution(request):
        config["mediaResolution"] = resolution
    for name, value in parameters.items():
        camel = _camel(name)
        if name in _SAME:
            config[_SAME[name]] = value
        elif name in _SPECIAL:
            config.update(_SPECIAL[name](value, request))
        elif camel in _GENERATION:
            config[camel] = value
        elif name == "service_tier":
            if value != "auto":
                body["serviceTier"] = _TIERS.get(value, value)
        elif name not in _TOOLS:
            body[camel if camel in _BESIDE else name] = value
    body.update(tool_members(parameters, body.get("toolConfig"), raw_schema=_takes_json_schema(request.model)))
    given = body.get("generationConfig")
    if config:
        body["generationConfig"] = {**config, **given} if isinstance(given, Mapping) else config
    return body


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)


def _resolution(request: Request) -> str | None:
    """Return the finest resolution that an image of the messages asks for: here it is one for all of them."""
    asked = {
        str((part.get("image_url") or EMPTY).get("detail"))
        for message in request.messages
        if is_array(content := message.get("content"))
        for part in content
        if is_object(part) and isinstance(part.get("image_url"), dict)
    }
    return next((_DETAILS[detail] for detail in ("high", "medium", "low") if detail in asked), None)


def _stop(value: Any, request: Request) -> dict[str, Any]:
    return {"stopSequences": stop_list(value)}


def _modalities(value: Any, request: Request) -> dict[str, Any]:
    return {"responseModalities": [name.upper() for name in value]}


def _voice(value: Any, request: Request) -> dict[str, Any]:
    return {"speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": value.get("voice")}}}}


def _effort(value: Any, request: Request) -> dict[str, Any]:
    effort = effort_of(value)
    return {} if effort is None else {"thinkingConfig": thinking_config(request.model, effort)}


def _thinking(value: JSON, request: Request) -> dict[str, Any]:
    """Read Anthropic's switch, as LiteLLM does for every provider that thinks."""
    if not isinstance(value, Mapping) or value.get("type") not in ("enabled", "disabled"):
        raise misplaced("thinking", 'must be a dict whose type is "enabled" or "disabled"')
    if value["type"] == "disabled":
        return {"thinkingConfig": thinking_config(request.model, "none")} if thinks(request.model) else {}
    budget = value.get("budget_tokens")
    return {"thinkingConfig": {**({} if budget is None else {"thinkingBudget": budget}), "includeThoughts": True}}


def _response_format(value: Any, request: Request) -> dict[str, Any]:
    kind = value.get("type")
    if kind == "text":
        return {}
    if kind not in ("json_object", "json_schema"):
        raise misplaced("response_format", "must have the type text, json_object or json_schema")
    config: dict[str, Any] = {"responseMimeType": "application/json"}
    schema = value.get("response_schema") or (value.get("json_schema") or EMPTY).get("schema")
    if schema and _takes_json_schema(request.model):
        config["responseJsonSchema"] = schema
    elif schema:
        config["responseSchema"] = openapi_schema(schema, "response_format")
    return config


def _takes_json_schema(model: str) -> bool:
    """Whether the model takes JSON Schema itself, and not only the part of it that OpenAPI has."""
    return (generation(model) or 2) >= 2


_SPECIAL: Mapping[str, Callable[[Any, Request], dict[str, Any]]] = {
    "audio": _voice,
    "modalities": _modalities,
    "reasoning_effort": _effort,
    "response_format": _response_format,
    "stop": _stop,
    "thinking": _thinking,
}
