"""What a Claude model takes, read from its name: no list of models is ever complete.

Sources: the models' pages on platform.claude.com (longest answers, thinking), the manual's page on structured outputs,
and LiteLLM 1.109.1's table of Anthropic's own models; they agree. Prefills: the manual's page on migrating from 4.5,
and what users of 4.6 report (livekit/agents#4907: a 400).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

__all__ = ["Model", "model_facts", "sampling_of"]

UNKNOWN_MAX_TOKENS = 4096
"""The longest answer asked for by default of a model that is not known: every model and server takes it."""

_NEWEST = (99, 0)
_SAMPLING = ("temperature", "top_p")
# As in claude-sonnet-4-5-20250929, claude-opus-4-1@20250805, us.anthropic.claude-opus-4-6-v1:0 and claude-opus-4.5.
_FAMILY_FIRST = re.compile(r"claude-(?P<family>[a-z]+)-(?P<major>\d{1,2})(?:[-.](?P<minor>\d{1,2}))?(?!\d)")
# As in claude-3-7-sonnet-20250219, claude-3-haiku-20240307 and claude-4-opus-20250514.
_VERSION_FIRST = re.compile(r"claude-(?P<major>\d{1,2})(?:[-.](?P<minor>\d{1,2}))?-(?P<family>[a-z]+)")
_MAX_TOKENS = (((4, 6), 128_000), ((4, 0), 64_000), ((3, 7), 64_000), ((3, 5), 8192), ((3, 0), 4096))


class Model(NamedTuple):
    """What a model takes.

    Attributes:
        max_tokens: the longest answer that it gives; for one that is not known, what everybody takes.
        thinks: it can think before it answers.
        adaptive: it decides itself how long to think, by an effort; else by a budget of tokens.
        only_adaptive: it refuses a budget.
        samples: it takes temperature, top_p and top_k.
        schemas: it takes a JSON schema for its answer.
        prefills: it goes on with an answer that has begun, where that is the last turn.
    """

    max_tokens: int
    thinks: bool
    adaptive: bool
    only_adaptive: bool
    samples: bool
    schemas: bool
    prefills: bool


_UNKNOWN = Model(
    UNKNOWN_MAX_TOKENS,
    thinks=True,
    adaptive=False,
    only_adaptive=False,
    samples=True,
    schemas=False,
    prefills=False,
)


@lru_cache(maxsize=1024)
def model_facts(name: str) -> Model:
    """Return what a model takes; of one that is no Claude, the least that is safe to suppose."""
    name = name.lower()
    if "claude" not in name:
        return Model(
            UNKNOWN_MAX_TOKENS,
            thinks=True,
            adaptive=False,
            only_adaptive=False,
            samples=True,
            schemas=False,
            prefills=False,
        )
    family, version = _read(name)
    newest_kind = version >= (5, 0) or (family == "opus" and version >= (4, 7))
    return Model(
        max_tokens=_max_tokens(family, version),
        thinks=version >= (3, 7),
        adaptive=version >= (4, 6),
        only_adaptive=newest_kind,
        samples=not newest_kind,
        schemas=version >= (4, 5),
        prefills=version < (4, 6),
    )


def sampling_of(params: Mapping[str, Any]) -> set[str]:
    """Return the parameters of sampling among those given; a temperature of 1 is what everybody has anyway."""
    return {name for name in _SAMPLING if params.get(name) not in (None, 1)}


def _read(name: str) -> tuple[str, tuple[int, int]]:
    """Return the family and the version in a name; a Claude without a version is a preview of something new."""
    found = _FAMILY_FIRST.search(name) or _VERSION_FIRST.search(name)
    if found is None:
        old = re.search(r"claude-(v?[12]\b|instant)", name)
        return "", (2, 0) if old else _NEWEST
    return found["family"], (int(found["major"]), int(found["minor"] or 0))


def _max_tokens(family: str, version: tuple[int, int]) -> int:
    if family == "opus" and (4, 0) <= version < (4, 5):
        return 32_000
    return next((most for since, most in _MAX_TOKENS if version >= since), UNKNOWN_MAX_TOKENS)
