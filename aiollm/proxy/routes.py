"""The inventory: all routes that there are. What is not here does not exist, and every route states its right."""

from __future__ import annotations

from functools import cache
from pkgutil import resolve_name

from aiollm.proxy.calls import CALLS
from aiollm.proxy.health import HEALTH
from aiollm.proxy.route import Route

__all__ = ["ROUTES", "further_routes"]

ROUTES: tuple[Route, ...] = (*CALLS, *HEALTH)

_FURTHER = ("resume.routes:RESUME", "admin.routes:ADMIN", "page.routes:PAGE")


@cache
def further_routes() -> tuple[Route, ...]:
    """Return those that few workers are ever asked for, which are loaded by the first request for another path."""
    groups: list[tuple[Route, ...]] = [resolve_name(f"aiollm.proxy.{group}") for group in _FURTHER]
    return tuple(route for group in groups for route in group)
