"""All routes of the management."""

from __future__ import annotations

from aiollm.proxy.admin.keys import KEYS
from aiollm.proxy.admin.models import MODELS
from aiollm.proxy.admin.owners import OWNERS
from aiollm.proxy.admin.spend import SPEND
from aiollm.proxy.route import Route

__all__ = ["ADMIN"]

ADMIN: tuple[Route, ...] = (*KEYS, *OWNERS, *SPEND, *MODELS)
