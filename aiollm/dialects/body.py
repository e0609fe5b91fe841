"""What every dialect does with the parameters, the messages and the body of a request, whatever their form."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from aiollm.dialects.errors import MALFORMED
from aiollm.exceptions import BadRequestError, UnsupportedParamsError
from aiollm.types.endpoint import BodyQuirk, Endpoint
from aiollm.types.request import Request
from aiollm.types.shape import JSON
from aiollm.wire.http import HttpRequest

__all__ = [
    "accepted_parameters",
    "converted_messages",
    "effort_of",
    "finished_body",
    "json_request",
    "misplaced",
    "put_into_form",
    "refusal",
    "stop_list",
    "without",
]

Converted = TypeVar("Converted")

_GIVEN_ANYWAY = (("n", 1), ("encoding_format", "float"))
"""What need not be asked for: one answer, and plain numbers."""


def accepted_parameters(
    request: Request, endpoint: Endpoint, not_taken: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """Return the caller's parameters under the provider's names.

    Args:
        not_taken: parameters that the model does not take, besides those that the endpoint does not.

    Raises:
        UnsupportedParamsError: the endpoint does not take one of them, and it may not be dropped.
    """
    accepted: dict[str, Any] = {}
    missed: list[str] = []
    renames, unsupported, dropped = endpoint.renames, endpoint.unsupported, request.additional_drop_params
    for name, value in request.params.items():
        if name in dropped:
            continue
        if (
            (name in unsupported or name in not_taken)
            and name in request.known
            and name not in request.allowed_openai_params
        ):
            if (name, value) not in _GIVEN_ANYWAY:
                missed.append(name)
        elif name != "stream_options":
            accepted[renames.get(name, name)] = value
    if missed and not request.drop_params:
        raise refusal(
            request,
            endpoint,
            *missed,
            hint="pass drop_params=True to leave it out, or allowed_openai_params=[...] to send it all the same",
        )
    return accepted


def refusal(
    request: Request, endpoint: Endpoint, *names: str, hint: str = "pass drop_params=True to leave it out"
) -> UnsupportedParamsError:
    """Return the error for parameters, or values of them, that the endpoint does not take."""
    return UnsupportedParamsError(
        f"{endpoint.provider} does not take {', '.join(sorted(names))}",
        model=request.model,
        llm_provider=endpoint.provider,
        param=names[0],
        phase="request",
        hint=hint,
    )


def misplaced(place: str, fault: str) -> BadRequestError:
    """Return the error for a member of the request that cannot be put into the dialect's form.

    Args:
        place: the member, as in "messages[2].content[0]".
        fault: what is wrong with it, as in "must have a url".
    """
    return BadRequestError(f"{place} {fault}", param=place, phase="request")


def effort_of(given: JSON) -> Any:
    """Return the word of a `reasoning_effort`, which may stand in a dict; None for the model's own."""
    word = given.get("effort") if isinstance(given, Mapping) else given
    return None if word == "default" else word


def stop_list(stop: str | Sequence[str]) -> list[str]:
    """Return `stop` as a list, for those who take no single text."""
    return [stop] if isinstance(stop, str) else list(stop)


def converted_messages(
    request: Request, endpoint: Endpoint, convert: Callable[[Mapping[str, Any]], Converted]
) -> list[Converted]:
    """Return the messages in a dialect's own form.

    Args:
        convert: puts one message into that form. Raises ValueError, in words, for what it cannot.

    Raises:
        BadRequestError: a message cannot be put into it; its place is named.
    """
    converted: list[Converted] = []
    for position, message in enumerate(request.messages):
        try:
            converted.append(convert(message))
        except MALFORMED as error:
            reason = str(error) if type(error) is ValueError else _fault(error)
            raise BadRequestError(
                f"messages[{position}] cannot be put into the form that {endpoint.provider} takes: {reason}",
                llm_provider=endpoint.provider,
                param=f"messages[{position}]",
                phase="request",
            ) from None
    return converted


def put_into_form(
    write: Callable[[Request, Endpoint], dict[str, Any]], request: Request, endpoint: Endpoint
) -> dict[str, Any]:
    """Return the body that a dialect writes for a request.

    Raises:
        BadRequestError: a member is missing, or of another type than it should be.
    """
    try:
        return write(request, endpoint)
    except MALFORMED as error:
        raise BadRequestError(
            f"the request cannot be put into the form that {endpoint.provider} takes: {_fault(error)}",
            llm_provider=endpoint.provider,
            phase="request",
        ) from None


def _fault(error: Exception) -> str:
    return f"a member is missing, or of another type than it should be ({type(error).__name__}: {error})"


def json_request(
    body: dict[str, Any],
    request: Request,
    endpoint: Endpoint,
    *,
    stream_type: str = "text/event-stream",
    headers: Mapping[str, str] = {},
) -> HttpRequest:
    """Return the HTTP request with a body in the dialect's own form, but for its authentication.

    Args:
        stream_type: the media type of a streamed reply.
        headers: headers besides those of the endpoint.

    Raises:
        BadRequestError: a member is not of the form that the endpoint's changes need.
    """
    accepted = stream_type if request.stream else "application/json"
    sent = {"Content-Type": "application/json", "Accept": accepted, **endpoint.headers, **headers}
    return HttpRequest(endpoint.url_for(stream=request.stream), sent, finished_body(body, request, endpoint))


def finished_body(body: dict[str, Any], request: Request, endpoint: Endpoint) -> bytes:
    """Return a body in the dialect's own form as JSON, after what the caller and the endpoint change in it.

    Raises:
        BadRequestError: a member is not of the form that the endpoint's changes need.
    """
    for path in request.additional_drop_params:
        body = without(body, path.split("."))
    body = {**endpoint.members, **body, **request.extra_body}
    for quirk in endpoint.quirks:
        body = _changed(body, quirk, endpoint)
    return msgspec.json.encode(body)


def _changed(body: dict[str, Any], quirk: BodyQuirk, endpoint: Endpoint) -> dict[str, Any]:
    try:
        return quirk(body)
    except MALFORMED as error:
        name = _unreadable(body, quirk)
        raise BadRequestError(
            f"{name} cannot be put into the form that {endpoint.provider} takes: {_fault(error)}",
            llm_provider=endpoint.provider,
            param=name,
            phase="request",
        ) from None


def _unreadable(body: dict[str, Any], quirk: BodyQuirk) -> str:
    """Return the parameter that a quirk cannot read: the one without which it can."""
    for name in reversed([name for name in body if name != "messages"]):
        try:
            quirk(without(body, [name]))
        except MALFORMED:
            continue
        return name
    return "messages"


def without(body: JSON, path: list[str]) -> Any:
    """Return nested objects without the member at a path of names; lists on the way are searched through.

    What is changed is copied: it may be the caller's.
    """
    if isinstance(body, list):
        return [without(item, path) for item in body]
    if not isinstance(body, dict) or path[0] not in body:
        return body
    if len(path) == 1:
        return {name: value for name, value in body.items() if name != path[0]}
    return {**body, path[0]: without(body[path[0]], path[1:])}
