"""One of the requests of a job, in any of the shapes that it may have, and the arguments of the call it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from aiollm.exceptions import BadRequestError

__all__ = ["Item", "read_request"]

KEY = "custom_id"
"""What a request is known by, under the name that OpenAI's batch files have for it."""

BATCH_URL = "/v1/chat/completions"
"""What a line of a batch file asks for (https://platform.openai.com/docs/api-reference/batch/request-input)."""

Read = tuple[str | None, dict[str, Any]]


@frozen
class Item:
    """A request, as it came from the source.

    Attributes:
        index: its place in the source, from 0.
        given: the request; or the error that says why it could not be read.
    """

    index: int
    given: Any


def read_request(given: Any, defaults: Mapping[str, Any]) -> Read:
    """Return the key that a request says it is known by, or None, and the arguments of `acompletion` that it means.

    Args:
        given: a prompt; a list of messages; a dict of arguments, with `messages` or `prompt`; or a line of a batch
            file, with these in its `body`. A dict may have a `custom_id`.
        defaults: the arguments where a request does not say them.

    Raises:
        BadRequestError: it is none of these, or names no model.
    """
    if isinstance(given, BadRequestError):
        raise given
    key, said = _parts(given)
    arguments = {**defaults, **said}
    if not arguments.get("model"):
        raise BadRequestError("the request names no model, and model= does not either", param="model", phase="request")
    return key, arguments


def _parts(given: Any) -> Read:
    if isinstance(given, str):
        return None, {"messages": [{"role": "user", "content": given}]}
    if isinstance(given, list | tuple):
        return None, {"messages": list(given)}
    if not isinstance(given, Mapping):
        raise _unreadable(f"it is of type {type(given).__name__}")
    said = dict(given)
    key = said.pop(KEY, None)
    if "body" in said:
        said = _body(said)
    if "messages" not in said:
        prompt = said.pop("prompt", None)
        if not isinstance(prompt, str):
            raise _unreadable(f"it is a dict with {', '.join(map(repr, said)) or 'nothing in it'}")
        said["messages"] = [{"role": "user", "content": prompt}]
    return None if key is None else str(key), said


def _body(line: dict[str, Any]) -> dict[str, Any]:
    url = line.get("url", BATCH_URL)
    if url != BATCH_URL or not isinstance(line["body"], Mapping):
        raise BadRequestError(
            f"a line of a batch file is answered here when its url is {BATCH_URL}, and its body a request; got "
            f"{str(url)[:80]!r}",
            phase="request",
        )
    return dict(line["body"])


def _unreadable(what: str) -> BadRequestError:
    return BadRequestError(
        "a request is a prompt, a list of messages, a dict with messages or prompt, or a line of a batch file; " + what,
        phase="request",
    )
