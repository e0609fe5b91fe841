"""The inventory: all routes that there are. What is not here does not exist, and every route states its right."""

from __future__ import annotations

from aiollm.proxy.admin.routes import ADMIN
from aiollm.proxy.calls import CALLS
from aiollm.proxy.health import HEALTH
from aiollm.proxy.page.routes import PAGE
from aiollm.proxy.resume.routes import RESUME
from aiollm.proxy.route import Route

__all__ = ["ROUTES"]

ROUTES: tuple[Route, ...] = (*CALLS, *RESUME, *ADMIN, *HEALTH, *PAGE)
