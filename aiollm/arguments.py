"""The keyword arguments of a call, checked, and turned into a request. Nothing is sent before all of them are right."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sized
from functools import cache
from typing import Any, TypeGuard

from aiollm import structured
from aiollm.exceptions import BadRequestError
from aiollm.types.nearest import nearest
from aiollm.types.parameters import OPENAI_PARAMS
from aiollm.types.record import Record
from aiollm.types.secret import HiddenText, Secret
from aiollm.types.shape import JSON, is_array, is_mapping
from aiollm.types.timeouts import Timeouts

__all__ = [
    "checked_count",
    "checked_dict",
    "checked_embedding_input",
    "checked_flag",
    "checked_function",
    "checked_headers",
    "checked_input",
    "checked_key",
    "checked_messages",
    "checked_names",
    "checked_parameters",
    "checked_text",
    "checked_text_format",
    "checked_timeouts",
    "faulty",
    "hidden",
    "is_listing",
]

# RFC 9110: a name is a token, a value has no control characters but the tab.
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")

ROLES = ("system", "developer", "user", "assistant", "tool", "function")


def faulty(param: str, expected: str, value: Any) -> BadRequestError:
    """Return the error for an argument of the wrong kind. It shows the value's shape, never much of the value."""
    return BadRequestError(f"{param} must be {expected}; got {_shape(value)}", param=param, phase="request")


def checked_messages(messages: Any) -> list[dict[str, Any]]:
    """Return chat messages as plain dicts.

    Args:
        messages: a list of dicts, or of objects with `model_dump` (our own `Message`, pydantic models).

    Raises:
        BadRequestError: there are none, or one is not a message.
    """
    if not is_listing(messages):
        raise faulty("messages", "a list of messages", messages)
    plain: list[dict[str, Any]] = []
    for message in messages:
        member = message if message.__class__ is dict else _as_dict(message)
        if member is None:
            raise faulty(f"messages[{len(plain)}]", "a dict with role and content", message)
        if (role := member.get("role")) not in ROLES:
            raise _no_role(f"messages[{len(plain)}]", role)
        content = member.get("content")
        if content is not None and not isinstance(content, (str, list)):
            raise faulty(f"messages[{len(plain)}]['content']", "text, a list of parts, or None", content)
        plain.append(member)
    if not plain:
        raise BadRequestError("messages is empty: a chat needs at least one message", param="messages", phase="request")
    return plain


def checked_input(given: Any) -> str | list[Any]:
    """Return the input of the Responses API: a text, or its items as plain dicts.

    Raises:
        BadRequestError: it is neither, or an item is none.
    """
    if isinstance(given, str):
        return given
    if not is_listing(given):
        raise faulty("input", "text or a list of input items", given)
    items = [(item, _as_dict(item)) for item in given]
    for position, (item, plain) in enumerate(items):
        if plain is None:
            raise faulty(f"input[{position}]", "a dict, or an item of an output", item)
    return [plain for _, plain in items]


def checked_embedding_input(given: Any) -> str | list[Any]:
    """Return what is to be embedded: a text, a list of texts, a list of token ids, or a list of such lists.

    Raises:
        BadRequestError: it is none of these, or empty.
    """
    if isinstance(given, str):
        return given
    if not is_listing(given):
        raise faulty("input", "text, a list of texts, or lists of token ids", given)
    items = [item if isinstance(item, str | int) or not is_listing(item) else list(item) for item in given]
    if not items:
        raise faulty("input", "at least one text", items)
    holds, expected = next(((rule, words) for rule, words in _INPUTS if rule(items[0])), _INPUTS[0])
    for position, item in enumerate(items):
        if not holds(item):
            raise faulty(f"input[{position}]", expected, item)
    return items


def checked_text_format(kind: Any) -> dict[str, Any]:
    """Return the text format of a class with a JSON schema.

    Raises:
        BadRequestError: it is no such class.
    """
    if not structured.is_structured(kind):
        raise faulty("text_format", "a class with a JSON schema", kind)
    return {"type": "json_schema", **_response_format(kind)["json_schema"]}


def _no_role(message: str, role: Any) -> BadRequestError:
    near = nearest(str(role), ROLES, n=1)
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    return BadRequestError(
        f"{message}['role'] must be one of {', '.join(ROLES)}; got {_shape(role)}{meant}",
        param=f"{message}.role",
        phase="request",
    )


