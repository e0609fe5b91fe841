"""What a caller says about the cache for one call, in LiteLLM's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aiollm.exceptions import BadRequestError
from aiollm.types.shape import is_mapping

__all__ = ["CacheControl"]

_MEMBERS = ("no-cache", "no-store", "ttl", "s-maxage", "namespace")


class CacheControl(msgspec.Struct, frozen=True, kw_only=True):
    """How one call uses the cache.

    Attributes:
        read: whether a kept answer will do.
        write: whether the answer may be kept.
        ttl: how long it is kept, in seconds; None for as long as the cache says.
        max_age: the oldest answer that will do, in seconds; None for any that is kept.
        namespace: keeps its answers apart from those of others, in the place of the cache's own; None for that.
    """

    read: bool = True
    write: bool = True
    ttl: float | None = None
    max_age: float | None = None
    namespace: str | None = None

    @classmethod
    def of(cls, cache: object, caching: object) -> CacheControl:
        """Read the call parameters `cache` and `caching`.

        Args:
            cache: any of `no-cache` (ask anew, and keep the new answer), `no-store` (do not keep the answer), `ttl`
                and `s-maxage` (seconds), and `namespace`. Underscores will do for hyphens.
            caching: False to leave the cache out of this call.

        Raises:
            BadRequestError: a member is unknown, or its value is not of its kind.
        """
        if cache is None and caching is None:
            return _USUAL
        if not isinstance(caching, bool | None):
            raise _faulty("caching", "True or False", caching)
        if not is_mapping(cache) and cache is not None:
            raise _faulty("cache", "a dict", cache)
        given = {str(name).replace("_", "-"): value for name, value in (cache or {}).items()}
        unknown = sorted(given.keys() - {*_MEMBERS})
        if unknown:
            raise BadRequestError(
                f"cache has an unknown member {unknown[0]!r}; it takes {', '.join(_MEMBERS)}",
                param="cache",
                phase="request",
            )
        return cls(
            read=caching is not False and not _flag(given, "no-cache"),
            write=caching is not False and not _flag(given, "no-store"),
            ttl=_seconds(given, "ttl"),
            max_age=_seconds(given, "s-maxage"),
            namespace=_text(given, "namespace"),
        )


_USUAL = CacheControl()


def _flag(given: Mapping[str, Any], name: str) -> bool:
    value = given.get(name)
    if not isinstance(value, bool | None):
        raise _faulty(f'cache["{name}"]', "True or False", value)
    return bool(value)


def _seconds(given: Mapping[str, Any], name: str) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
        raise _faulty(f'cache["{name}"]', "seconds from 0", value)
    return float(value)


def _text(given: Mapping[str, Any], name: str) -> str | None:
    value = given.get(name)
    if not isinstance(value, str | None):
        raise _faulty(f'cache["{name}"]', "text", value)
    return value


def _faulty(name: str, wanted: str, value: Any) -> BadRequestError:
    return BadRequestError(
        f"{name} must be {wanted}; got {type(value).__name__}", param=name.partition("[")[0], phase="request"
    )
