"""A chat request in Ollama's form.

Facts: Ollama's API document and the types of its Python client (0.6): `ChatRequest`, `Message`, `Options`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aiollm.dialects.body import accepted_parameters, converted_messages, effort_of, refusal, stop_list
from aiollm.dialects.data_uri import data_uri
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.types.shape import JSON, is_array, is_mapping

__all__ = ["ollama_body"]

_TOP_LEVEL = frozenset({"format", "keep_alive", "logprobs", "shift", "think", "tools", "top_logprobs", "truncate"})
"""Members of the request itself. Whatever else is asked for is an option of the model's runner."""

_OPTION_NAMES = {"max_tokens": "num_predict", "max_completion_tokens": "num_predict"}
_GRADED_MODELS = ("gpt-oss",)  # these think by effort; others can only be switched (LiteLLM, measured)
_GRADES = {"minimal": "low", "xhigh": "high", "max": "high"}


def ollama_body(request: Request, endpoint: Endpoint) -> dict[str, Any]:
    """Return the body of `POST /api/chat`.

    Raises:
        BadRequestError: a message cannot be put into Ollama's form.
        UnsupportedParamsError: a parameter, or the value of one, cannot be asked for.
    """
    asked = accepted_parameters(request, endpoint)
    body: dict[str, Any] = {"model": request.model, "messages": _messages(request, endpoint), "stream": request.stream}
    options: dict[str, Any] = dict(asked.pop("options", None) or {})
    _settle_tool_choice(asked, request, endpoint)
    if (wanted := _format(asked.pop("response_format", None))) is not None:
        body["format"] = wanted
    if (effort := effort_of(asked.pop("reasoning_effort", None))) is not None:
        body["think"] = _think(effort, request.model)
    if "stop" in asked:
        options["stop"] = stop_list(asked.pop("stop"))
    for name, value in asked.items():
        if name in _TOP_LEVEL:
            body[name] = value
        else:
            options[_OPTION_NAMES.get(name, name)] = value
    if options:
        body["options"] = options
    return body


def _settle_tool_choice(asked: dict[str, Any], request: Request, endpoint: Endpoint) -> None:
    """Ollama leaves the choice to the model; "none" is no tools at all, and the rest cannot be had."""
    choice = asked.pop("tool_choice", "auto")
    if choice == "none":
        asked.pop("tools", None)
    elif choice != "auto" and not request.drop_params:
        raise refusal(request, endpoint, "tool_choice")


def _format(response_format: Any) -> Any:
    """Return what `format` must be: "json", a JSON schema, or None for free text."""
    kind = response_format.get("type") if is_mapping(response_format) else None
    if kind == "json_schema":
        return response_format["json_schema"]["schema"]
    return "json" if kind == "json_object" else None


def _think(effort: Any, model: str) -> bool | str:
    if any(name in model for name in _GRADED_MODELS):
        return "low" if effort == "none" else str(_GRADES.get(effort, effort))
    return effort not in ("none", "minimal")


def _messages(request: Request, endpoint: Endpoint) -> list[dict[str, Any]]:
    called: dict[str, str] = {}  # the name of the tool that each call so far went to, by the call's id

    def convert(message: Mapping[str, Any]) -> dict[str, Any]:
        text, images = _content(message.get("content"))
        converted: dict[str, Any] = {"role": message["role"]}
        if text or not message.get("tool_calls"):
            converted["content"] = text
        if images:
            converted["images"] = images
        if thinking := message.get("reasoning_content"):
            converted["thinking"] = thinking
        if calls := message.get("tool_calls"):
            converted["tool_calls"] = [_call(call) for call in calls]
            called.update((call.get("id") or "", call["function"]["name"]) for call in calls)
        if message["role"] in ("tool", "function"):
            converted["role"] = "tool"
            identifier = message.get("tool_call_id")
            if name := message.get("name") or called.get(identifier or ""):
                converted["tool_name"] = name
            if identifier:
                converted["tool_call_id"] = identifier
        return converted

    return converted_messages(request, endpoint, convert)


def _content(content: Any) -> tuple[str, list[str]]:
    """Return the text and the images (base64) of a message."""
    if not is_array(content):
        return content or "", []
    texts: list[str] = []
    images: list[str] = []
    for part in content:
        if isinstance(part, str):
            texts.append(part)
        elif (kind := part.get("type")) == "text":
            texts.append(part["text"])
        elif kind == "image_url":
            images.append(_image(part["image_url"]))
        else:
            raise ValueError(f"a part of type {kind!r} is neither text nor an image")
    return "".join(texts), images


def _image(image: Any) -> str:
    url = image["url"] if is_mapping(image) else image
    if url.startswith(("http://", "https://")):
        raise ValueError("an image must come as data (data:image/png;base64,...): Ollama fetches no address")
    if not url.startswith("data:"):
        return str(url)
    found = data_uri(url)
    if found is None or not found.is_base64:
        raise ValueError("an image's data must be base64 (data:image/png;base64,...)")
    return found.data


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    """Return a tool call with its arguments as an object."""
    function = call["function"]
    arguments: JSON = function.get("arguments") or {}
    if isinstance(arguments, str):
        arguments = msgspec.json.decode(arguments)
    if not isinstance(arguments, Mapping):
        raise ValueError(f"the arguments of the call to {function['name']!r} are not a JSON object")
    named = {"id": call["id"]} if call.get("id") else {}
    return {**named, "function": {"name": function["name"], "arguments": arguments}}
