"""What was spent, by whom and on what: reserved before a call, settled once on every ending, written behind."""

from aiollm.proxy.ledger.admission import Admissions, Reservation
from aiollm.proxy.ledger.database import Database, open_database
from aiollm.proxy.ledger.limits import OwnLimits
from aiollm.proxy.ledger.row import Charge, SpendRow
from aiollm.proxy.ledger.shared_budgets import SharedBudgets
from aiollm.proxy.ledger.shared_limits import SharedLimits
from aiollm.proxy.ledger.spool import Spool
from aiollm.proxy.ledger.store import Store
from aiollm.proxy.ledger.unavailable import StoreUnavailable
from aiollm.proxy.ledger.writer import SpendWriter

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
