"""How a model is asked to go on with an answer that has begun: named by the rows of those that are known to.

A row without a rule is not asked. Many servers accept a last message of the assistant's and answer it with a new turn:
that would join two answers into a false one, without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from aiollm.dialects.anthropic_models import model_facts
from aiollm.types.endpoint import Endpoint
from aiollm.types.request import Request

__all__ = ["PREFILLS", "Prefill"]

Prefill = Callable[[Request, Endpoint, str], Request | None]
"""Makes of a request the one that has its answer begin with a text; None where this model is not known to."""

_THINKING = frozenset({"reasoning_effort", "thinking"})


def last_turn(request: Request, endpoint: Endpoint, beginning: str) -> Request | None:
    """A last turn of the assistant's is taken up as it stands."""
    return _ending_with(request, {"role": "assistant", "content": beginning})


def claude_turn(request: Request, endpoint: Endpoint, beginning: str) -> Request | None:
    """Claude takes up the last turn up to version 4.5, unless it is to think first; later ones answer with a 400."""
    if not model_facts(request.model).prefills or not _THINKING.isdisjoint(request.params):
        return None
    return last_turn(request, endpoint, beginning)


def prefix_turn(request: Request, endpoint: Endpoint, beginning: str) -> Request | None:
    """The last turn is marked with `prefix`."""
    return _ending_with(request, {"role": "assistant", "content": beginning, "prefix": True})


def beta_prefix_turn(request: Request, endpoint: Endpoint, beginning: str) -> Request | None:
    """The last turn is marked with `prefix`, which only the addresses below `/beta` know."""
    if not urlsplit(endpoint.url).path.startswith("/beta/"):
        return None
    return prefix_turn(request, endpoint, beginning)


def partial_turn(request: Request, endpoint: Endpoint, beginning: str) -> Request | None:
    """The last turn is marked with `partial`."""
    return _ending_with(request, {"role": "assistant", "content": beginning, "partial": True})


def open_turn(request: Request, endpoint: Endpoint, beginning: str) -> Request | None:
    """The template is told to leave the last turn open, and to begin no other (vLLM)."""
    request = _ending_with(request, {"role": "assistant", "content": beginning})
    body = {**request.extra_body, "continue_final_message": True, "add_generation_prompt": False}
    return msgspec.structs.replace(request, extra_body=body)


def _ending_with(request: Request, turn: Mapping[str, Any]) -> Request:
    return msgspec.structs.replace(request, messages=[*request.messages, turn])


PREFILLS: Mapping[str, Prefill] = {
    rule.__name__: rule for rule in (beta_prefix_turn, claude_turn, last_turn, open_turn, partial_turn, prefix_turn)
}
"""The rules that rows may name."""
