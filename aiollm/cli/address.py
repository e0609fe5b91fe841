"""Where the proxy listens when nothing is said."""

from __future__ import annotations

__all__ = ["HOST", "PORT"]

HOST = "127.0.0.1"
PORT = 4000
