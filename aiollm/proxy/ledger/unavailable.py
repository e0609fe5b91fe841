"""The one thing that can be wrong with a store, to those who use it."""

from __future__ import annotations

__all__ = ["StoreUnavailable"]


class StoreUnavailable(Exception):
    """The store cannot be reached, or broke off. What was to be written may or may not have been: write it again."""
