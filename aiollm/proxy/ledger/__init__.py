"""What was spent, by whom and on what: reserved before a call, settled once on every ending, written behind."""

from typing import TYPE_CHECKING

from aiollm.later import parts_of
from aiollm.proxy.ledger.admission import Admissions, Reservation
from aiollm.proxy.ledger.database import Database, open_database
from aiollm.proxy.ledger.limits import OwnLimits
from aiollm.proxy.ledger.row import Charge, SpendRow
from aiollm.proxy.ledger.spool import Spool
from aiollm.proxy.ledger.store import Store
from aiollm.proxy.ledger.unavailable import StoreUnavailable
from aiollm.proxy.ledger.writer import SpendWriter

if TYPE_CHECKING:
    from aiollm.proxy.ledger.shared_budgets import SharedBudgets
    from aiollm.proxy.ledger.shared_limits import SharedLimits
else:
    __getattr__ = parts_of(__name__, {"SharedBudgets": "shared_budgets", "SharedLimits": "shared_limits"})

__all__ = [
    "Admissions",
    "Charge",
    "Database",
    "OwnLimits",
    "Reservation",
    "SharedBudgets",
    "SharedLimits",
    "SpendRow",
    "SpendWriter",
    "Spool",
    "Store",
    "StoreUnavailable",
    "open_database",
]
