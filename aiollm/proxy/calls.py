"""The routes that ask a model."""

from __future__ import annotations

from aiollm.proxy.route import Route

__all__ = ["CALLS"]

CALLS: tuple[Route, ...] = ()
