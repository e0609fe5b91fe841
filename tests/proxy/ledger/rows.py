"""Holders and rows as the tests have them."""

from __future__ import annotations

from typing import Any

from aiollm.proxy.keys.holder import Holder
from aiollm.proxy.ledger import Charge, SpendRow

DAY = 86_400.0
NOON = 20_000 * DAY + DAY / 2  # 2024-10-04


def key(name: str = "k", **members: Any) -> Holder:
    return Holder(kind="key", name=name, **members)


def row(name: str, **members: Any) -> SpendRow:
    values: dict[str, Any] = {
        "id": name,
        "call": "chat",
        "model": "m",
        "status": "success",
        "started": NOON,
        "ended": NOON + 1,
        "key": "k",
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "cost": 100,
        "charges": (Charge("key", "k", 0.0),),
    }
    return SpendRow(**{**values, **members})