def _as_dict(message: Any) -> dict[str, Any] | None:
    if message.__class__ is dict:  # nearly always, and an eighth of the time that asking for a Mapping takes
        plain: dict[str, Any] = message
        return plain
    if isinstance(message, Record):
        return message.model_dump(exclude_none=True)
    if is_mapping(message):
        return dict(message)
    if hasattr(message, "model_dump") and not isinstance(message, type):
        return dict(message.model_dump(exclude_none=True))
    return None


def checked_parameters(given: Mapping[str, Any], known: frozenset[str] = OPENAI_PARAMS) -> dict[str, Any]:
    """Return OpenAI's parameters among the arguments, those that are not None, after a look at each.

    Args:
        known: the names of OpenAI's parameters.

    Raises:
        BadRequestError: one has a value that no provider could take.
    """
    if known.isdisjoint(given):
        return {}
    names = sorted(known.intersection(given)) if len(given) < len(known) else _in_order(known)
    parameters: dict[str, Any] = {}
    for name in names:
        if (value := given.get(name)) is None:
            continue
        if name in _RULES:
            expected, holds = _RULES[name]
            if not holds(value):
                raise faulty(name, expected, value)
        parameters[name] = value
    if "response_format" in parameters:
        parameters["response_format"] = _response_format(parameters["response_format"])
    if "tools" in parameters:
        parameters["tools"] = [_as_dict(tool) for tool in parameters["tools"]]
    return parameters


@cache
def _in_order(names: frozenset[str]) -> tuple[str, ...]:
    """Return names in the one order in which all requests have them."""
    return tuple(sorted(names))


def checked_timeouts(timeout: Any, stream_timeout: Any, *, stream: bool) -> Timeouts:
    """Return the clocks.

    Raises:
        BadRequestError: a value is not a number of seconds above 0.
    """
    if timeout is not None and not isinstance(timeout, Timeouts) and not (_is_number(timeout) and timeout > 0):
        raise faulty("timeout", "a number of seconds above 0, or an aiollm.Timeouts", timeout)
    if stream_timeout is not None and not (_is_number(stream_timeout) and stream_timeout > 0):
        raise faulty("stream_timeout", "a number of seconds above 0", stream_timeout)
    if isinstance(timeout, Timeouts) and stream_timeout is None:
        return timeout
    return Timeouts.of(timeout, stream_timeout, stream=stream)


def checked_key(api_key: Any, param: str = "api_key") -> Secret | None:
    """Return a key or a token as a secret.

    Raises:
        BadRequestError: it cannot be sent in a header. The message never shows it.
    """
    if api_key is None or isinstance(api_key, Secret):
        return api_key
    try:
        return Secret(api_key)
    except ValueError as error:
        fault = str(error)
    del api_key  # a traceback that captures locals would show it
    raise BadRequestError(f"{param} {fault}", param=param, phase="request")


def checked_headers(extra_headers: JSON) -> dict[str, str]:
    """Return the caller's headers.

    Raises:
        BadRequestError: one cannot be sent. The message shows its name, never its value.
    """
    if extra_headers is None:
        return {}
    if not isinstance(extra_headers, Mapping):
        raise faulty("extra_headers", "a dict", extra_headers)
    headers: dict[Any, Any] = {**extra_headers}
    for name, value in headers.items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise faulty("extra_headers", "a dict whose keys are names of headers", name)
        if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
            raise faulty(f"extra_headers[{name!r}]", "text without line ends", value)
    return headers


def checked_names(param: str, names: Any) -> tuple[str, ...]:
    """Return a list of names as a tuple.

    Raises:
        BadRequestError: it is no list of texts.
    """
    if not names:
        return ()
    if not is_listing(names):
        raise faulty(param, "a list of names", names)
    listed = tuple(names)
    if not _is_texts(listed):
        raise faulty(param, "a list of names", names)
    return listed


def checked_text(param: str, value: Any) -> str | None:
    """Return a text, or None.

    Raises:
        BadRequestError: it is something else.
    """
    if value is not None and not isinstance(value, str):
        raise faulty(param, "text", value)
    return value


def checked_flag(param: str, value: Any) -> bool:
    """Return a flag; None is False.

    Raises:
        BadRequestError: it is something else.
    """
    if value is not None and not isinstance(value, bool):
        raise faulty(param, "True or False", value)
    return bool(value)


def checked_count(param: str, value: Any) -> int | None:
    """Return a whole number from 0, or None.

    Raises:
        BadRequestError: it is something else.
    """
    if value is not None and not (type(value) is int and value >= 0):
        raise faulty(param, "a whole number from 0", value)
    return value


