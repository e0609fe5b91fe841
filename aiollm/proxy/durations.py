"""Times as LiteLLM writes them: "30s", "5m", "12h", "30d", "2w", "1mo"."""

from __future__ import annotations

import re

__all__ = ["seconds_in"]

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0, "mo": 2_592_000.0}
_DURATION = re.compile(r"([1-9]\d{0,8})(s|mo|m|h|d|w)")


def seconds_in(duration: object) -> float | None:
    """Return a time in seconds; None for what is none. A month has 30 days."""
    found = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    return int(found[1]) * _UNITS[found[2]] if found else None
