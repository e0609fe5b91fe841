"""Where a model of Vertex AI is: at the host of a location, in a project. Pure."""

from __future__ import annotations

import re

from msgspec.structs import replace

from aiollm.exceptions import BadRequestError
from aiollm.types.endpoint import Endpoint

__all__ = ["DEFAULT_LOCATION", "located"]

DEFAULT_LOCATION = "us-central1"
"""The location of a call that names none, as in LiteLLM."""

_SEVERAL_REGIONS = ("eu", "us")
# They go into a host name and a path: anything else could lead elsewhere.
_PROJECT = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?")
_LOCATION = re.compile(r"[a-z](?:[a-z0-9-]*[a-z0-9])?")


def located(endpoint: Endpoint, project: str, location: str) -> Endpoint:
    """Return an endpoint with the parts `{host}`, `{project}` and `{location}` of its URLs filled in.

    Raises:
        BadRequestError: the project or the location is no such name.
    """
    for name, value, pattern in (("vertex_project", project, _PROJECT), ("vertex_location", location, _LOCATION)):
        if not pattern.fullmatch(value):
            raise BadRequestError(f"{name} must be a plain name, to stand in a URL", param=name, phase="request")
    parts = {"{host}": _host(location), "{project}": project, "{location}": location}

    def filled(url: str) -> str:
        for part, value in parts.items():
            url = url.replace(part, value)
        return url

    return replace(endpoint, url=filled(endpoint.url), stream_url=filled(endpoint.stream_url))


def _host(location: str) -> str:
    if location == "global":
        return "aiplatform.googleapis.com"
    if location in _SEVERAL_REGIONS:
        return f"aiplatform.{location}.rep.googleapis.com"
    return f"{location}-aiplatform.googleapis.com"