def checked_function(param: str, value: Any) -> Callable[..., Any] | None:
    """Return a function, or None.

    Raises:
        BadRequestError: it is something else.
    """
    if value is not None and not callable(value):
        raise faulty(param, "a function", value)
    return value  # type: ignore[no-any-return]


def checked_dict(param: str, value: JSON) -> Mapping[str, Any]:
    """Return a dict; None is an empty one.

    Raises:
        BadRequestError: it is something else.
    """
    if value is not None and not isinstance(value, Mapping):
        raise faulty(param, "a dict", value)
    return value or {}


def hidden(value: Any) -> Any:
    """Return a text, or the texts in a dict, so that their `repr` is `***`: tracebacks may capture locals."""
    if isinstance(value, str):
        return HiddenText(value)
    if is_mapping(value):
        return {name: HiddenText(item) if isinstance(item, str) else item for name, item in value.items()}
    return value


def _response_format(value: Any) -> Any:
    """Return a response format as a dict; a class becomes its JSON schema."""
    if not structured.is_structured(value):
        return value
    try:
        return structured.response_format_of(value)
    except TypeError as error:
        raise BadRequestError(
            f"response_format: {value.__name__} has no JSON schema: {error}", param="response_format", phase="request"
        ) from error


def _shape(value: Any) -> str:
    """Describe a value without showing what might be private in it."""
    if isinstance(value, int) and value.bit_length() > 64:
        return f"a whole number of {value.bit_length()} bits"
    if isinstance(value, int | float) or value is None:
        return repr(value)
    if isinstance(value, str):
        return repr(value) if len(value) <= 20 and value.isidentifier() else f"text of {len(value)} characters"
    if is_mapping(value):
        return f"a {type(value).__name__} with {len(value)} members"
    if isinstance(value, Sized):
        return f"a {type(value).__name__} of length {len(value)}"
    return f"a {type(value).__name__}"


def is_listing(value: object) -> TypeGuard[Iterable[Any]]:
    """Whether a value is a list of things, of any class, and no text or dict."""
    return type(value) is list or (isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping))


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= sys.float_info.max  # not so for NaN and the infinities, nor for an int that is no float


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _is_dict(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_text_or_dict(value: Any) -> bool:
    return isinstance(value, str | Mapping)


def _is_dict_list(value: JSON) -> bool:
    return isinstance(value, list | tuple) and all(_as_dict(item) is not None for item in value)


def _is_texts(value: JSON) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


_INPUTS: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (lambda value: isinstance(value, str), "text, as the others are"),
    (_is_token, "a token id, as the others are"),
    (lambda value: is_array(value) and bool(value) and all(map(_is_token, value)), "a list of token ids"),
)
"""What the items of an input may be, all of one kind."""

_Rule = tuple[str, Callable[[Any], bool]]

_NUMBER: _Rule = ("a finite number", _is_number)
_COUNT: _Rule = ("a whole number from 1", _is_count)
_FLAG: _Rule = ("True or False", lambda value: isinstance(value, bool))
_TEXT: _Rule = ("text", lambda value: isinstance(value, str))
_DICT: _Rule = ("a dict", _is_dict)

_RULES: dict[str, _Rule] = {
    "audio": _DICT,
    "dimensions": _COUNT,
    "encoding_format": _TEXT,
    "frequency_penalty": _NUMBER,
    "functions": ("a list of functions", _is_dict_list),
    "logit_bias": _DICT,
    "logprobs": _FLAG,
    "max_completion_tokens": _COUNT,
    "max_tokens": _COUNT,
    "modalities": ("a list of names", _is_texts),
    "n": _COUNT,
    "parallel_tool_calls": _FLAG,
    "prediction": _DICT,
    "presence_penalty": _NUMBER,
    "reasoning_effort": ("text or a dict", _is_text_or_dict),
    "response_format": (
        "a dict or a class with a JSON schema",
        lambda value: _is_dict(value) or structured.is_structured(value),
    ),
    "seed": ("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    "service_tier": _TEXT,
    "stop": ("text or a list of texts", lambda value: isinstance(value, str) or _is_texts(value)),
    "stream_options": _DICT,
    "temperature": ("a finite number from 0", lambda value: _is_number(value) and value >= 0),
    "tool_choice": ("text or a dict", _is_text_or_dict),
    "tools": ("a list of tools", _is_dict_list),
    "top_logprobs": (
        "a whole number from 0",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
    ),
    "top_p": ("a number from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1),
    "user": _TEXT,
    "verbosity": _TEXT,
    "web_search_options": _DICT,
}
