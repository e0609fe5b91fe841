"""A chat request in the terms of the Responses API.

Sources: the types of openai-python 3.57.0 (`types/responses`); the mapping is LiteLLM's (measured), with what it loses
kept: the order of system messages, images and files in tool results, custom tools, encrypted reasoning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiollm.dialects.body import accepted_parameters
from aiollm.dialects.responses_parts import input_items
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request
from aiollm.types.shape import JSON, is_mapping

__all__ = ["chat_body"]

_LOGPROBS = "message.output_text.logprobs"

_RENAMED = {"max_completion_tokens": "max_output_tokens", "max_tokens": "max_output_tokens"}


def chat_body(request: Request, endpoint: Endpoint) -> dict[str, Any]:
    """Return the body of a chat request, before what the caller and the endpoint change in it.

    Raises:
        BadRequestError: a message cannot be said in this API; the error names its place.
        UnsupportedParamsError: the API has no word for a parameter.
    """
    given = accepted_parameters(request, endpoint)
    body: dict[str, Any] = {"model": request.model, "input": list(input_items(request.messages))}
    gathered = {"text": _text(given), "tools": _tools(given), "include": _include(given)}
    body.update((name, value) for name, value in gathered.items() if value)
    for name, value in given.items():
        if name == "reasoning_effort":
            body["reasoning"] = dict(value) if is_mapping(value) else {"effort": value}
        elif name == "tool_choice":
            body[name] = _tool_choice(value)
        else:
            body[_RENAMED.get(name, name)] = value
    if request.stream:
        body["stream"] = True
        options = {**request.params.get("stream_options", {})}
        options.pop("include_usage", None)  # it is always there
        if options:
            body["stream_options"] = options
    return body


def _text(given: dict[str, Any]) -> dict[str, Any]:
    """Take what forms the text out of the parameters."""
    text = dict(given.pop("text", {}))
    if "response_format" in given:
        text["format"] = _text_format(given.pop("response_format"))
    if "verbosity" in given:
        text["verbosity"] = given.pop("verbosity")
    return text


def _tools(given: dict[str, Any]) -> list[Any]:
    """Take the tools out of the parameters."""
    tools = [_tool(tool) for tool in given.pop("tools", ())]
    return [*tools, _web_search(given.pop("web_search_options"))] if "web_search_options" in given else tools


def _include(given: dict[str, Any]) -> list[Any]:
    """Take out of the parameters what is to be in the response beside the answer."""
    wanted = list(given.pop("include", ()))
    return [*wanted, _LOGPROBS] if given.pop("logprobs", False) else wanted


def _text_format(wanted: JSON) -> Any:
    """Return a response format; a schema has its members beside the type here."""
    schema: JSON = wanted.get("json_schema") if isinstance(wanted, Mapping) else None
    return {"type": "json_schema", **schema} if isinstance(schema, Mapping) else wanted


def _tool(tool: Any) -> Any:
    """Return a tool; the members of a function stand beside the type here."""
    kind = tool.get("type") if is_mapping(tool) else None
    inner: JSON = tool.get(kind) if kind in ("function", "custom") else None
    if not isinstance(inner, Mapping):
        return tool  # one of the provider's own, or in this API's form already
    if kind == "function":
        # Here functions are strict unless said otherwise; in chat they are not.
        return {"type": kind, "parameters": None, "strict": False, **inner}
    return {"type": kind, **inner, **({"format": _grammar(inner["format"])} if "format" in inner else {})}


def _grammar(form: JSON) -> Any:
    grammar: JSON = form.get("grammar") if isinstance(form, Mapping) else None
    return {"type": "grammar", **grammar} if isinstance(grammar, Mapping) else form


def _tool_choice(choice: Any) -> Any:
    """Return a tool choice; the name, or the list, of the wanted tools stands beside the type here."""
    kind = choice.get("type") if is_mapping(choice) else None
    inner: JSON = choice.get(kind) if kind else None
    if not isinstance(inner, Mapping):
        return choice
    if kind == "allowed_tools":
        return {"type": kind, **inner, "tools": [_tool_choice(tool) for tool in inner.get("tools", ())]}
    return {"type": kind, **inner}


def _web_search(options: Mapping[str, Any]) -> dict[str, Any]:
    place: JSON = options.get("user_location")
    if isinstance(place, Mapping) and isinstance(place.get("approximate"), Mapping):
        return {"type": "web_search", **options, "user_location": {"type": "approximate", **place["approximate"]}}
    return {"type": "web_search", **options}
