"""The command line: `aiollm chat`, `aiollm run`, `aiollm serve`, `aiollm models`, `aiollm doctor`."""

from aiollm.cli.command import main

__all__ = ["main"]
