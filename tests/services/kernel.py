"""A real kernel, whose cells call a scripted provider."""

from __future__ import annotations

import time
from typing import Any

import pytest

from aiollm.testing import ProviderServer
from tests.programs import environment

pytest.importorskip("ipykernel")
manager = pytest.importorskip("jupyter_client.manager")

LIMIT = 40.0  # seconds; a kernel starts in two
SETUP = """
import asyncio, os, sys
import aiollm
options = dict(model="openai/scripted", messages=[{"role": "user", "content": "hi"}], api_key="sk-test", stream=True)
"""


_IDLE: dict[str, Any] = {}


class Kernel:
    """A kernel whose code calls the server, and a client of it."""

    def __init__(self, server: ProviderServer) -> None:
        self.server = server
        variables = environment(
            OPENAI_BASE_URL=server.base_url, OPENAI_API_KEY="sk-test", PYTHONWARNINGS="error::ResourceWarning"
        )
        self.shown: list[dict[str, Any]] = []  # outputs that are no text, in order
        self._manager, self._client = manager.start_new_kernel(startup_timeout=LIMIT, env=variables)
        self.run(SETUP)

    def begin(self, code: str) -> str:
        identity: str = self._client.execute(code)
        return identity

    def end(self, cell: str) -> tuple[str, str | None]:
        """Return what a cell printed, and the name of the error it ended with."""
        printed, error = "", None
        while (message := self._next(cell)) != _IDLE:
            content = message["content"]
            if message["msg_type"] == "stream":
                printed += content["text"]
            elif message["msg_type"] == "error":
                error = content["ename"]
        return printed, error

    def wait_for_output(self, cell: str) -> None:
        """Return when a cell has shown something that is no text."""
        before = len(self.shown)
        while len(self.shown) == before:
            assert self._next(cell) != _IDLE

    def _next(self, cell: str) -> dict[str, Any]:
        """Return the next message of a cell; `_IDLE` for its last one."""
        while True:
            message: dict[str, Any] = self._client.get_iopub_msg(timeout=LIMIT)
            content = message["content"]
            if message["parent_header"].get("msg_id") != cell:
                continue
            if message["msg_type"] in ("display_data", "update_display_data"):
                self.shown.append({"kind": message["msg_type"], **content})
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return _IDLE
            return message

    def run(self, code: str) -> tuple[str, str | None]:
        return self.end(self.begin(code))

    def interrupt(self) -> float:
        """Interrupt what runs, and return when."""
        self._manager.interrupt_kernel()
        return time.monotonic()

    def stop(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.context.destroy(linger=0)
