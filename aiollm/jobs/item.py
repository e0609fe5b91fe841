"""One of the requests of a job, in any of the shapes that it may have, and the arguments of the call it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from aiollm.exceptions import BadRequestError
from aiollm.providers.registry import Api
from aiollm.types.shape import JSON, is_mapping

__all__ = ["Item", "Reading", "key_in", "read_request"]

KEY = "custom_id"
"""What a request is known by, under the name that OpenAI's batch files have for it."""

CHAT_URL = "/v1/chat/completions"
BATCH_URLS: Mapping[str, Api] = {CHAT_URL: "chat", "/v1/responses": "responses", "/v1/embeddings": "embeddings"}
"""What lines of a batch file may ask for (https://platform.openai.com/docs/api-reference/batch/request-input)."""


@frozen
class Reading:
    """A request, read.

    Attributes:
        key: what it says that it is known by, or None.
        api: what it asks for.
        arguments: those of the function of the package for that.
    """

    key: str | None
    api: Api
    arguments: dict[str, Any]


@frozen
class Item:
    """A request, as it came from the source.

    Attributes:
        index: its place in the source, from 0.
        given: the request; or the error that says why it could not be read.
    """

    index: int
    given: Any


def read_request(given: Any, defaults: Mapping[str, Any]) -> Reading:
    """Read a request.

    Args:
        given: a prompt; a list of messages; a dict of arguments, with `messages` or `prompt`; or a line of a batch
            file, with what its `url` takes in its `body`. A dict may have a `custom_id`.
        defaults: the arguments where a request does not say them.

    Raises:
        BadRequestError: it is none of these, or names no model.
    """
    if isinstance(given, BadRequestError):
        raise given
    read = _parts(given)
    arguments = {**defaults, **read.arguments}
    if not arguments.get("model"):
        raise BadRequestError("the request names no model, and model= does not either", param="model", phase="request")
    return Reading(read.key, read.api, arguments)


def key_in(given: Any) -> str | None:
    """Return what a request says that it is known by, whether it can be read or not; None where it says nothing."""
    key = given.get(KEY) if is_mapping(given) else None
    return None if key is None else str(key)


def _parts(given: JSON) -> Reading:
    if isinstance(given, str):
        return Reading(None, "chat", {"messages": [{"role": "user", "content": given}]})
    if isinstance(given, list | tuple):
        return Reading(None, "chat", {"messages": list(given)})
    if not isinstance(given, Mapping):
        raise _unreadable(f"it is of type {type(given).__name__}")
    said = dict(given)
    said.pop(KEY, None)
    api: Api = "chat"
    if "body" in said:
        api, said = _body(said)
    if api != "chat":
        if "input" not in said:
            raise _unreadable("its body has no input")
    elif "messages" not in said:
        prompt = said.pop("prompt", None)
        if not isinstance(prompt, str):
            raise _unreadable(f"it is a dict with {', '.join(map(repr, said)) or 'nothing in it'}")
        said["messages"] = [{"role": "user", "content": prompt}]
    return Reading(key_in(given), api, said)


def _body(line: dict[str, Any]) -> tuple[Api, dict[str, Any]]:
    url = str(line.get("url", CHAT_URL))
    api, body = BATCH_URLS.get(url), line["body"]
    if api is None or not is_mapping(body):
        raise BadRequestError(
            f"a line of a batch file is answered here when its url is one of {', '.join(BATCH_URLS)}, and its body a "
            f"request; got {url[:80]!r}",
            phase="request",
        )
    return api, dict(body)


def _unreadable(what: str) -> BadRequestError:
    return BadRequestError(
        "a request is a prompt, a list of messages, a dict with messages or prompt, or a line of a batch file; " + what,
        phase="request",
    )
